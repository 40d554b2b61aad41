"""Which series of a patient is used, and why every other one is not."""

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro.clinical.side_table import IsMissing, no_marks
from npc_kedro.dicom.choices import Choices, read_patient_choices
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.timing import refused_by_date

CHOSEN_BY_EVIDENCE = "most_points"
CHOSEN_BY_OVERRIDE = "series_override"

_CHOSEN = "chosen"
_OVERRIDE_COLUMNS = ("patient_id", "series_instance_uid")

_ALWAYS_UNUSABLE = (RejectReason.NOT_AXIAL.value,)
"""An override may overrule every rule about sequence and contrast, but the method is defined on axial slices."""

_TOLD_OF_PATIENTS = (
    RejectReason.TIED_SERIES,
    RejectReason.SEVERAL_DAYS,
    RejectReason.INDISTINGUISHABLE_IMAGES,
    RejectReason.UNDATED_STUDIES,
    RejectReason.LONG_BEFORE_TREATMENT,
    RejectReason.AFTER_TREATMENT_START,
)
"""Reasons of series that say, in this order, why a patient has none; otherwise nothing was a candidate."""


def read_override(path: Path, pseudonyms: Pseudonyms, is_missing: IsMissing = no_marks) -> Choices:
    """The user's choices, patient key to series key; none if there is no ``series_override.csv``.

    Raises:
        CohortError: if columns are missing. Faults of rows are told by :func:`choose_series`.
    """
    columns = _OVERRIDE_COLUMNS
    return read_patient_choices(
        path, columns, pseudonyms, pseudonyms.series, identifiers=columns, is_missing=is_missing
    )


def choose_series(
    series: pd.DataFrame,
    *,
    excluded_patients: Mapping[str, str],
    override: Choices,
    treatment_start: Mapping[str, float] | None = None,
    max_days_before_treatment: float = math.inf,
) -> pd.DataFrame:
    """Chooses at most one series per patient.

    Args:
        series: the survey's series with ``patient_key``, ``series_key``, ``study_key``, ``study_day``, ``points``,
            ``reason``, ``detail``.
        excluded_patients: patient key to reason code, for patients who are out already.
        override: as :func:`read_override` gives them.
        treatment_start: patient key to the day on which the treatment began, on the calendar of ``study_day``; patients
            without a known day are absent.
        max_days_before_treatment: a study may lie so many days before that day.

    Returns:
        ``series`` with a column ``chosen``; ``reason`` says why: a reason code, or how the series was chosen.
        ``days_before_treatment`` is NaN where either day is unknown.

    Raises:
        CohortError: listing every row of the override that is faulty, or names a series that the patient does not have
            or that is not axial.
    """
    _check_override(series, override)
    starts = dict(treatment_start or {})
    rows = series.assign(chosen=False).to_dict("records")  # row by row, pandas takes a millisecond for every look
    by_patient: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_patient[row["patient_key"]].append(place)
    for patient_key, places in by_patient.items():
        if patient_key in excluded_patients:
            _tell(rows, places, RejectReason(excluded_patients[patient_key]))
        elif patient_key in override.chosen:
            _follow_override(rows, places, override.chosen[patient_key])
        else:
            start = starts.get(patient_key)
            days = {rows[place]["study_day"] for place in places}
            if start is not None or len(days) > 1 or len({rows[place]["study_key"] for place in places}) > 1:
                table = series.iloc[places].reset_index(drop=True)
                dated = refused_by_date(table, start, max_days_before=max_days_before_treatment)
                for place, (reason, detail) in dated.items():
                    _tell(rows, [places[place]], reason, detail)
            _choose_by_points(rows, [place for place in places if not rows[place]["reason"]])
    judged = series.copy()
    for column, kind in (("chosen", bool), ("reason", object), ("detail", object)):
        judged[column] = np.array([row[column] for row in rows], dtype=kind)
    begun = series["patient_key"].map(starts).astype("float64")
    return judged.assign(days_before_treatment=begun - series["study_day"])


def _tell(rows: list[dict[str, Any]], places: list[int], reason: RejectReason, detail: str | None = None) -> None:
    for place in places:
        rows[place] |= {"reason": reason.value, "detail": reason.meaning if detail is None else detail}


def _follow_override(rows: list[dict[str, Any]], places: list[int], series_key: str) -> None:
    for place in places:
        if rows[place]["series_key"] == series_key:
            rows[place] |= {"chosen": True, "reason": CHOSEN_BY_OVERRIDE}
        elif not rows[place]["reason"]:
            rows[place]["reason"] = RejectReason.NOT_IN_OVERRIDE.value


def _choose_by_points(rows: list[dict[str, Any]], candidates: list[int]) -> None:
    """Marks the candidate with the most points; equals are a tie that only the user can break."""
    most = max((rows[place]["points"] for place in candidates), default=0)
    best = [place for place in candidates if rows[place]["points"] == most]
    for place in candidates:
        rows[place]["reason"] = RejectReason.LOWER_SCORE.value
    if len(best) == 1:
        rows[best[0]] |= {"chosen": True, "reason": CHOSEN_BY_EVIDENCE}
    else:
        detail = f"{len(best)} series with equal evidence; series_override.csv must decide"
        _tell(rows, best, RejectReason.TIED_SERIES, detail)


def _check_override(series: pd.DataFrame, override: Choices) -> None:
    known = series.set_index(["patient_key", "series_key"])["reason"]
    for patient_key, series_key in override.chosen.items():
        if (patient_key, series_key) not in known.index:
            override.fault(patient_key, f"patient {patient_key} has no readable series {series_key}")
        elif known[patient_key, series_key] in _ALWAYS_UNUSABLE:
            override.fault(patient_key, f"series {series_key} of patient {patient_key} is not axial")
    override.table.require_sound()


def patients_without_series(judged: pd.DataFrame, patients: list[str]) -> dict[str, str]:
    """Reason codes of those among ``patients`` for whom no series was chosen."""
    found: dict[str, set[str]] = defaultdict(set)
    columns = (judged[name].tolist() for name in ("patient_key", "chosen", "reason"))
    for patient_key, chosen, reason in zip(*columns, strict=True):
        found[patient_key].add(_CHOSEN if chosen else reason)
    reasons: dict[str, str] = {}
    for patient_key in patients:
        if patient_key not in found:
            reasons[patient_key] = RejectReason.ROW_WITHOUT_IMAGES.value
        elif _CHOSEN not in found[patient_key]:
            told = [reason.value for reason in _TOLD_OF_PATIENTS if reason.value in found[patient_key]]
            reasons[patient_key] = told[0] if told else RejectReason.NO_CANDIDATE_SERIES.value
    return reasons
