"""Rectangles on the pixel grid. Both ends are inclusive: a box of one pixel has top == bottom and left == right."""

from dataclasses import dataclass

import numpy as np

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=int)
"""Pixels that touch at a corner belong to one component."""


@dataclass(frozen=True)
class Box:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, all inclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows in the box."""
        return self.bottom - self.top + 1

    @property
    def width(self) -> int:
        """Columns in the box."""
        return self.right - self.left + 1

    def of(self, image: np.ndarray) -> np.ndarray:
        """The part of ``image`` (height, width) in the box, as a view."""
        return image[self.top : self.bottom + 1, self.left : self.right + 1]


def bounding_box(mask: np.ndarray) -> Box | None:
    """The smallest box that holds every non-zero pixel of ``mask`` (height, width); None if there is none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]), int(columns[-1]))


def components(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """The connected parts of ``mask``, numbered from 1, and how many there are."""
    from scipy import ndimage  # takes a third of a second, which every other command is spared

    labels, count = ndimage.label(mask, structure=_EIGHT_NEIGHBOURS)
    return labels, int(count)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The connected part of ``mask`` with most pixels, as a boolean mask; of equals the first from the top."""
    labels, count = components(mask)
    if count == 0:
        return np.zeros(mask.shape, dtype=bool)
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))


def grown(box: Box, *, height: int, width: int) -> Box:
    """The box with at least ``height`` rows and ``width`` columns, grown evenly; an odd pixel goes below and right."""
    more_rows, more_columns = max(0, height - box.height), max(0, width - box.width)
    top, left = box.top - more_rows // 2, box.left - more_columns // 2
    return Box(top, left, top + box.height + more_rows - 1, left + box.width + more_columns - 1)


def clamped(box: Box, shape: tuple[int, int]) -> Box:
    """The box moved inside an image of ``shape``, and cut only where it is larger than the image.

    Moving keeps the box's size, so that a tumour at the border is seen at the scale of the others; whatever part of the
    image the box held, it still holds.
    """
    top, bottom = _inside(box.top, box.bottom, shape[0])
    left, right = _inside(box.left, box.right, shape[1])
    return Box(top, left, bottom, right)


def _inside(first: int, last: int, size: int) -> tuple[int, int]:
    shift = max(0, -first) or min(0, size - 1 - last)
    return max(0, first + shift), min(size - 1, last + shift)
