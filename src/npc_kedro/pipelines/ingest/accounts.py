"""The account of ``ingest``: every file, series, patient and outline is used or left out for one reason."""

import pandas as pd

from npc_kedro.clinical.attrition import Attrition
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import patients_without_series
from npc_kedro.errors import ConsistencyError
from npc_kedro.pipelines.ingest.slice_store import StoredSlices
from npc_kedro.pipelines.ingest.stores import StoredOutlines

TABLE, HEADERS, SERIES, DECODING, OUTLINES = (
    "clinical table",
    "file headers",
    "series choice",
    "decoding",
    "outlines",
)
"""The steps, as they stand in the attrition table."""


def close_account(
    clinical: pd.DataFrame,
    files: pd.DataFrame,
    series: pd.DataFrame,
    stored: StoredSlices,
    outlined: StoredOutlines,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The attrition table and the rejected files.

    Raises:
        ConsistencyError: if anything is counted twice or lost.
    """
    attrition = Attrition()
    rejected = _rejected_files(files, series, stored)
    _count_patients(attrition, clinical, files, series, stored)
    _count_series(attrition, series, stored)
    used = _count_files(attrition, files, rejected)
    if used != len(stored.used_files):
        msg = f"{used} files should have been used but {len(stored.used_files)} were; please report this"
        raise ConsistencyError(msg)
    if outlined.files:
        attrition.step(OUTLINES, "outlines", entered=outlined.files, reasons=[row[2] for row in outlined.rejected])
    return attrition.table(), _report(rejected, outlined)


def _count_patients(
    attrition: Attrition, clinical: pd.DataFrame, files: pd.DataFrame, series: pd.DataFrame, stored: StoredSlices
) -> None:
    listed = set(clinical["patient_key"])
    without_row = set(files["patient_key"]) - {""} - listed
    excluded = [*clinical.loc[clinical["exclusion"] != "", "exclusion"]]
    excluded += [RejectReason.IMAGES_WITHOUT_ROW.value] * len(without_row)
    disagree = int((clinical["stage_disagrees"] & (clinical["exclusion"] == "")).sum())
    notes = {"AJCC stage is not that of T and N": disagree}
    left = attrition.step(TABLE, "patients", entered=len(listed | without_row), reasons=excluded, notes=notes)
    eligible = list(clinical.loc[clinical["exclusion"] == "", "patient_key"])
    without = patients_without_series(series, eligible)
    left = attrition.step(SERIES, "patients", entered=left, reasons=without.values())
    empty = set(eligible) - set(without) - set(stored.slices)
    attrition.step(DECODING, "patients", entered=left, reasons=[RejectReason.NO_USABLE_SLICE.value] * len(empty))


def _count_series(attrition: Attrition, series: pd.DataFrame, stored: StoredSlices) -> None:
    left = attrition.step(
        SERIES,
        "series",
        entered=len(series),
        reasons=series.loc[~series["chosen"], "reason"],
        notes={"uneven slice distances": int((series["chosen"] & ~series["even_spacing"]).sum())},
    )
    empty = left - len(stored.slices)
    attrition.step(DECODING, "series", entered=left, reasons=[RejectReason.NO_USABLE_SLICE.value] * empty)


def _count_files(attrition: Attrition, files: pd.DataFrame, rejected: pd.DataFrame) -> int:
    left = len(files)
    for step in (HEADERS, SERIES, DECODING):
        left = attrition.step(step, "files", entered=left, reasons=rejected.loc[rejected["step"] == step, "reason"])
    return left


def _rejected_files(files: pd.DataFrame, series: pd.DataFrame, stored: StoredSlices) -> pd.DataFrame:
    """Every file that is not used, once, with the step and reason at which it was left out."""
    at_door = files[files["reason"] != ""].assign(step=HEADERS)
    keys = ["patient_key", "series_key"]
    unchosen = series.loc[~series["chosen"], [*keys, "reason", "detail"]]
    passed_by = files[files["reason"] == ""].drop(columns=["reason", "detail"]).merge(unchosen, on=keys)
    failures = pd.DataFrame(
        [(file, reason.value, detail) for file, reason, detail in stored.rejected], columns=["file", "reason", "detail"]
    )
    failed = files.drop(columns=["reason", "detail"]).merge(failures, on="file")
    return pd.concat([at_door, passed_by.assign(step=SERIES), failed.assign(step=DECODING)], ignore_index=True)


def _report(rejected: pd.DataFrame, outlined: StoredOutlines) -> pd.DataFrame:
    """The rejected files for readers: DICOM files and outlines, by patient and file."""
    columns = ["file", "patient_key", "reason", "detail"]
    outlines = pd.DataFrame(
        [(file, patient, reason.value, detail) for file, patient, reason, detail in outlined.rejected], columns=columns
    )
    return pd.concat([rejected[columns], outlines]).sort_values(["patient_key", "file"], ignore_index=True)
