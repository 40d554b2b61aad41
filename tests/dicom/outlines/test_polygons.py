"""Polygons to pixels, against hand-made pictures and against an independent filler."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Curve

from npc_kedro.dicom.outlines.polygons import filled
from outline_objects import distance_to_edges


def picture(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


def square(low: float, high: float) -> np.ndarray:
    return np.array([[low, low], [low, high], [high, high], [high, low]])


def test_centres_decide() -> None:
    expected = picture("......", ".##...", ".##...", "......")
    np.testing.assert_array_equal(
        filled([np.array([[0.6, 0.6], [0.6, 2.4], [2.4, 2.4], [2.4, 0.6]])], (4, 6)), expected
    )


def test_points_on_the_centres_of_a_masks_outer_pixels_give_the_mask_back() -> None:
    """So do programs write contours that trace a mask."""
    expected = picture("......", ".###..", ".###..", ".###..", "......")
    np.testing.assert_array_equal(filled([square(1, 3)], (5, 6)), expected)


def test_an_inner_polygon_cuts_a_hole() -> None:
    expected = picture(".......", ".#####.", ".#####.", ".##.##.", ".#####.", ".#####.", ".......")
    np.testing.assert_array_equal(filled([square(0.5, 5.5), square(2.5, 3.5)], (7, 7)), expected)


def test_a_keyhole_is_the_same_hole() -> None:
    outer, inner = square(0.5, 5.5), square(2.5, 3.5)[::-1]
    keyhole = np.concatenate([outer, outer[:1], inner, inner[:1]])
    np.testing.assert_array_equal(filled([keyhole], (7, 7)), filled([outer, inner], (7, 7)))


def test_a_keyhole_whose_channel_runs_through_centres_leaves_no_slit() -> None:
    outer = np.array([[1.0, 3.0], [1.0, 6.0], [6.0, 6.0], [6.0, 0.5], [1.0, 0.5]])
    channel = np.array([[1.0, 3.0], [2.6, 3.0]])
    inner = np.array([[2.6, 3.0], [2.6, 2.6], [3.4, 2.6], [3.4, 3.4], [2.6, 3.4], [2.6, 3.0]])
    keyhole = np.concatenate([outer, channel, inner[1:], channel[::-1]])
    expected = filled([outer], (8, 8))
    expected[3, 3] = False
    np.testing.assert_array_equal(filled([keyhole], (8, 8)), expected)


def test_what_lies_outside_the_image_is_cut_off() -> None:
    assert filled([square(-3, 1.2)], (4, 4)).tolist() == picture("##..", "##..", "....", "....").tolist()
    assert filled([square(-9, 9)], (3, 5)).all()
    assert not filled([square(7.2, 9)], (4, 4)).any()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 18), st.floats(-2, 18)), min_size=3, max_size=9),
    st.floats(0.001, 0.4),
)
def test_the_same_as_an_independent_filler(points: list[tuple[float, float]], shift: float) -> None:
    """Matplotlib fills single polygons without crossings by winding number; star-shaped ones have none."""
    centre = np.mean(points, axis=0)
    ordered = np.array(sorted(points, key=lambda point: np.arctan2(point[0] - centre[0], point[1] - centre[1]))) + shift
    rows, columns = np.mgrid[0:16, 0:16]
    centres = np.column_stack([columns.ravel(), rows.ravel()])
    curve = Curve(np.vstack([ordered[:, ::-1], ordered[:1, ::-1]]))
    far_in = curve.contains_points(centres, radius=0.0).reshape(16, 16)
    differs = filled([ordered], (16, 16)) != far_in
    assert all(distance_to_edges(ordered, point) < 0.03 for point in np.argwhere(differs))


@pytest.mark.parametrize("turned", [False, True])
def test_direction_and_start_do_not_matter(turned: bool) -> None:
    polygon = np.array([[1.3, 2.1], [9.7, 3.3], [6.1, 11.9], [2.2, 8.8]])
    again = np.roll(polygon[::-1] if turned else polygon, 2, axis=0)
    np.testing.assert_array_equal(filled([polygon], (14, 14)), filled([again], (14, 14)))
