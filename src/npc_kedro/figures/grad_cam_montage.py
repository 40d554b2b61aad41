"""Where the classifiers look: Grad-CAM over crops of both outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npc_kedro.figures.canvas import HIDDEN, Axis, Figure, Heatmap, Note, Panel, Picture
from npc_kedro.figures.montage import Tile, grey, panels_of
from npc_kedro.figures.palette import label, scale_colors
from npc_kedro.figures.tables import arms_in
from npc_kedro.study import Outcome

_SPACER = 0.2
"""An empty column before the colour scale, for its words."""
_STRENGTH = 0.65
"""Opacity of the heat where it is 1; it fades to nothing where it is 0, so that anatomy stays visible."""


@dataclass(frozen=True, eq=False)
class CamPanel:
    """One crop: uint8 (s, s), its heat in [0, 1] (s, s), a title, the patient's arm and outcome ("RT" or "NRT")."""

    crop: np.ndarray
    heat: np.ndarray
    title: str
    arm: str
    outcome: str


def grad_cam_montage(panels: Sequence[CamPanel], *, network: str = "", simulated: bool) -> Figure:
    """A row for each arm and outcome; each example is the crop and, right of it, the crop under its heat.

    Args:
        panels: in the order wanted within their rows; rows may differ in length.
        network: whose maps these are; "" leaves it unsaid.
        simulated: whether the cohort is simulated.
    """
    outcomes = [outcome.value for outcome in Outcome]
    groups = [(arm, outcome) for arm in arms_in(panel.arm for panel in panels) for outcome in outcomes]
    groups = [g for g in groups if any((str(panel.arm), str(panel.outcome)) == g for panel in panels)]
    filled = dict.fromkeys(groups, 0)
    tiles = []
    for panel in panels:
        group = (str(panel.arm), str(panel.outcome))
        row, col = groups.index(group), 1 + 2 * filled[group]
        tiles.append(Tile(row, col, (grey(panel.crop),), panel.title))
        tiles.append(Tile(row, col + 1, (blend(panel.crop, panel.heat),)))
        filled[group] += 1
    pictures = 2 * max(filled.values(), default=1)
    heads = [_head(row, *group) for row, group in enumerate(groups)]
    side = (7.1 - 1.2) / max(pictures, 4)
    return Figure(
        name="grad_cam_montage",
        title="Grad-CAM: what raises the predicted probability of residual tumour",
        panels=(*heads, *panels_of(tiles), _color_scale(len(groups), pictures + 2)),
        caption=(f"{label(network)}, patient level. " if network else "")
        + "Pairs: the crop, and the crop under its map. Each map is scaled to its own maximum, so that maps compare "
        "places, not strengths. A map shows what the network uses, not where tumour is.",
        simulated=simulated,
        height_in=len(groups) * (side + 0.14),
        column_widths=(0.75, *(1.0,) * pictures, _SPACER, 0.1),
    )


def blend(crop: np.ndarray, heat: np.ndarray) -> Picture:
    """RGB of the crop under its heat; opacity grows with the heat.

    Raises:
        ValueError: shapes differ, or heat leaves [0, 1].
    """
    if crop.shape != heat.shape or not (np.min(heat) >= 0.0 and np.max(heat) <= 1.0):
        spread = f"{np.min(heat):.3g} to {np.max(heat):.3g}"
        msg = f"Crop {crop.shape} under heat {heat.shape} from {spread}; expected equal shapes and heat in [0, 1]."
        raise ValueError(msg)
    base = np.repeat(grey(crop).pixels[..., None].astype(float), 3, axis=-1)
    weight = _STRENGTH * heat[..., None]
    return Picture(np.rint((1.0 - weight) * base + weight * scale_colors(heat, "heat")).astype(np.uint8))


def _head(row: int, arm: str, outcome: str) -> Panel:
    words = label(outcome).replace(" tumour", "\ntumour")
    frame = Axis(limits=(0.0, 1.0), visible=False, grid=False)
    return Panel(row, 0, (Note(0.0, 0.5, f"{arm}\n{words}", align="left", size=7.0),), x=frame, y=frame)


def _color_scale(rows: int, col: int) -> Panel:
    steps = tuple((1.0 - i / 63,) for i in range(64))
    ticks = ((63.0, "0"), (0.0, "1"))
    return Panel(
        row=0,
        col=col,
        marks=(Heatmap(steps, scale="heat"),),
        x=HIDDEN,
        y=Axis("share of the map's maximum", ticks=ticks, grid=False),
        row_span=rows,
    )
