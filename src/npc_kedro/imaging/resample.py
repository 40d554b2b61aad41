"""Resampling by area when an axis shrinks and by linear interpolation when it grows.

Pixels are squares, not points: index i covers [i, i + 1) and has its centre at i + 0.5. Both images and label maps go
through the same coordinates, so that an outline stays on its image. Weights are sparse matrices, one per axis: exact
for any ratio, and independent of the number of threads a BLAS happens to use.
"""

import math
import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

_HELD = threading.local()

_PITCH = 16
"""Columns added to an image before it is transposed: rows of exactly 2^n bytes fall on the same few cache lines."""


@dataclass(frozen=True)
class Extent:
    """A stretch of one axis, in pixels of the source: from ``start`` to ``start + length``; may reach outside."""

    start: float
    length: float


@lru_cache(maxsize=256)
def square_extents(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> tuple[Extent, Extent]:
    """The centred square field of view that holds the whole image, along rows and columns.

    Its side is the longer of the two physical sides, so that resampling to a square matrix never distorts anatomy.
    """
    side_mm = max(n * mm for n, mm in zip(shape, spacing_mm, strict=True))
    rows, columns = (_centred(n, side_mm / mm) for n, mm in zip(shape, spacing_mm, strict=True))
    return rows, columns


def _centred(n: int, length: float) -> Extent:
    if math.isclose(length, n, rel_tol=1e-6):  # rounding noise in a spacing must not cost the identity
        return Extent(0.0, float(n))
    return Extent((n - length) / 2.0, length)


@lru_cache(maxsize=256)
def axis_weights(n_in: int, n_out: int, extent: Extent) -> csr_array:
    """Weights (n_out, n_in) that carry an axis of ``n_in`` pixels to ``n_out`` pixels over ``extent``.

    Area (each source pixel weighs by its overlap) where output pixels are at least as wide as source pixels, otherwise
    linear between source centres. Rows sum to 1 where the extent lies inside the source, to less where it reaches out.
    """
    step = extent.length / n_out
    edges = extent.start + step * np.arange(n_out + 1)
    if step >= 1.0:
        lower, upper = edges[:-1, None], edges[1:, None]
        pixel = np.arange(n_in)[None, :]
        overlap = np.minimum(upper, pixel + 1.0) - np.maximum(lower, pixel)
        return csr_array((np.clip(overlap, 0.0, None) / step).astype(np.float32))
    centres = edges[:-1] + step / 2.0
    return csr_array(_linear_weights(centres, n_in).astype(np.float32))


def _linear_weights(centres: np.ndarray, n_in: int) -> np.ndarray:
    weights = np.zeros((len(centres), n_in))
    inside = np.flatnonzero((centres >= 0.0) & (centres <= n_in))
    position = np.clip(centres[inside] - 0.5, 0.0, n_in - 1.0)
    left = np.floor(position).astype(int)
    fraction = position - left
    np.add.at(weights, (inside, left), 1.0 - fraction)
    np.add.at(weights, (inside, np.minimum(left + 1, n_in - 1)), fraction)
    return weights


def resample(image: np.ndarray, shape: tuple[int, int], *, extents: tuple[Extent, Extent] | None = None) -> np.ndarray:
    """The image on another grid.

    Args:
        image: (height, width), any real dtype.
        shape: height and width of the result.
        extents: which part of the source to show, along rows and columns; the whole image if left out. What lies
            outside the source takes the image's minimum.

    Returns:
        float32 array of ``shape``.
    """
    height, width = image.shape
    rows, columns = extents or (Extent(0.0, height), Extent(0.0, width))
    if image.shape == shape and rows == Extent(0.0, shape[0]) and columns == Extent(0.0, shape[1]):
        return np.ascontiguousarray(image, dtype=np.float32)
    source = _workspace(height, width + _PITCH)
    source[:, :width] = image
    floor = np.float32(0.0)
    if _reaches_outside(rows, height) or _reaches_outside(columns, width):
        floor = source[:, :width].min()
        source[:, :width] -= floor
    tall = axis_weights(height, shape[0], rows) @ source
    wide = axis_weights(width, shape[1], columns) @ np.ascontiguousarray(tall[:, :width].T)
    return np.add(wide.T, floor, order="C")


def _workspace(height: int, width: int) -> np.ndarray:
    """An array to fill, the same one for images of one size: fresh memory costs more than what is done in it."""
    held: np.ndarray | None = getattr(_HELD, "array", None)
    if held is None or held.shape != (height, width):
        held = _HELD.array = np.zeros((height, width), dtype=np.float32)
    return held


def _reaches_outside(extent: Extent, n: int) -> bool:
    return extent.start < 0 or extent.start + extent.length > n


def resample_labels(labels: np.ndarray, shape: tuple[int, int], *, extents: tuple[Extent, Extent]) -> np.ndarray:
    """The label map on another grid: each output pixel takes the label under its centre; 0 outside the source."""
    result = np.zeros(shape, dtype=labels.dtype)
    picks = []
    for n_in, n_out, extent in zip(labels.shape, shape, extents, strict=True):
        index = np.floor(extent.start + extent.length / n_out * (np.arange(n_out) + 0.5)).astype(int)
        picks.append((np.flatnonzero((index >= 0) & (index < n_in)), index))
    (rows, row_index), (columns, column_index) = picks
    result[np.ix_(rows, columns)] = labels[np.ix_(row_index[rows], column_index[columns])]
    return result
