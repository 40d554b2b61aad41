"""Small connected specks of a predicted mask, which are noise rather than tumour."""

import numpy as np
from scipy import ndimage

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def remove_specks(mask: np.ndarray, *, smallest_px: float) -> np.ndarray:
    """The mask without 8-connected components of fewer than ``smallest_px`` pixels: bool (height, width)."""
    if smallest_px <= 1 or not mask.any():
        return mask
    components, n = ndimage.label(mask, structure=_EIGHT_NEIGHBOURS)
    areas = np.bincount(components.ravel(), minlength=n + 1)
    large = areas >= smallest_px
    large[0] = False
    return large[components]
