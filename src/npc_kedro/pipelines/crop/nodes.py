"""The node of ``crop``: slice by slice, so that memory stays flat and time grows with the number of slices."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro import reporter
from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.clinical.attrition import Attrition
from npc_kedro.errors import ConsistencyError
from npc_kedro.imaging.crops import TumourBox, cropped, tumour_box
from npc_kedro.imaging.intensities import series_windows, to_unit
from npc_kedro.pipelines.crop.parameters import CropParameters

_log = logging.getLogger(__name__)

STEP = "crop"
EMPTY_PREDICTION = "empty_prediction"
NO_CROP = "no_tumour_predicted"

COLUMNS = [
    "slice_row", "patient_key", "top", "left", "bottom", "right", "clamped", "components", "area_px",
    "height_mm", "width_mm",
]  # fmt: skip

_REPORT_EVERY = 64
_SHOWN = 5


def crop_tumours(
    slices: ImageTable, masks: ImageTable, patients: pd.DataFrame, parameters: dict[str, Any]
) -> tuple[ImageTable, pd.DataFrame]:
    """Cuts the rectangle round every predicted tumour; slices without a prediction are dropped and counted.

    Returns:
        the crops, uint8 (k, S, S) in the order of the slices, and the account of what is left out.

    Raises:
        ConsistencyError: if the masks are not those of the slices.
    """
    settings = CropParameters.model_validate(parameters)
    _require_aligned(slices, masks)
    windows = series_windows(slices)
    spacings = slices.table[["spacing_row_mm", "spacing_col_mm"]].to_numpy()
    rule, size = settings.rule(), settings.crop_size
    rows: list[dict[str, object]] = []
    with ImageTableWriter(settings.scratch, shape=(size, size), dtype=np.uint8) as writer:
        for row, patient_key in enumerate(slices.table["patient_key"]):
            tumour = tumour_box(np.asarray(masks.pixels[row]), tuple(spacings[row]), rule)
            if tumour is not None:
                unit = to_unit(slices.pixels[row], *windows[row])
                writer.append(cropped(unit, tumour.box, size))
                rows.append(_crop_row(row, str(patient_key), tumour, spacings[row]))
            if row % _REPORT_EVERY == 0:
                reporter.current().progress(row + 1, len(slices))
        crops = writer.finish(pd.DataFrame(rows, columns=COLUMNS))
    attrition = _account(slices, crops, patients)
    _log.info("Crops: %d of %d slices, %d patients", len(crops), len(slices), crops.table["patient_key"].nunique())
    return crops, attrition


def _require_aligned(slices: ImageTable, masks: ImageTable) -> None:
    same = len(slices) == len(masks) and slices.pixels.shape == masks.pixels.shape
    if not same or not slices.table["patient_key"].equals(masks.table["patient_key"]):
        msg = (
            f"masks {masks.pixels.shape} are not those of the slices {slices.pixels.shape}: they belong to another "
            "ingest. Run the pipeline 'segment' again."
        )
        raise ConsistencyError(msg)


def _crop_row(row: int, patient_key: str, tumour: TumourBox, spacing_mm: np.ndarray) -> dict[str, object]:
    box = tumour.box
    return {
        "slice_row": row,
        "patient_key": patient_key,
        "top": box.top,
        "left": box.left,
        "bottom": box.bottom,
        "right": box.right,
        "clamped": tumour.clamped,
        "components": tumour.components,
        "area_px": tumour.area_px,
        "height_mm": float(box.height * spacing_mm[0]),
        "width_mm": float(box.width * spacing_mm[1]),
    }


def _account(slices: ImageTable, crops: ImageTable, patients: pd.DataFrame) -> pd.DataFrame:
    """Slices without a prediction, and patients left without any crop."""
    attrition = Attrition()
    attrition.step(STEP, "slices", entered=len(slices), reasons=[EMPTY_PREDICTION] * (len(slices) - len(crops)))
    lost = sorted(set(patients["patient_key"]) - set(crops.table["patient_key"]))
    attrition.step(STEP, "patients", entered=len(patients), reasons=[NO_CROP] * len(lost))
    if lost:
        _log.warning("%d patients are left out, no tumour predicted on any slice: %s", len(lost), _some(lost))
    return attrition.table()


def _some(patient_keys: list[str]) -> str:
    """The first few keys; the log is no table."""
    return ", ".join(patient_keys[:_SHOWN]) + (", ..." if len(patient_keys) > _SHOWN else "")
