"""Contours of one ROI on one slice that cross, or lie one within the other: two versions, or a hole?

Areas tell: two polygons that overlap, while neither lies within the other, are no outline with a hole.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from npc_kedro.dicom.outlines.polygons import enclosed_area, perimeter

_APART_PX = 0.1
"""By so much along its whole border a hole may stick out, or neighbours overlap: programs leave out points."""

_HOLLOW = 0.5
"""A hole that takes more than this share of a contour is told of."""


def crossing_groups(polygons: Sequence[np.ndarray]) -> list[list[int]]:
    """Indices of polygons (n, 2) that cross each other, directly or over others; those that cross none are left out."""
    group_of = list(range(len(polygons)))
    for one, other, both, smaller in _overlaps(polygons):
        least = _APART_PX * min(perimeter(polygons[one]), perimeter(polygons[other]))
        if both > least and smaller - both > least:
            kept, lost = group_of[one], group_of[other]
            group_of = [kept if group == lost else group for group in group_of]
    groups = [[index for index, group in enumerate(group_of) if group == wanted] for wanted in sorted(set(group_of))]
    return [group for group in groups if len(group) > 1]


def mostly_hollow(polygons: Sequence[np.ndarray]) -> int:
    """How many polygons lose more than half of their area to one that lies within them, and is no island in a hole."""
    areas = [enclosed_area([polygon]) for polygon in polygons]
    around: dict[int, list[int]] = {}
    for one, other, both, smaller in _overlaps(polygons):
        least = _APART_PX * min(perimeter(polygons[one]), perimeter(polygons[other]))
        if smaller - both <= least and both > least:
            inner, outer = (one, other) if areas[one] < areas[other] else (other, one)
            around.setdefault(inner, []).append(outer)
    holes = {inner: min(outer, key=areas.__getitem__) for inner, outer in around.items() if len(outer) % 2}
    return len({outer for inner, outer in holes.items() if areas[inner] > _HOLLOW * areas[outer]})


def _overlaps(polygons: Sequence[np.ndarray]) -> Iterator[tuple[int, int, float, float]]:
    """Pairs of polygons with the area that lies in both, and that of the smaller one."""
    if len(polygons) < 2:
        return
    low, high = (np.array([end(polygon, axis=0) for polygon in polygons]) for end in (np.min, np.max))
    near = (low[:, np.newaxis] < high).all(axis=2) & (high[:, np.newaxis] > low).all(axis=2)
    for one, other in zip(*np.nonzero(np.triu(near, k=1)), strict=True):
        first, second = enclosed_area([polygons[one]]), enclosed_area([polygons[other]])
        either = enclosed_area([polygons[one], polygons[other]])
        yield int(one), int(other), (first + second - either) / 2, min(first, second)
