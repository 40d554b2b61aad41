"""Resampling against values worked by hand and against what area means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npc_kedro.imaging.resample import Extent, axis_weights, resample, resample_labels, square_extents

images = arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(-1000, 1000))


@settings(max_examples=50, deadline=None)
@given(images)
def test_same_grid_is_the_identity(image: np.ndarray) -> None:
    np.testing.assert_array_equal(resample(image, image.shape), image)


@settings(max_examples=50, deadline=None)
@given(images, st.integers(1, 4))
def test_whole_ratios_average_blocks(image: np.ndarray, factor: int) -> None:
    large = np.kron(image, np.ones((factor, factor), np.float32))
    np.testing.assert_allclose(resample(large, image.shape), image, atol=1e-3)


@settings(max_examples=50, deadline=None)
@given(images, st.integers(1, 12), st.integers(1, 12))
def test_values_stay_within_the_images(image: np.ndarray, height: int, width: int) -> None:
    out = resample(image, (height, width))
    assert out.shape == (height, width)
    assert out.min() >= image.min() - 1e-2
    assert out.max() <= image.max() + 1e-2


@settings(max_examples=50, deadline=None)
@given(images, st.integers(1, 12), st.integers(1, 12))
def test_shrinking_keeps_the_mean(image: np.ndarray, height: int, width: int) -> None:
    shape = (min(height, image.shape[0]), min(width, image.shape[1]))
    assert resample(image, shape).mean() == pytest.approx(image.mean(), abs=1e-2)


def test_area_by_hand() -> None:
    # Three pixels to two: each output covers one and a half source pixels.
    out = resample(np.array([[0.0, 3.0, 6.0]]), (1, 2))
    assert out.tolist() == [[1.0, 5.0]]


def test_linear_by_hand() -> None:
    # Two pixels to four: centres at -0.25, 0.25, 0.75, 1.25 of the source's centres; the ends are held.
    out = resample(np.array([[0.0, 4.0]]), (1, 4))
    assert out.tolist() == [[0.0, 1.0, 3.0, 4.0]]


def test_weights_sum_to_one_inside_the_source() -> None:
    for n_in, n_out in [(512, 160), (160, 512), (7, 7), (5, 3)]:
        sums = axis_weights(n_in, n_out, Extent(0.0, n_in)).sum(axis=1)
        np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_square_field_of_view_pads_the_short_side() -> None:
    rows, columns = square_extents((4, 2), (1.0, 1.0))
    assert rows == Extent(0.0, 4)
    assert columns == Extent(-1.0, 4.0)
    image = np.array([[5.0, 6.0]] * 4)
    assert resample(image, (4, 4), extents=(rows, columns)).tolist() == [[5.0, 5.0, 6.0, 5.0]] * 4


def test_square_field_of_view_respects_the_spacing() -> None:
    rows, columns = square_extents((2, 4), (2.0, 1.0))
    assert (rows, columns) == (Extent(0.0, 2), Extent(0.0, 4))


def test_labels_take_the_nearest_and_never_a_new_value() -> None:
    labels = np.array([[0, 1], [2, 2]], dtype=np.uint8)
    extents = square_extents((2, 2), (1.0, 1.0))
    out = resample_labels(labels, (4, 4), extents=extents)
    assert out.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]]
    assert out.dtype == np.uint8


def test_labels_and_image_share_coordinates() -> None:
    image = np.zeros((40, 24), np.float32)
    image[10:20, 4:12] = 1.0
    extents = square_extents(image.shape, (0.5, 1.0))
    grey = resample(image, (16, 16), extents=extents)
    label = resample_labels(image.astype(np.uint8), (16, 16), extents=extents)
    assert abs(float(grey.sum()) - float(label.sum())) < 8
    assert grey[label == 1].min() > 0.2
    assert grey[label == 0].max() < 0.8
