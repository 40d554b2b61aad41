"""Slices of the cohort, by arm and outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npc_kedro.figures.canvas import Figure, Ink
from npc_kedro.figures.montage import Tile, contour, grey, panels_of
from npc_kedro.figures.palette import ORANGE, label
from npc_kedro.figures.tables import arms_in
from npc_kedro.study import Outcome

_OUTLINE = Ink(ORANGE, "solid", width=1.0)
_SIDE_IN, _LEAST_WIDTH_IN = 1.45, 4.6


@dataclass(frozen=True, eq=False)
class CohortSlice:
    """One slice: image (h, w), the patient's arm ("CCRT") and outcome ("RT" or "NRT"), an outline if any."""

    image: np.ndarray
    arm: str
    outcome: str
    title: str = ""
    outline: np.ndarray | None = None


def cohort_montage(slices: Sequence[CohortSlice], *, simulated: bool) -> Figure:
    """A row for each arm and outcome, slices in the order given.

    Args:
        slices: any number for each arm and outcome; rows may differ in length.
        simulated: whether the cohort is simulated.
    """
    outcomes = [outcome.value for outcome in Outcome]
    groups = [(arm, outcome) for arm in arms_in(piece.arm for piece in slices) for outcome in outcomes]
    groups = [g for g in groups if any((str(piece.arm), str(piece.outcome)) == g for piece in slices)]
    filled = dict.fromkeys(groups, 0)
    tiles = []
    for piece in slices:
        group = (str(piece.arm), str(piece.outcome))
        outline = () if piece.outline is None else (contour(piece.outline, _OUTLINE, "manual outline"),)
        first = f"{group[0]}, {label(group[1])}" if filled[group] == 0 else ""
        title = " ".join(word for word in (first, piece.title) if word)
        tiles.append(Tile(groups.index(group), filled[group], (grey(piece.image), *outline), title))
        filled[group] += 1
    columns = max(filled.values(), default=1)
    side = min(_SIDE_IN, 7.1 / columns)
    return Figure(
        name="cohort_montage",
        title="Slices of the cohort, by arm and outcome",
        panels=panels_of(tiles),
        caption="Axial slices before treatment, patient's right on the left; grey values stretched slice by slice.",
        simulated=simulated,
        width_in=max(_LEAST_WIDTH_IN, columns * side),
        height_in=len(groups) * (side + 0.12),
        shared_legend=any(piece.outline is not None for piece in slices),
    )
