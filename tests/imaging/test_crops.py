"""The box round a predicted tumour, by hand."""

import numpy as np
import pytest

from npc_kedro.imaging.boxes import Box
from npc_kedro.imaging.crops import CropRule, cropped, tumour_box


def mask_with(*boxes: Box, shape: tuple[int, int] = (40, 40)) -> np.ndarray:
    mask = np.zeros(shape, dtype=np.uint8)
    for box in boxes:
        box.of(mask)[:] = 1
    return mask


TUMOUR = Box(10, 12, 19, 15)


def test_without_margin_the_box_is_the_tumours() -> None:
    found = tumour_box(mask_with(TUMOUR), (1.0, 1.0), CropRule())
    assert found is not None
    assert found.box == TUMOUR
    assert (found.area_px, found.components, found.clamped) == (40, 1, False)


def test_empty_prediction_has_no_box() -> None:
    assert tumour_box(np.zeros((8, 8)), (1.0, 1.0), CropRule()) is None


def test_a_fraction_counts_the_longer_side() -> None:
    found = tumour_box(mask_with(TUMOUR), (1.0, 1.0), CropRule(margin=0.2))
    assert found is not None
    assert found.box == Box(8, 10, 21, 17)


def test_a_margin_in_pixels() -> None:
    found = tumour_box(mask_with(TUMOUR), (0.5, 2.0), CropRule(margin=3, margin_unit="px"))
    assert found is not None
    assert found.box == Box(7, 9, 22, 18)


def test_square_is_square_in_millimetres() -> None:
    found = tumour_box(mask_with(TUMOUR), (1.0, 2.0), CropRule(square=True))
    assert found is not None
    assert found.box == Box(10, 12, 19, 16)  # 10 x 1 mm high, 5 x 2 mm wide


def test_a_speck_is_enlarged() -> None:
    found = tumour_box(mask_with(Box(20, 20, 20, 20)), (2.0, 2.0), CropRule(min_side_mm=9.0))
    assert found is not None
    assert found.box == Box(18, 18, 22, 22)


def test_bad_input_31_a_tumour_at_the_border_is_clamped_and_recorded() -> None:
    found = tumour_box(mask_with(Box(0, 36, 3, 39)), (1.0, 1.0), CropRule(margin=2, margin_unit="px"))
    assert found is not None
    assert found.clamped
    assert found.box == Box(0, 32, 7, 39)


@pytest.mark.parametrize(("parts", "expected", "area"), [("all", Box(2, 2, 19, 15), 44), ("largest", TUMOUR, 40)])
def test_bad_input_31_several_components(parts: str, expected: Box, area: int) -> None:
    found = tumour_box(mask_with(TUMOUR, Box(2, 2, 3, 3)), (1.0, 1.0), CropRule(parts=parts))  # type: ignore[arg-type]
    assert found is not None
    assert (found.box, found.area_px, found.components) == (expected, area, 2)


def test_crops_show_the_box_and_nothing_else() -> None:
    image = np.zeros((10, 10), dtype=np.float32)
    image[2:6, 4:8] = 1.0
    assert cropped(image, Box(2, 4, 5, 7), 8).tolist() == np.full((8, 8), 255).tolist()
    assert cropped(image, Box(6, 0, 9, 3), 3).max() == 0


def test_shrinking_averages() -> None:
    image = np.tile(np.array([[0.0, 1.0]], dtype=np.float32), (4, 2))
    assert cropped(image, Box(0, 0, 3, 3), 2).tolist() == [[128, 128], [128, 128]]


@pytest.mark.parametrize(("side_mm", "spacing_mm"), [(20.0, 0.1), (2.1, 0.7), (20.0, 0.4)])
def test_rounding_noise_adds_no_pixel(side_mm: float, spacing_mm: float) -> None:
    """2.1 / 0.7 is 3.0000000000000004."""
    mask = mask_with(Box(150, 150, 150, 150), shape=(300, 300))
    found = tumour_box(mask, (spacing_mm, spacing_mm), CropRule(min_side_mm=side_mm))
    assert found is not None
    assert found.box.height == found.box.width == round(side_mm / spacing_mm)
