"""Boxes hold what they must and no more; growing and clamping lose nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npc_kedro.imaging.boxes import Box, bounding_box, clamped, components, grown, largest_component

masks = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 1))


@settings(max_examples=150, deadline=None)
@given(masks)
def test_the_box_holds_every_pixel_and_touches_them_on_each_side(mask: np.ndarray) -> None:
    box = bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    assert box.of(mask).sum() == mask.sum()
    assert mask[box.top].any()
    assert mask[box.bottom].any()
    assert mask[:, box.left].any()
    assert mask[:, box.right].any()


def test_ends_are_inclusive() -> None:
    mask = np.zeros((6, 7))
    mask[2:4, 3:6] = 1
    box = bounding_box(mask)
    assert box == Box(top=2, left=3, bottom=3, right=5)
    assert (box.height, box.width) == (2, 3)


def test_pixels_that_touch_at_a_corner_are_one_component() -> None:
    assert components(np.array([[1, 0, 0, 1], [0, 1, 0, 0]]))[1] == 2


def test_largest_component_by_hand() -> None:
    mask = np.array([[1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]])
    assert largest_component(mask).tolist() == [[0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0]]
    assert not largest_component(np.zeros((2, 2))).any()


def test_an_odd_pixel_grows_below_and_right() -> None:
    assert grown(Box(5, 5, 5, 5), height=4, width=3) == Box(4, 4, 7, 6)
    assert grown(Box(0, 0, 9, 9), height=4, width=3) == Box(0, 0, 9, 9)


def test_clamping_moves_before_it_cuts() -> None:
    assert clamped(Box(-2, 3, 1, 6), (10, 10)) == Box(0, 3, 3, 6)
    assert clamped(Box(7, 8, 10, 13), (10, 10)) == Box(6, 4, 9, 9)
    assert clamped(Box(-3, 0, 14, 2), (10, 10)) == Box(0, 0, 9, 2)


boxes_in_images = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: st.tuples(
        st.just(shape),
        st.integers(0, shape[0] - 1),
        st.integers(0, shape[1] - 1),
        st.integers(0, shape[0] - 1),
        st.integers(0, shape[1] - 1),
    )
)


@settings(max_examples=150, deadline=None)
@given(boxes_in_images, st.integers(1, 20), st.integers(1, 20))
def test_grown_and_clamped_boxes_hold_the_old_one_and_keep_their_size(drawn, height: int, width: int) -> None:
    shape, row, column, other_row, other_column = drawn
    tight = Box(min(row, other_row), min(column, other_column), max(row, other_row), max(column, other_column))
    box = clamped(grown(tight, height=height, width=width), shape)
    assert 0 <= box.top <= tight.top
    assert tight.bottom <= box.bottom < shape[0]
    assert 0 <= box.left <= tight.left
    assert tight.right <= box.right < shape[1]
    assert box.height == min(shape[0], max(height, tight.height))
    assert box.width == min(shape[1], max(width, tight.width))
