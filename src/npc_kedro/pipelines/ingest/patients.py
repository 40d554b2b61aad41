"""Patients past the door: who is used, and who is left out at which step and why."""

from collections.abc import Iterator

import pandas as pd

from npc_kedro.clinical.covariates import PREFIX
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import patients_without_series
from npc_kedro.pipelines.ingest.accounts import DECODING, SERIES, TABLE

_STUDY_COLUMNS = ["patient_key", "arm", "residual_tumor", "age", "sex", "ajcc_stage", "t_stage", "n_stage"]


def patients_in_use(clinical: pd.DataFrame, slices: pd.DataFrame, *, simulated: bool) -> pd.DataFrame:
    """The patients with slices, in the study's words, with the covariates that came along."""
    counts = slices.groupby("patient_key").agg(outlined=("outlined", "any"), n_slices=("patient_key", "size"))
    covariates = [column for column in clinical.columns if column.startswith(PREFIX)]
    rows = clinical[_STUDY_COLUMNS].merge(counts, on="patient_key", how="inner", validate="one_to_one")
    rows["residual_tumor"] = rows["residual_tumor"].astype(int)
    rows["simulated"] = simulated
    rows = rows.merge(clinical[["patient_key", *covariates]], on="patient_key", validate="one_to_one")
    return rows.sort_values("patient_key", ignore_index=True)


def patients_left_out(
    clinical: pd.DataFrame, files: pd.DataFrame, series: pd.DataFrame, used: pd.DataFrame
) -> pd.DataFrame:
    """Every patient of the table or the folder who is not used, once.

    Returns:
        patient_key, table_row (of the clinical table; empty if the patient is not in it), step, reason, detail; sorted.
    """
    rows = [*_by_table(clinical), *_without_row(clinical, files), *_by_images(clinical, series, used)]
    columns = ["patient_key", "table_row", "step", "reason", "detail"]
    return pd.DataFrame(rows, columns=columns).sort_values("patient_key", ignore_index=True)


def _by_table(clinical: pd.DataFrame) -> Iterator[tuple[str, str, str, str, str]]:
    for row in clinical[clinical["exclusion"] != ""].itertuples():
        meaning = RejectReason(row.exclusion).meaning
        detail = f"{meaning}: {row.missing_items.replace(' ', ', ')}" if row.missing_items else meaning
        yield row.patient_key, str(row.table_row), TABLE, row.exclusion, detail


def _without_row(clinical: pd.DataFrame, files: pd.DataFrame) -> Iterator[tuple[str, str, str, str, str]]:
    reason = RejectReason.IMAGES_WITHOUT_ROW
    for patient in sorted(set(files["patient_key"]) - {""} - set(clinical["patient_key"])):
        yield patient, "", TABLE, reason.value, reason.meaning


def _by_images(
    clinical: pd.DataFrame, series: pd.DataFrame, used: pd.DataFrame
) -> Iterator[tuple[str, str, str, str, str]]:
    eligible = clinical[clinical["exclusion"] == ""].set_index("patient_key")["table_row"]
    without = patients_without_series(series, list(eligible.index))
    with_slices = set(used["patient_key"])
    for patient, table_row in eligible.items():
        if str(patient) in without:
            reason = RejectReason(without[str(patient)])
            yield str(patient), str(table_row), SERIES, reason.value, reason.meaning
        elif patient not in with_slices:
            reason = RejectReason.NO_USABLE_SLICE
            yield str(patient), str(table_row), DECODING, reason.value, reason.meaning


def disagreement(clinical: pd.DataFrame, series: pd.DataFrame, *, file: str) -> str:
    """One message on all rows without images and all images without a row; empty if there are none."""
    imaged = set(series["patient_key"])
    rows = clinical[~clinical["patient_key"].isin(imaged)].sort_values("table_row")
    lines = [
        f"row {row.table_row}, column patient_id: patient {row.patient_key} has no readable MR image"
        for row in rows.itertuples()
    ]
    lines += [
        f"no row: patient {patient} has images, but is not in column patient_id"
        for patient in sorted(imaged - set(clinical["patient_key"]))
    ]
    if not lines:
        return ""
    return (
        f"{file} and the DICOM folder disagree about {len(lines)} patients, who are left out; correct the identifiers, "
        "or join them in identifiers.csv (excluded_patients.csv lists them too):\n- " + "\n- ".join(lines)
    )
