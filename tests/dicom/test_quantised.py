"""How real values become the stored 16 bits of a series."""

import numpy as np
import pytest

from npc_kedro.dicom.decoding import quantised

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


def test_whole_numbers_stay_as_they_are() -> None:
    image = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE) - 100
    pixels, scale, offset = quantised([image, image + 65_000 - SIDE * SIDE], SIDE)
    assert (scale, offset) == (1.0, -100.0)
    np.testing.assert_array_equal(pixels[0] + offset, image)
