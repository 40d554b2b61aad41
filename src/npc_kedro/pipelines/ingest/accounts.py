"""The account of ``ingest``: every file, series, patient and outline is used or left out for one reason."""

import pandas as pd

from npc_kedro.clinical.attrition import Attrition
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import patients_without_series
from npc_kedro.errors import ConsistencyError
from npc_kedro.pipelines.ingest.outline_store import StoredOutlines
from npc_kedro.pipelines.ingest.slice_store import StoredSlices

TABLE, HEADERS, SERIES, DECODING, OUTLINES = (
    "clinical table",
    "file headers",
    "series choice",
    "decoding",
    "outlines",
)
"""The steps, as they stand in the attrition table."""

_LET_IN = ("", RejectReason.OUTLINE_OBJECT.value)
"""What the headers' step says of files that go on."""

_REPORT = ["file", "patient_key", "reason", "detail"]


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
    rejected = _rejected_files(files, series, stored, outlined)
    _count_patients(attrition, clinical, files, series, stored)
    _count_series(attrition, series, stored)
    used = _count_files(attrition, files, rejected)
    really = stored.used_files | (outlined.used_files & set(files["file"]))
    if used != len(really):
        msg = f"{used} files should have been used but {len(really)} were; please report this"
        raise ConsistencyError(msg)
    _count_outlines(attrition, outlined)
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
        notes={
            "uneven slice distances": int((series["chosen"] & ~series["even_spacing"]).sum()),
            "frames left out of multi-frame files": int((series["chosen"] & (series["frames_left_out"] > 0)).sum()),
            "notes in series_choice.csv": int((series["chosen"] & (series["notes"] != "")).sum()),
        },
    )
    empty = left - len(stored.slices)
    notes = {"frames of multi-frame files left out on decoding": _series_with_lost_frames(series, stored)}
    attrition.step(DECODING, "series", entered=left, reasons=[RejectReason.NO_USABLE_SLICE.value] * empty, notes=notes)


def _series_with_lost_frames(series: pd.DataFrame, stored: StoredSlices) -> int:
    """Series in use that gave fewer slices than expected, one for each refused file apart: flat frames are left out."""
    expected = series[series["chosen"]].set_index(["patient_key", "series_key"])["n_slices"].to_dict()
    pairs = zip(stored.tasks, stored.series, strict=True)
    found = 0
    for task, one in pairs:
        wanted = {source.file for source in task.files}
        refused = len(wanted & {file for file, _, _ in one.rejected})
        slices = sum(item.file in wanted for item in one.slices)
        found += 0 < slices < expected[task.patient_key, task.series_key] - refused
    return found


def _count_files(attrition: Attrition, files: pd.DataFrame, rejected: pd.DataFrame) -> int:
    left = len(files)
    objects = (files["reason"] == RejectReason.OUTLINE_OBJECT.value).any()
    for step in (HEADERS, SERIES, DECODING, *((OUTLINES,) if objects else ())):
        left = attrition.step(step, "files", entered=left, reasons=rejected.loc[rejected["step"] == step, "reason"])
    return left


def _count_outlines(attrition: Attrition, outlined: StoredOutlines) -> None:
    """Outline files; then the structures and contours of those in use."""
    if not outlined.files:
        return
    attrition.step(OUTLINES, "outlines", entered=len(outlined.files), reasons=[row[2] for row in outlined.rejected])
    for unit, (entered, refused) in (("structures", outlined.structures), ("contours", outlined.contours)):
        if refused:
            attrition.step(OUTLINES, unit, entered=entered, reasons=refused)


def _rejected_files(
    files: pd.DataFrame, series: pd.DataFrame, stored: StoredSlices, outlined: StoredOutlines
) -> pd.DataFrame:
    """Every file that is not used, once, with the step and reason at which it was left out."""
    passed_by = series[~series["chosen"]]
    unchosen = {(row.patient_key, row.series_key): (row.reason, row.detail) for row in passed_by.itertuples()}
    undecoded = {file: (reason.value, detail) for file, reason, detail in stored.rejected}
    listed = set(files["file"])
    rows = []
    columns = (files[name].tolist() for name in ("file", "patient_key", "series_key", "reason", "detail"))
    for file, patient_key, series_key, reason, detail in zip(*columns, strict=True):
        if file in undecoded:
            rows.append((file, patient_key, *undecoded[file], DECODING))
        elif reason not in _LET_IN and file not in stored.used_files:  # a spare may have been used
            rows.append((file, patient_key, reason, detail, HEADERS))
        elif not reason and (patient_key, series_key) in unchosen:
            rows.append((file, patient_key, *unchosen[patient_key, series_key], SERIES))
    rows += [
        (file, patient, reason.value, detail, OUTLINES)
        for file, patient, reason, detail in outlined.rejected
        if file in listed
    ]
    return pd.DataFrame(rows, columns=[*_REPORT, "step"], dtype=object)


def _refused_outlines(outlined: StoredOutlines) -> pd.DataFrame:
    rows = [(file, patient, reason.value, detail) for file, patient, reason, detail in outlined.rejected]
    return pd.DataFrame(rows, columns=_REPORT)


def _report(rejected: pd.DataFrame, outlined: StoredOutlines) -> pd.DataFrame:
    """The rejected files for readers: DICOM files and outlines, by patient and file."""
    outlines = _refused_outlines(outlined)
    others = outlines[~outlines["file"].isin(rejected["file"])]
    return pd.concat([rejected[_REPORT], others]).sort_values(["patient_key", "file"], ignore_index=True)
