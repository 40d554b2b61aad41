"""How real values become the stored 16 bits of a series."""

import numpy as np
import pytest

from npc_kedro.dicom.decoding import _Reach, _unfit, quantised

SIDE = 16


@pytest.mark.parametrize(
    ("low", "high"), [(-5.5, 812.25), (-3e38, 3e38), (0.0, 3e38), (0.0, 1e-36), (1e-3, 1.0001e-3), (0.25, 70_000.0)]
)
def test_any_range_that_a_file_can_have_fills_the_stored_one(low: float, high: float) -> None:
    image = np.linspace(low, high, SIDE * SIDE).astype(np.float32).reshape(SIDE, SIDE)
    pixels, scale, offset = quantised([image], SIDE)
    assert (pixels.min(), pixels.max()) == (0, 65_535)
    assert (np.diff(pixels.ravel().astype(int)) >= 0).all()
    back = pixels[0].astype(float) * scale + offset
    assert np.abs(back - image).max() <= 0.51 * scale


def test_no_range_leaves_the_stored_one_by_rounding() -> None:
    """Beyond 65,535 the stored integers would begin anew at 0."""
    rng = np.random.default_rng(3)
    for _ in range(2_000):
        middle, reach = rng.normal() * 10 ** rng.uniform(-6, 7), 10 ** rng.uniform(-6, 7)
        image = np.float32(middle + reach * np.linspace(-1.0, 1.0, SIDE * SIDE)).reshape(SIDE, SIDE)
        if image.min() == image.max():
            continue
        pixels, _, _ = quantised([image], SIDE)
        assert (np.diff(pixels.ravel().astype(int)) >= 0).all()


def test_whole_numbers_stay_as_they_are() -> None:
    image = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE) - 100
    pixels, scale, offset = quantised([image, image + 65_000 - SIDE * SIDE], SIDE)
    assert (scale, offset) == (1.0, -100.0)
    np.testing.assert_array_equal(pixels[0] + offset, image)


@pytest.mark.parametrize(
    ("ranges", "refused"),
    [
        ([(0.0, 900.0), (0.0, 4.0), (-5.5, 800.0)], {}),
        ([(0.0, 900.0), (0.0, 9e8), (0.0, 800.0)], {1: "invalid_tag"}),
        ([(1e12, 1e12 + 1e6), (0.0, 800.0), (0.0, 800.0)], {0: "invalid_tag"}),
        ([(0.0, 900.0), (0.0, 900.0), (0.0, 0.01), (5.0, 5.0)], {2: "constant_image", 3: "constant_image"}),
        ([(5.0, 5.0)], {0: "constant_image"}),
        ([(0.0, 1e-4), (0.0, 1e9)], {0: "constant_image"}),
        ([], {}),
    ],
)
def test_a_slice_without_contrast_beside_the_others_is_refused(
    ranges: list[tuple[float, float]], refused: dict[int, str]
) -> None:
    reaches = [_Reach(*one) for one in ranges]
    assert {index: reason for index, (reason, _) in _unfit(reaches).items()} == refused


@pytest.mark.parametrize(
    ("slopes", "levels", "refused"),
    [
        ([1.25, 1.25, 1925.0, 1.25], 980, {2}),
        ([1.25, 1.25, 12.5, 1.25], 980, set()),
        ([1.25, 1.25, 90.0, 1.25], 980, set()),  # in 16 bits there is room for both
        ([1.25, 1.25, 500.0, 1.25], 980, {2}),
        ([1.25, 1.25, 1e5, 1.25], 40, {2}),
        ([1925.0, 1925.0, 1.25, 1925.0], 980, set()),  # what most agree on stands
        ([1.25, 1925.0, 1925.0, 1.25, 1.25], 980, {1, 2}),
        ([1.25, 1925.0, 1925e3, 1.25, 1.25], 980, {1, 2}),
        ([1.25, 1925.0], 980, set()),  # nobody knows which
        ([], 980, set()),
    ],
)
def test_a_slice_beside_which_most_others_keep_few_of_their_levels_is_refused(
    slopes: list[float], levels: int, refused: set[int]
) -> None:
    found = _unfit([_Reach(0.0, levels * slope, slope) for slope in slopes])
    assert set(found) == refused
    assert all(reason == "invalid_tag" for reason, _ in found.values())


def test_few_levels_are_as_good_as_many_if_there_were_no_more() -> None:
    binary = [_Reach(0.0, 1.0, 1.0)] * 5
    assert _unfit([*binary, _Reach(0.0, 60_000.0, 1.0)]) == {}
