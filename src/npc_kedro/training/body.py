"""Where in a patient's slices the body lies: air round it would cost a segmenter half of its pixels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_MARGIN = 0.02
"""Added on every side, as a share of the slice's side: skin is dim and blurred."""

_DARKEST_TISSUE = 0.5
"""Air is darker than this share of the tissue's mean; a slice without such a part is all body."""

_BINS = 256


@dataclass(frozen=True)
class Square:
    """A square part of a slice, in pixels."""

    top: int
    left: int
    side: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return slice(self.top, self.top + self.side), slice(self.left, self.left + self.side)


def whole(shape: tuple[int, int]) -> Square:
    """All of a square slice."""
    return Square(0, 0, max(shape))


def body_square(slices: np.ndarray) -> Square:
    """The smallest square round the body, the same for all slices of a patient, inside the slice.

    The body is the largest connected region that is brighter, averaged over the slices, than Otsu's threshold between
    air and tissue. Where nothing stands out the whole slice is taken.

    Args:
        slices: uint8 (n, side, side) of one patient.

    Returns:
        a square of between a quarter of the slice's side and all of it.
    """
    height, width = slices.shape[1:]
    side_of_slice = min(height, width)
    mean = slices.mean(axis=0)
    bright = mean > _otsu(mean)
    if bright.all() or not bright.any() or mean[~bright].mean() > _DARKEST_TISSUE * mean[bright].mean():
        return whole((height, width))
    components, _ = ndimage.label(bright)
    largest = 1 + int(np.argmax(np.bincount(components.ravel())[1:]))
    rows, columns = ndimage.find_objects((components == largest).astype(np.int8))[0]
    margin = round(_MARGIN * side_of_slice)
    extent = max(rows.stop - rows.start, columns.stop - columns.start) + 2 * margin
    side = int(np.clip(extent, side_of_slice // 4, side_of_slice))
    top, left = (
        int(np.clip((span.start + span.stop - side) // 2, 0, length - side))
        for span, length in ((rows, height), (columns, width))
    )
    return Square(top, left, side)


def _otsu(values: np.ndarray) -> float:
    """The threshold that separates two classes with the largest variance between them (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=_BINS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sum_below = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sum_below / below - (sum_below[-1] - sum_below) / above
    between = np.nan_to_num(below * above * gap**2)
    return float(edges[1:][np.argmax(between)])
