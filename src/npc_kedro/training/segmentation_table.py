"""Dice of the segmenters with patient-bootstrap intervals, and which of them is better."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from npc_kedro.errors import CohortError
from npc_kedro.statistics.bootstrap import clustered_mean_interval
from npc_kedro.training.metrics import dice, per_patient_sum

PARTS = ("train", "validation", "test")
_COLUMNS = ["segmenter", "part", "level", "n", "n_empty", "dice", "dice_lo", "dice_hi", "chosen"]


def segmentation_table(
    tables: Mapping[str, pd.DataFrame], *, n_resamples: int, seed: int, level: float = 0.95
) -> pd.DataFrame:
    """Mean Dice by segmenter, part and level.

    Level ``slice`` averages over slices, ``patient`` over patients, each by the Dice over all of the patient's slices.
    Where neither outline nor mask has a pixel Dice is undefined: such slices are counted in ``n_empty``, not in ``n``.

    Args:
        tables: per segmenter: patient_key, part, slice_row, dice, outline_area_px, predicted_area_px.
        n_resamples: bootstrap resamples, by patient.
        seed: of the draws.
        level: confidence level of the interval; nan where fewer than two patients make one impossible.

    Returns:
        segmenter, part, level, n, n_empty, dice, dice_lo, dice_hi, chosen (the segmenter with the highest patient-level
        Dice on validation patients; among equals the first named).

    Raises:
        CohortError: if no validation patient has a defined Dice.
    """
    rows = []
    for segmenter, table in tables.items():
        for part in PARTS:
            of_part = table[table["part"] == part]
            for name, values, patients in (("patient", *patient_level(of_part)), ("slice", *_slice_level(of_part))):
                defined = np.isfinite(values)
                summary = _mean(values[defined], patients[defined], n_resamples=n_resamples, seed=seed, level=level)
                n = int(defined.sum())
                rows.append([segmenter, part, name, n, len(values) - n, *summary, False])
    summary = pd.DataFrame(rows, columns=_COLUMNS)
    summary["chosen"] = summary["segmenter"] == _best(summary)
    return summary


def patient_level(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Dice of each patient over all of the patient's slices, and the sorted patient keys."""
    patients = table["patient_key"].to_numpy().astype(str)
    outlined, predicted = table["outline_area_px"].to_numpy(), table["predicted_area_px"].to_numpy()
    overlap = np.nan_to_num(table["dice"].to_numpy(dtype=np.float64)) * (outlined + predicted) / 2.0
    keys, overlap_sum = per_patient_sum(overlap, patients)
    return dice(overlap_sum, per_patient_sum(outlined, patients)[1], per_patient_sum(predicted, patients)[1]), keys


def _slice_level(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return table["dice"].to_numpy(dtype=np.float64), table["patient_key"].to_numpy().astype(str)


def _mean(
    values: np.ndarray, patients: np.ndarray, *, n_resamples: int, seed: int, level: float
) -> tuple[float, float, float]:
    if len(np.unique(patients)) < 2:
        return (float(values.mean()) if len(values) else float("nan"), float("nan"), float("nan"))
    interval = clustered_mean_interval(values, patients, seed=seed, n_resamples=n_resamples, level=level)
    return interval.estimate, interval.lo, interval.hi


def _best(summary: pd.DataFrame) -> str:
    rows = summary[(summary["part"] == "validation") & (summary["level"] == "patient") & summary["dice"].notna()]
    if rows.empty:
        msg = "no validation patient has a tumour in outline or mask: the segmenters cannot be compared"
        raise CohortError(msg)
    return str(rows.loc[rows["dice"].idxmax(), "segmenter"])
