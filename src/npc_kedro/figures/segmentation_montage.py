"""Slices with the radiologist's outline and the segmenters' predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from npc_kedro.figures.canvas import Figure, Ink
from npc_kedro.figures.montage import Tile, contour, grey, panels_of
from npc_kedro.figures.palette import GREEN, ORANGE, PURPLE, SKY, label

_OUTLINE = Ink(ORANGE, "solid", width=1.3)
_CONTOURS = (Ink(SKY, "dash", width=1.2), Ink(PURPLE, "dot", width=1.2), Ink(GREEN, "dashdot", width=1.2))


@dataclass(frozen=True, eq=False)
class SegmentedSlice:
    """One slice: image (h, w), manual outline (h, w, nonzero inside) or None, predicted masks by segmenter."""

    image: np.ndarray
    title: str = ""
    outline: np.ndarray | None = None
    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)


def segmentation_montage(slices: Sequence[SegmentedSlice], *, columns: int = 4, simulated: bool) -> Figure:
    """A grid of slices: outline in solid orange, each segmenter's contour in its own dash.

    Args:
        slices: in reading order.
        columns: slices in a row.
        simulated: whether the cohort is simulated.
    """
    names = list(dict.fromkeys(name for piece in slices for name in piece.predictions))
    colors = _contour_inks(names)
    tiles = []
    for i, piece in enumerate(slices):
        marks = [grey(piece.image)]
        if piece.outline is not None:
            marks.append(contour(piece.outline, _OUTLINE, "manual outline"))
        marks += [contour(mask, colors[name], label(name)) for name, mask in piece.predictions.items()]
        tiles.append(Tile(i // columns, i % columns, tuple(marks), piece.title))
    rows = -(-len(slices) // columns)
    return Figure(
        name="segmentation_montage",
        title="Outlined and predicted tumour",
        panels=panels_of(tiles),
        caption="Axial slices, patient's right on the left. Contours enclose primary tumour and nodes.",
        simulated=simulated,
        height_in=rows * (7.1 / columns + (0.12 if any(piece.title for piece in slices) else -0.02)),
        shared_legend=True,
    )


def _contour_inks(names: list[str]) -> dict[str, Ink]:
    """Bright inks for dark images, each with a dash of its own."""
    return {name: _CONTOURS[i % len(_CONTOURS)] for i, name in enumerate(names)}
