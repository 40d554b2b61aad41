"""Which way up a slice is stored: turned by flips and transposes, exactly, onto the usual axes of axial images.

Files write their rows and columns in whatever direction they like; ImageOrientationPatient says which. Stored slices
have the patient's left at the right, where rows lead, and the back below, where columns lead.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeVar

import numpy as np

Number = TypeVar("Number", int, float)

_MARGIN = 0.1
"""By how much a turn must bring the axes nearer than an earlier one: beside 45 degrees, noise must not decide."""


@dataclass(frozen=True)
class Turn:
    """A transpose or none, then flips.

    Attributes:
        swapped: whether rows and columns change places.
        row_step: -1 if the rows then come from the last to the first, otherwise 1; ``column_step`` likewise.
    """

    swapped: bool = False
    row_step: int = 1
    column_step: int = 1

    def of_image(self, image: np.ndarray) -> np.ndarray:
        """The image (rows, columns), turned; a view."""
        standing = image.T if self.swapped else image
        return standing[:: self.row_step, :: self.column_step]

    def of_pair(self, pair: tuple[Number, Number]) -> tuple[Number, Number]:
        """Shape or spacing, of rows and columns, turned."""
        return (pair[1], pair[0]) if self.swapped else pair


@lru_cache(maxsize=1024)
def turn_of(orientation: tuple[float, float, float, float, float, float]) -> Turn:
    """The turn that brings rows nearest to the patient's left and columns nearest to the back; none if none is nearer.

    Args:
        orientation: ImageOrientationPatient, LPS.
    """

    def nearness(turn: Turn) -> float:
        along_row, along_column = orientation[:3], orientation[3:]
        if turn.swapped:
            along_row, along_column = along_column, along_row
        return turn.column_step * along_row[0] + turn.row_step * along_column[1]

    turns = [Turn(*how) for how in product((False, True), (1, -1), (1, -1))]  # none at all comes first
    nearest = max(map(nearness, turns))
    return next(turn for turn in turns if nearness(turn) >= nearest - _MARGIN)
