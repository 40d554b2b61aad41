"""The pipeline ``crop`` on slices with known masks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from omegaconf import OmegaConf

from npc_kedro.arrays import ImageTable
from npc_kedro.clinical.attrition import check_attrition
from npc_kedro.datasets.image_table import ImageTableDataset
from npc_kedro.errors import ConsistencyError
from npc_kedro.pipelines.crop import create_pipeline
from npc_kedro.pipelines.crop.parameters import CropParameters

SHIPPED = Path(__file__).parents[2] / "conf/base/crop/parameters.yml"
OWNERS = ["a", "a", "b", "c"]


def slices_of(pixels: np.ndarray) -> ImageTable:
    table = pd.DataFrame({"patient_key": OWNERS, "series_key": OWNERS, "spacing_row_mm": 2.0, "spacing_col_mm": 1.0})
    return ImageTable(pixels, table)


def masks_of(pixels: np.ndarray, owners: list[str] = OWNERS) -> ImageTable:
    return ImageTable(pixels, pd.DataFrame({"patient_key": owners}))


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 4000, (4, 24, 24), dtype=np.uint16)


@pytest.fixture
def predicted() -> np.ndarray:
    """Tumour on slice 0 (two parts), none on slice 1, one pixel on slice 2, none for patient c."""
    masks = np.zeros((4, 24, 24), dtype=np.uint8)
    masks[0, 4:8, 10:14] = 1
    masks[0, 12, 2] = 1
    masks[2, 23, 0] = 1
    return masks


def run(folder: Path, slices: ImageTable, masks: ImageTable, **changes: object) -> tuple[ImageTable, pd.DataFrame]:
    parameters = {
        "crop_size": 8, "parts": "all", "margin": 0.0, "margin_unit": "px", "square": False, "min_side_mm": 0.0,
        "scratch": str(folder / "scratch"),
    } | changes  # fmt: skip
    catalog = DataCatalog(
        {
            "slices": MemoryDataset(slices, copy_mode="assign"),
            "masks": MemoryDataset(masks, copy_mode="assign"),
            "patients": MemoryDataset(pd.DataFrame({"patient_key": ["a", "b", "c"]})),
            "params:crop": MemoryDataset(parameters),
            "crops": ImageTableDataset(filepath=str(folder / "crops")),
        }
    )
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    return catalog.load("crops"), outputs["attrition_crop"].load()


def test_boxes_are_recorded_and_empty_slices_counted(tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray) -> None:
    crops, attrition = run(tmp_path, slices_of(pixels), masks_of(predicted))
    assert crops.pixels.shape == (2, 8, 8)
    assert crops.pixels.dtype == np.uint8
    columns = ["slice_row", "patient_key", "top", "left", "bottom", "right", "clamped", "components", "area_px"]
    assert crops.table[columns].values.tolist() == [
        [0, "a", 4, 2, 12, 13, False, 2, 17],
        [2, "b", 23, 0, 23, 0, False, 1, 1],
    ]
    assert crops.table[["height_mm", "width_mm"]].values.tolist() == [[18.0, 12.0], [2.0, 1.0]]
    check_attrition(attrition)
    assert attrition.values.tolist() == [
        ["crop", "slices", 4, 2, 2, "empty_prediction"],
        ["crop", "patients", 3, 2, 1, "no_tumour_predicted"],
    ]
    assert not list((tmp_path / "scratch").iterdir())


def test_margin_minimum_and_border(tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray) -> None:
    crops, _ = run(tmp_path, slices_of(pixels), masks_of(predicted), parts="largest", margin=1, min_side_mm=8.0)
    columns = ["top", "left", "bottom", "right", "clamped"]
    assert crops.table[columns].values.tolist() == [[3, 8, 8, 15, False], [20, 0, 23, 7, True]]


def test_crops_show_the_windowed_slice(tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray) -> None:
    masks = np.zeros_like(predicted)
    masks[3, 5:13, 6:14] = 1
    pixels[3] = np.linspace(100, 1000, 24 * 24).reshape(24, 24).astype(np.uint16)
    crops, _ = run(tmp_path, slices_of(pixels), masks_of(masks))
    low, high = np.percentile(pixels[3], [0.5, 99.5], method="inverted_cdf")
    expected = np.rint(255 * (pixels[3, 5:13, 6:14].astype(float) - low) / (high - low))
    assert np.abs(crops.pixels[0].astype(float) - expected).max() <= 1


def test_brightness_of_the_scanner_does_not_reach_the_crops(
    tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray
) -> None:
    plain, _ = run(tmp_path / "plain", slices_of(pixels), masks_of(predicted))
    brighter, _ = run(tmp_path / "brighter", slices_of((pixels * 3 + 500).astype(np.uint16)), masks_of(predicted))
    assert np.abs(plain.pixels.astype(int) - brighter.pixels).max() <= 1


def test_no_prediction_at_all_gives_an_empty_store(tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray) -> None:
    crops, attrition = run(tmp_path, slices_of(pixels), masks_of(predicted * 0))
    assert len(crops) == 0
    assert attrition["used"].tolist() == [0, 0]


def test_masks_of_other_slices_are_refused(tmp_path: Path, pixels: np.ndarray, predicted: np.ndarray) -> None:
    with pytest.raises(ConsistencyError, match="Run the pipeline 'segment' again"):
        run(tmp_path, slices_of(pixels), masks_of(predicted, ["a", "b", "b", "c"]))


def test_shipped_parameters_are_valid() -> None:
    written = OmegaConf.load(SHIPPED)["crop"]
    written["crop_size"], written["scratch"] = 80, "unset"
    rule = CropParameters.model_validate(OmegaConf.to_container(written, resolve=True)).rule()
    assert rule.margin == 0
    assert not rule.square
    assert rule.min_side_mm == 20
