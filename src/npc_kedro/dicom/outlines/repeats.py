"""Contours that are drawn twice: under the even-odd rule the second takes away what the first encloses.

Programs write a contour again from another point, the other way round, with its first point once more at the end, or
rounded. A hole is none of these: its border keeps away from the outer one somewhere.
"""

import numpy as np

from npc_kedro.dicom.outlines.polygons import enclosed_area, perimeter

SAME_PX = 0.25
"""Contours nowhere further apart are one: rounding to 0.1 mm moves points less, and no rim is drawn as thin."""

_PAIRS_AT_ONCE = 1_000_000
"""Pairs of point and edge, so that memory stays flat with contours of many thousand points."""


def is_repeat(polygon: np.ndarray, of: np.ndarray) -> bool:
    """Whether two closed polygons (n, 2), in pixels, enclose the same region.

    The points of each have to lie on the other, and what only one of the two encloses has to be as thin.
    """
    ends = [(one.min(axis=0), one.max(axis=0)) for one in (polygon, of)]
    if np.abs(np.subtract(*ends)).max() > SAME_PX:
        return False
    if max(_furthest(polygon, of), _furthest(of, polygon)) > SAME_PX:
        return False
    return enclosed_area([polygon, of]) <= SAME_PX * min(perimeter(polygon), perimeter(of))


def _furthest(points: np.ndarray, polygon: np.ndarray) -> float:
    """The largest distance of a point from the polygon's edges."""
    blocks = np.array_split(points, 1 + len(points) * len(polygon) // _PAIRS_AT_ONCE)
    return max(float(_distances(block, polygon).max()) for block in blocks if len(block))


def _distances(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    along = np.roll(polygon, -1, axis=0) - polygon
    length = (along**2).sum(axis=1)
    offset = points[:, np.newaxis] - polygon
    share = np.divide((offset * along).sum(axis=2), length, out=np.zeros(offset.shape[:2]), where=length > 0)
    return np.linalg.norm(offset - np.clip(share, 0, 1)[..., np.newaxis] * along, axis=2).min(axis=1)
