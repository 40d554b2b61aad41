"""Random fields in millimetres, the same in law whatever the matrix they are sampled on."""

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

_SIDE = 256
"""Side of the periodic lattice, in nodes."""

_SMOOTHING = 1.0
"""Standard deviation of the lattice's smoothing, in nodes."""

PATCH_NODES = 5.0
"""Typical distance from one bright patch to the next, in nodes."""


@lru_cache(maxsize=1)
def _lattice() -> np.ndarray:
    """A periodic field with mean 0 and standard deviation 1; every texture is a window into it."""
    field = gaussian_filter(np.random.default_rng(20230601).standard_normal((_SIDE, _SIDE)), _SMOOTHING, mode="wrap")
    field -= gaussian_filter(field, 4 * _SMOOTHING, mode="wrap")
    return ((field - field.mean()) / field.std()).astype(np.float32)


def texture(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, *, patch_mm: float) -> np.ndarray:
    """A field with mean 0 and standard deviation 1 at the points (mm), patches ``patch_mm`` apart.

    ``rng`` chooses where the window lies and how it is turned: four numbers, whatever the number of points.
    """
    offset_x, offset_y, angle, mirror = rng.random(4)
    scale = PATCH_NODES / patch_mm
    c, s = np.cos(2 * np.pi * angle) * scale, np.sin(2 * np.pi * angle) * scale
    sign = 1 if mirror < 0.5 else -1
    column = np.float32(c) * x + np.float32(s) * y + np.float32(offset_x * _SIDE)
    row = np.float32(sign) * (np.float32(c) * y - np.float32(s) * x) + np.float32(offset_y * _SIDE)
    return map_coordinates(_lattice(), np.stack([row, column]), order=1, mode="grid-wrap")
