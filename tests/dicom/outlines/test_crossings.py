"""Contours that cross are used together; what looks like a second version is told of; holes stay holes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_kedro.dicom.outlines.crossings import crossing_groups, mostly_hollow
from npc_kedro.dicom.outlines.polygons import filled


def box(top: float, left: float, bottom: float, right: float) -> np.ndarray:
    return np.array([(top, left), (top, right), (bottom, right), (bottom, left)], dtype=float)


OUTER, SHIFTED, HOLE, BESIDE = box(2, 2, 12, 12), box(6, 6, 16, 16), box(4, 4, 8, 8), box(2, 12, 12, 18)


@pytest.mark.parametrize(
    ("polygons", "groups"),
    [
        ([OUTER, SHIFTED], [[0, 1]]),
        ([OUTER, HOLE], []),
        ([HOLE, OUTER], []),
        ([OUTER, BESIDE], []),  # they share an edge
        ([OUTER, box(4, 2, 8, 6)], []),  # the hole reaches the edge
        ([OUTER, box(4, 1.95, 8, 6)], []),  # and by rounding beyond it
        ([OUTER, box(14, 14, 18, 18)], []),
        ([OUTER, SHIFTED, box(13, 13, 19, 19), box(0, 0, 1, 1)], [[0, 1, 2]]),
        ([OUTER, box(4, 12.05, 8, 16)], []),
        ([], []),
        ([OUTER], []),
    ],
)
def test_only_polygons_that_cross_belong_together(polygons: list[np.ndarray], groups: list[list[int]]) -> None:
    assert crossing_groups(polygons) == groups


@pytest.mark.parametrize(
    ("polygons", "hollow"),
    [
        ([OUTER, HOLE], 0),
        ([OUTER, box(2.6, 2.6, 11.4, 11.4)], 1),  # a second version, a little smaller
        ([box(2.6, 2.6, 11.4, 11.4), OUTER], 1),
        ([box(0, 0, 18, 18), box(5, 5, 13, 13), box(5.5, 5.5, 12.5, 12.5)], 0),  # an island fills most of a small hole
        ([OUTER, SHIFTED], 0),
        ([OUTER], 0),
    ],
)
def test_what_loses_more_than_half_to_a_hole_is_counted(polygons: list[np.ndarray], hollow: int) -> None:
    assert mostly_hollow(polygons) == hollow


def test_polygons_together_enclose_what_any_of_them_does_with_their_holes() -> None:
    polygons = [OUTER, SHIFTED, box(3.5, 3.5, 5.5, 5.5)]
    expected = np.zeros((20, 20), dtype=bool)
    expected[2:13, 2:13] = expected[6:17, 6:17] = True
    expected[4:6, 4:6] = False
    np.testing.assert_array_equal(filled(polygons, (20, 20), together=[[0, 1]]), expected)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(2, 9), st.floats(2, 9)), min_size=1, max_size=5))
def test_together_is_the_union_of_each_alone(corners: list[tuple[float, float, float, float]]) -> None:
    polygons = [box(top, left, top + height, left + width) for top, left, height, width in corners]
    union = np.logical_or.reduce([filled([polygon], (20, 20)) for polygon in polygons])
    np.testing.assert_array_equal(filled(polygons, (20, 20), together=[list(range(len(polygons)))]), union)
