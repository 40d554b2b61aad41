"""Colours, dashes, markers and printed names, one place for all figures.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), told apart by colour-blind readers; yellow is
left out (too light on paper) and black too (invisible on a dark screen).
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from npc_kedro.figures.canvas import Ink
from npc_kedro.study import NETWORKS, SEGMENTERS, Verdict

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, GREY, LIGHT_GREY, PALE = "#E69F00", "#56B4E9", "#767676", "#B0B0B0", "#D0D0D0"

SERIES: tuple[Ink, ...] = (
    Ink(BLUE, "solid", "circle"),
    Ink(VERMILLION, "dash", "square"),
    Ink(GREEN, "dashdot", "triangle"),
    Ink(PURPLE, "dot", "diamond"),
    Ink(ORANGE, "dash", "cross"),
    Ink(SKY, "solid", "star"),
)
REFERENCE = Ink(GREY, "dot", width=0.9)
FRAME = Ink(GREY, width=0.9)

VERDICT_INKS = {
    Verdict.CORRECT: Ink(BLUE, "solid", "circle"),
    Verdict.WRONG: Ink(ORANGE, "dash", "cross"),
    Verdict.UNDETERMINED: Ink(PALE, "dot", "square"),
}
"""From dark to light, so that areas without dash or marker are told apart in grey too."""

LABELS = {
    "efficientnet_b0": "EfficientNet-B0",
    "inception_resnet_v2": "Inception-ResNet-v2",
    "resnet50": "ResNet-50",
    "xception": "Xception",
    "unet": "U-Net",
    "deeplabv3": "DeepLabV3",
    "image": "image level",
    "patient": "patient level",
    "clinical_baseline": "clinical baseline",
    "treat_all": "act on all",
    "treat_none": "act on none",
    "RT": "residual tumour",
    "NRT": "no residual tumour",
}

SCALES: dict[str, tuple[str, ...]] = {
    "blue": ("#FFFFFF", "#C6DCEF", "#6BAED6", "#0072B2", "#003F66"),
    "heat": ("#000004", "#57106E", "#BC3754", "#F98E09", "#FCFFA4"),
}
"""Sequential scales that darken (blue) or brighten (heat: inferno's anchors) steadily: they survive grey print."""


def label(name: str) -> str:
    """The printed form of a name used in tables: ``resnet50`` -> ``ResNet-50``; unknown names lose underscores only."""
    return LABELS.get(str(name), str(name).replace("_", " "))


def inks(names: Iterable[str]) -> dict[str, Ink]:
    """An ink for each name. The study's networks and segmenters keep theirs in every figure, others take free ones."""
    names = list(dict.fromkeys(str(name) for name in names))
    home = {name: SERIES[i] for group in (NETWORKS, SEGMENTERS) for i, name in enumerate(group)}
    chosen = {name: home[name] for name in names if name in home}
    free = [ink for ink in SERIES if ink not in chosen.values()] or list(SERIES)
    strangers = [name for name in names if name not in home]
    chosen.update({name: free[i % len(free)] for i, name in enumerate(strangers)})
    return {name: chosen[name] for name in names}


def plain(ink: Ink) -> Ink:
    """The same ink without markers, for curves of many points."""
    return replace(ink, marker="")


def scale_colors(values: np.ndarray, scale: str) -> np.ndarray:
    """RGB uint8 (..., 3) of ``values`` in [0, 1] on one of :data:`SCALES`, linear between anchors."""
    anchors = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in SCALES[scale]], dtype=float)
    places = np.linspace(0.0, 1.0, len(anchors))
    channels = [np.interp(np.clip(values, 0.0, 1.0), places, anchors[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
