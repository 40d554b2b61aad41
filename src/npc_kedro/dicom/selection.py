"""Which series of a patient is used, and why every other one is not."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.timing import refused_by_date
from npc_kedro.errors import CohortError

CHOSEN_BY_EVIDENCE = "most_points"
CHOSEN_BY_OVERRIDE = "series_override"

_ALWAYS_UNUSABLE = (RejectReason.NOT_AXIAL.value,)
"""An override may overrule every rule about sequence and contrast, but the method is defined on axial slices."""

_TOLD_OF_PATIENTS = (RejectReason.TIED_SERIES, RejectReason.UNDATED_STUDIES, RejectReason.AFTER_TREATMENT_START)
"""Reasons of series that say, in this order, why a patient has none; otherwise nothing was a candidate."""


def read_override(path: Path, pseudonyms: Pseudonyms) -> dict[str, str]:
    """The user's choices, patient key to series key; empty if there is no ``series_override.csv``.

    Raises:
        CohortError: if columns are missing or a patient is listed twice.
    """
    if not path.is_file():
        return {}
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig", errors="replace")))
    missing = {"patient_id", "series_instance_uid"} - {name.strip() for name in reader.fieldnames or ()}
    if missing:
        msg = f"series_override.csv lacks {', '.join(sorted(missing))}; expected patient_id, series_instance_uid"
        raise CohortError(msg)
    chosen: dict[str, str] = {}
    for line, raw in enumerate(reader, start=2):
        row = {str(name).strip(): str(value or "").strip() for name, value in raw.items()}
        patient = pseudonyms.patient(row["patient_id"])
        if patient in chosen:
            msg = f"series_override.csv, row {line}: patient {patient} is listed twice; keep one row"
            raise CohortError(msg)
        chosen[patient] = pseudonyms.series(row["series_instance_uid"])
    return chosen


def choose_series(
    series: pd.DataFrame,
    *,
    excluded_patients: Mapping[str, str],
    override: Mapping[str, str],
    treatment_start: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Chooses at most one series per patient.

    Args:
        series: the survey's series with ``patient_key``, ``series_key``, ``study_key``, ``study_day``, ``points``,
            ``reason``, ``detail``.
        excluded_patients: patient key to reason code, for patients who are out already.
        override: patient key to series key.
        treatment_start: patient key to the day on which the treatment began, on the calendar of ``study_day``; patients
            without a known day are absent.

    Returns:
        ``series`` with a column ``chosen``; ``reason`` says why: a reason code, or how the series was chosen.
        ``days_before_treatment`` is NaN where either day is unknown.

    Raises:
        CohortError: if the override names a series that the patient does not have or that is not axial.
    """
    _check_override(series, override)
    starts = dict(treatment_start or {})
    begun = series["patient_key"].map(starts).astype("float64")
    judged = series.assign(chosen=False, days_before_treatment=begun - series["study_day"])
    for patient_key, rows in series.groupby("patient_key", sort=True):
        if patient_key in excluded_patients:
            reason = excluded_patients[str(patient_key)]
            judged.loc[rows.index, ["reason", "detail"]] = [reason, RejectReason(reason).meaning]
        elif patient_key in override:
            picked = rows.index[rows["series_key"] == override[str(patient_key)]]
            others = rows.index[(rows["series_key"] != override[str(patient_key)]) & (rows["reason"] == "")]
            judged.loc[others, "reason"] = RejectReason.NOT_IN_OVERRIDE.value
            judged.loc[picked, ["chosen", "reason"]] = [True, CHOSEN_BY_OVERRIDE]
        else:
            refused = refused_by_date(rows, starts.get(str(patient_key)))
            for index, (reason, detail) in refused.items():
                judged.loc[index, ["reason", "detail"]] = [reason.value, detail]
            _choose_by_points(judged, rows[(rows["reason"] == "") & ~rows.index.isin(list(refused))])
    return judged


def _choose_by_points(judged: pd.DataFrame, candidates: pd.DataFrame) -> None:
    """Marks the candidate with the most points; equals are a tie that only the user can break."""
    if candidates.empty:
        return
    best = candidates.index[candidates["points"] == candidates["points"].max()]
    judged.loc[candidates.index.difference(best), "reason"] = RejectReason.LOWER_SCORE.value
    if len(best) > 1:
        judged.loc[best, "reason"] = RejectReason.TIED_SERIES.value
        judged.loc[best, "detail"] = f"{len(best)} series with equal evidence; series_override.csv must decide"
        return
    judged.loc[best, ["chosen", "reason"]] = [True, CHOSEN_BY_EVIDENCE]


def _check_override(series: pd.DataFrame, override: Mapping[str, str]) -> None:
    known = series.set_index(["patient_key", "series_key"])["reason"]
    problems = []
    for patient_key, series_key in override.items():
        if (patient_key, series_key) not in known.index:
            problems.append(f"patient {patient_key} has no readable series {series_key}")
        elif known[patient_key, series_key] in _ALWAYS_UNUSABLE:
            problems.append(f"series {series_key} of patient {patient_key} is not axial")
    if problems:
        msg = "series_override.csv cannot be followed; correct these rows:\n- " + "\n- ".join(problems)
        raise CohortError(msg)


def patients_without_series(judged: pd.DataFrame, patients: list[str]) -> dict[str, str]:
    """Reason codes of those among ``patients`` for whom no series was chosen."""
    reasons: dict[str, str] = {}
    groups = dict(iter(judged.groupby("patient_key")))
    for patient_key in patients:
        rows = groups.get(patient_key)
        if rows is None:
            reasons[patient_key] = RejectReason.ROW_WITHOUT_IMAGES.value
        elif not rows["chosen"].any():
            told = [reason.value for reason in _TOLD_OF_PATIENTS if (rows["reason"] == reason.value).any()]
            reasons[patient_key] = told[0] if told else RejectReason.NO_CANDIDATE_SERIES.value
    return reasons
