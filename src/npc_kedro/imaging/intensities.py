"""The robust intensity window of a series, and images mapped through it.

MR intensities have no unit: they differ by coil, sequence and scanner. Each series is therefore mapped by two of its
own percentiles, taken over all its slices, so that slices of one patient stay comparable with each other.
"""

from dataclasses import dataclass

import numpy as np

from npc_kedro.arrays import ImageTable

PERCENTILES = (0.5, 99.5)
"""Lower and upper end of the window, in percent of a series' pixels; robust against a few hot or dead pixels."""

_STORED_VALUES = 2**16


@dataclass(frozen=True)
class Histogram:
    """Counts of the 65,536 values that a stored pixel can take; exact percentiles without holding the pixels."""

    counts: np.ndarray

    def percentile(self, percent: float) -> float:
        """The smallest stored value with at least ``percent`` percent of the pixels at or below it."""
        cumulative = np.cumsum(self.counts)
        needed = max(1.0, np.ceil(cumulative[-1] * percent / 100.0))
        return float(np.searchsorted(cumulative, needed))


def series_windows(slices: ImageTable, *, percentiles: tuple[float, float] = PERCENTILES) -> np.ndarray:
    """The window of every slice: that of its series.

    Args:
        slices: uint16 pixels (n, height, width); the table has ``series_key``. Read one slice at a time.
        percentiles: lower and upper end in percent.

    Returns:
        float32 array (n, 2): lower and upper end in *stored* units, equal for all slices of a series.

    Raises:
        ValueError: if the pixels are not uint16.
    """
    if slices.pixels.dtype != np.uint16:
        msg = f"slices are {slices.pixels.dtype}; expected uint16 as stored by ingest"
        raise ValueError(msg)
    windows = np.zeros((len(slices), 2), dtype=np.float32)
    for rows in slices.table.groupby("series_key", sort=False).indices.values():
        counts = np.zeros(_STORED_VALUES, dtype=np.int64)
        for row in rows:
            counts += np.bincount(slices.pixels[row].ravel(), minlength=_STORED_VALUES)
        histogram = Histogram(counts)
        windows[rows] = [histogram.percentile(percent) for percent in percentiles]
    return windows


def to_unit(pixels: np.ndarray, lo: np.ndarray | float, hi: np.ndarray | float) -> np.ndarray:
    """Maps [lo, hi] linearly to [0, 1] and clips what lies outside.

    Args:
        pixels: (..., height, width), any numeric dtype.
        lo: lower end, a number or one per image (...).
        hi: upper end, likewise. Where it does not exceed ``lo`` the image becomes 0.

    Returns:
        float32 array of the shape of ``pixels``.
    """
    low = np.asarray(lo, dtype=np.float32)[..., None, None]
    width = np.asarray(hi, dtype=np.float32)[..., None, None] - low
    unit = np.subtract(pixels, low, dtype=np.float32)
    unit *= np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
    return np.clip(unit, 0.0, 1.0, out=unit)


def to_uint8(pixels: np.ndarray, lo: np.ndarray | float, hi: np.ndarray | float) -> np.ndarray:
    """Maps [lo, hi] linearly to 0..255, rounded; the 8-bit twin of :func:`to_unit`."""
    return np.rint(to_unit(pixels, lo, hi) * np.float32(255.0)).astype(np.uint8)
