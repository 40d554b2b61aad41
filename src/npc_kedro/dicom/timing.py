"""Before or after the treatment began: what the dates of a patient's studies allow.

The study is about pre-treatment images. A patient scanned before and after induction chemotherapy has two good series,
and nothing but the date tells which one may be used.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pandas as pd

from npc_kedro.dicom.reasons import RejectReason

_WRITTEN = re.compile(r"(\d{4})([.-]?)(\d{2})\2(\d{2})", flags=re.ASCII)
_STRAY_SHARE = 0.2
"""A single file of another day may be a slip; a fifth of the files, or several that are a tenth, are not."""
_TOLD = 3
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_FIRST_DAY = "19000101"
"""Dates before are placeholders (00010101), those behind (99991231), and this one is."""


@lru_cache(maxsize=1024)
def day_of(written: str) -> date | None:
    """A DICOM date (YYYYMMDD, or YYYY.MM.DD before 1993: PS3.5, 6.2) or an ISO one as a day; None if it is none."""
    parts = _WRITTEN.fullmatch(written)
    if parts is None or not _FIRST_YEAR <= int(parts[1]) <= _LAST_YEAR or parts[1] + parts[3] + parts[4] == _FIRST_DAY:
        return None
    try:
        return date(int(parts[1]), int(parts[3]), int(parts[4]))
    except ValueError:
        return None


def seconds_of(written: str) -> float | None:
    """A DICOM time (HHMMSS.FFFFFF, colons and fewer digits allowed: PS3.5, 6.2) in seconds; None if it is none."""
    digits, _, fraction = written.replace(":", "").partition(".")
    if len(digits) not in (2, 4, 6) or not (digits + fraction).isdecimal() or not written.isascii():
        return None
    return int(digits[:2]) * 3600 + int(digits[2:4] or 0) * 60 + int(digits[4:] or 0) + float(f"0.{fraction or 0}")


@dataclass(frozen=True)
class Dating:
    """The day of a series.

    Attributes:
        day: of most of its files, of two the later; NaN if undated.
        note: what other days its files bear, in words; "" if none that matters.
        is_unclear: whether these are so many that the day must not be believed.
    """

    day: float = math.nan
    note: str = ""
    is_unclear: bool = False


def dated(days: Mapping[int, int]) -> Dating:
    """The day of a series whose files bear these, with their counts. An examination may run past midnight."""
    if not days:
        return Dating()
    day = max(days, key=lambda one: (days[one], one))
    files = sum(days.values())
    others = {one: count for one, count in days.items() if abs(one - day) > 1}
    if not others:
        return Dating(float(day))
    astray = sum(others.values())
    told = ", ".join(f"{abs(one - day)} days {'later' if one > day else 'earlier'}" for one in sorted(others)[:_TOLD])
    note = f"{astray} of {files} files are of another day ({told}{', ...' if len(others) > _TOLD else ''})"
    unclear = astray > _STRAY_SHARE * files or (astray > 1 and astray >= files / 10)
    return Dating(float(day), note, unclear)


def refused_by_date(
    series: pd.DataFrame, treatment_start: float | None, *, max_days_before: float = math.inf
) -> dict[int, tuple[RejectReason, str]]:
    """The candidates among one patient's series that the dates rule out.

    With a treatment start: whatever was made after that day or too long before it, then all but the last study of the
    rest. Without one: all candidates, as soon as the patient was examined on more than one day (a study without a date
    counts as a day of its own). A patient with a single examination needs no dates; see :func:`used_undated`.

    Args:
        series: all series of one patient with ``study_key``, ``study_day`` (NaN if undated), ``reason`` (empty for a
            candidate).
        treatment_start: the day on which the treatment began, on the calendar of ``study_day``; None if unknown.
        max_days_before: a study may lie so many days before it.

    Returns:
        Index in ``series`` to reason code and detail.
    """
    days = _days_of(series)
    visits = {key if math.isnan(day) else day for key, day in zip(series["study_key"], days.values(), strict=True)}
    candidates = [index for index, reason in zip(days, series["reason"], strict=True) if reason == ""]
    if treatment_start is None or math.isnan(treatment_start):
        if len(visits) < 2:
            return {}
        detail = f"examined {_told_of(visits)}, and the clinical table gives no treatment_start"
        return dict.fromkeys(candidates, (RejectReason.UNDATED_STUDIES, detail))
    refused: dict[int, tuple[RejectReason, str]] = {}
    for index in candidates:
        if days[index] > treatment_start:
            detail = f"{days[index] - treatment_start:.0f} days after the treatment began"
            refused[index] = (RejectReason.AFTER_TREATMENT_START, detail)
        elif treatment_start - days[index] > max_days_before:
            detail = f"{treatment_start - days[index]:.0f} days before the treatment began; at most {max_days_before:g}"
            refused[index] = (RejectReason.LONG_BEFORE_TREATMENT, detail)
        elif math.isnan(days[index]) and len(visits) > 1:
            refused[index] = (RejectReason.UNDATED_STUDIES, "the study has no date, and the patient has other studies")
    remaining = [index for index in candidates if index not in refused]
    last = max((days[index] for index in remaining), default=math.nan)
    for index in remaining:
        if days[index] < last:
            detail = f"{last - days[index]:.0f} days before the study that is used"
            refused[index] = (RejectReason.EARLIER_STUDY, detail)
    return refused


def _days_of(series: pd.DataFrame) -> dict[int, float]:
    """Index to day; a study that runs past midnight is of the day on which it began."""
    begun = series.groupby("study_key")["study_day"].transform("min")
    same = series["study_day"] - begun <= 1
    return {int(index): float(day) for index, day in series["study_day"].mask(same, begun).items()}


def _told_of(visits: set[float | str]) -> str:
    """Days, and studies without one (their keys), in words."""
    undated = sum(isinstance(visit, str) for visit in visits)
    days = len(visits) - undated
    told = [f"on {days} day{'s' if days > 1 else ''}"] if days else []
    told += [f"in {undated} undated {'studies' if undated > 1 else 'study'}"] if undated else []
    return " and ".join(told)


def used_undated(judged: pd.DataFrame, clinical: pd.DataFrame) -> list[str]:
    """Patients with a treatment start whose chosen series has no date: nothing shows that it was made before.

    Args:
        judged: all series with ``patient_key``, ``chosen`` and ``study_day``.
        clinical: patients with ``treatment_start_day``, NaN if unknown.
    """
    begun = clinical.loc[clinical["treatment_start_day"].notna(), "patient_key"]
    undated = judged["chosen"] & judged["study_day"].isna() & judged["patient_key"].isin(begun)
    return sorted(judged.loc[undated, "patient_key"])
