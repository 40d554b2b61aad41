"""Windows are worked by hand on small series; invariances hold for any images."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from npc_kedro.arrays import ImageTable
from npc_kedro.imaging.intensities import series_windows, to_uint8, to_unit


def image_table(pixels: np.ndarray, series: list[str]) -> ImageTable:
    return ImageTable(pixels, pd.DataFrame({"series_key": series}))


def test_window_spans_a_series_and_leaves_other_series_alone() -> None:
    pixels = np.zeros((3, 10, 10), dtype=np.uint16)
    pixels[0] = np.arange(100).reshape(10, 10)
    pixels[1] = np.arange(100, 200).reshape(10, 10)
    pixels[2] = 7
    windows = series_windows(image_table(pixels, ["a", "a", "b"]))
    # Of 200 pixels with the values 0..199, half a percent is one pixel: value 0; 99.5 % is 199 pixels: value 198.
    assert windows.tolist() == [[0, 198], [0, 198], [7, 7]]


def test_interleaved_series_share_one_window() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 3000, (4, 8, 8), dtype=np.uint16)
    mixed = series_windows(image_table(pixels, ["a", "b", "a", "b"]))
    apart = series_windows(image_table(pixels[[0, 2, 1, 3]], ["a", "a", "b", "b"]))
    assert mixed.tolist() == apart[[0, 2, 1, 3]].tolist()


def test_percentiles_agree_with_numpy() -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (2, 31, 17), dtype=np.uint16)
    window = series_windows(image_table(pixels, ["a", "a"]))[0]
    expected = np.percentile(pixels, [0.5, 99.5], method="inverted_cdf")
    assert window.tolist() == expected.tolist()


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected uint16"):
        series_windows(image_table(np.zeros((1, 2, 2), np.float32), ["a"]))


def test_unit_by_hand() -> None:
    pixels = np.array([[[0, 10, 20, 30]], [[0, 10, 20, 30]]], dtype=np.uint16)
    unit = to_unit(pixels, np.array([10, 0]), np.array([20, 40]))
    assert unit.dtype == np.float32
    assert unit.tolist() == [[[0, 0, 1, 1]], [[0, 0.25, 0.5, 0.75]]]


def test_a_window_without_width_gives_zeros() -> None:
    assert to_unit(np.full((2, 2), 9), 9, 9).tolist() == [[0, 0], [0, 0]]


def test_uint8_rounds() -> None:
    assert to_uint8(np.array([[0, 1, 2, 4]]), 0, 4).tolist() == [[0, 64, 128, 255]]


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint16, (3, 5, 4), elements=st.integers(0, 30000)), st.integers(1, 30000))
def test_brightness_of_a_series_does_not_matter(pixels: np.ndarray, shift: int) -> None:
    shifted = (pixels + shift).astype(np.uint16)
    both = [series_windows(image_table(p, ["a"] * 3)) for p in (pixels, shifted)]
    first, second = (to_unit(p, w[:, 0], w[:, 1]) for p, w in zip((pixels, shifted), both, strict=True))
    np.testing.assert_allclose(first, second, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint16, (3, 5, 4)))
def test_batch_equals_single(pixels: np.ndarray) -> None:
    lo, hi = np.array([0.0, 10.0, 500.0]), np.array([100.0, 10.0, 60000.0])
    batch = to_unit(pixels, lo, hi)
    for i in range(3):
        np.testing.assert_array_equal(batch[i], to_unit(pixels[i], lo[i], hi[i]))
    assert batch.min() >= 0.0
    assert batch.max() <= 1.0
