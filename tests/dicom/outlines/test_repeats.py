"""Contours drawn twice are recognised however they are written; holes and rims are not taken for them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_kedro.dicom.outlines.polygons import enclosed_area, perimeter
from npc_kedro.dicom.outlines.repeats import is_repeat


def square(low: float, high: float) -> np.ndarray:
    return np.array([[low, low], [low, high], [high, high], [high, low]])


def circle(radius: float, points: int = 64) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return 20 + radius * np.stack([np.sin(angles), np.cos(angles)], axis=1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(1.5, 9), min_size=3, max_size=40),
    st.integers(0, 40),
    st.booleans(),
    st.booleans(),
    st.floats(-0.05, 0.05),
)
def test_start_direction_closing_and_rounding_do_not_matter(
    radii: list[float], start: int, turned: bool, closed: bool, shift: float
) -> None:
    polygon = 20 + (circle(1, len(radii)) - 20) * np.array(radii)[:, np.newaxis]
    again = np.roll(polygon[::-1] if turned else polygon, start, axis=0) + shift
    again = np.concatenate([again, again[:1]]) if closed else again
    assert is_repeat(again, of=polygon)
    assert is_repeat(polygon, of=again)


def test_more_points_on_the_same_line_do_not_matter() -> None:
    assert is_repeat(circle(9, 512), of=circle(9, 64))
    assert is_repeat(circle(9, 1500), of=circle(9, 1000))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (square(2, 9), square(3, 8)),  # a hole
        (circle(9), circle(8.5)),  # a rim of half a pixel
        (square(2, 9), square(2.5, 9)),  # a hole that touches the border
        (square(2, 9), square(2, 9)[[0, 2, 1, 3]]),  # the same points in another order: half the square
        (square(2, 9), np.concatenate([square(2, 9), [[3, 2], [3, 8], [8, 8], [8, 2]]])),  # a bay cut into it
        (square(2, 9), square(22, 29)),
    ],
)
def test_other_regions_are_no_repeats(one: np.ndarray, other: np.ndarray) -> None:
    assert not is_repeat(one, of=other)
    assert not is_repeat(other, of=one)


def test_areas_worked_by_hand() -> None:
    assert enclosed_area([square(2, 9)]) == pytest.approx(49)
    assert enclosed_area([square(2, 9), square(3, 8)]) == pytest.approx(49 - 25, rel=0.01)
    assert enclosed_area([square(2, 9), square(2, 9)[::-1]]) == pytest.approx(0, abs=1e-9)
    assert enclosed_area([square(2, 9)[[0, 2, 1, 3]]]) == pytest.approx(24.5)
    assert enclosed_area([np.array([[3.0, 1.0], [3.0, 7.0], [3.0, 4.0]])]) == 0
    assert perimeter(square(2, 9)) == pytest.approx(28)
