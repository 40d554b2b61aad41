"""Which of several studies lies before the treatment."""

import math
from datetime import date

import pandas as pd
import pytest

from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.timing import day_of, refused_by_date

AFTER, EARLIER, UNDATED, LONG = (
    RejectReason.AFTER_TREATMENT_START, RejectReason.EARLIER_STUDY, RejectReason.UNDATED_STUDIES,
    RejectReason.LONG_BEFORE_TREATMENT,
)  # fmt: skip


def studies(*days: float, reasons: tuple[str, ...] = ()) -> pd.DataFrame:
    """A series for each day, each in a study of its own; candidates unless ``reasons`` says otherwise."""
    return pd.DataFrame(
        {
            "study_key": [f"study{number}" for number in range(len(days))],
            "study_day": list(days),
            "reason": list(reasons) or [""] * len(days),
        }
    )


@pytest.mark.parametrize(
    ("days", "start", "expected"),
    [
        ((10.0,), None, {}),
        ((math.nan,), 5.0, {}),
        ((10.0, 10.0), None, {}),
        ((10.0, 40.0), None, {0: UNDATED, 1: UNDATED}),
        ((math.nan, math.nan), None, {0: UNDATED, 1: UNDATED}),
        ((10.0,), 9.0, {0: AFTER}),
        ((10.0,), 10.0, {}),
        ((10.0, 40.0), 20.0, {1: AFTER}),
        ((10.0, 15.0, 40.0), 20.0, {0: EARLIER, 2: AFTER}),
        ((10.0, math.nan), 20.0, {1: UNDATED}),
    ],
)
def test_bad_input_22_the_last_study_before_the_treatment(
    days: tuple[float, ...], start: float | None, expected: dict[int, RejectReason]
) -> None:
    assert {index: reason for index, (reason, _) in refused_by_date(studies(*days), start).items()} == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((69.0,), {}),
        ((68.0,), {0: LONG}),
        ((10.0, 95.0), {0: LONG}),
        ((10.0, 70.0, 80.0, 101.0), {0: LONG, 1: EARLIER, 3: AFTER}),
        ((math.nan,), {}),
    ],
)
def test_bad_input_22_a_study_may_lie_a_month_before_the_treatment(
    days: tuple[float, ...], expected: dict[int, RejectReason]
) -> None:
    found = refused_by_date(studies(*days), 100.0, max_days_before=31)
    assert {index: reason for index, (reason, _) in found.items()} == expected


@pytest.mark.parametrize(("start", "expected"), [(None, {}), (21.0, {}), (20.0, {}), (19.0, {0: AFTER, 1: AFTER})])
def test_bad_input_22_a_study_past_midnight_is_one_visit(start: float | None, expected: dict) -> None:
    one = studies(20.0, 21.0).assign(study_key="study0")
    assert {index: reason for index, (reason, _) in refused_by_date(one, start).items()} == expected
    two_studies = refused_by_date(studies(20.0, 21.0), None)
    assert set(two_studies) == {0, 1}


def test_bad_input_22_a_study_that_holds_no_candidate_still_makes_the_date_necessary() -> None:
    found = refused_by_date(studies(10.0, 40.0, reasons=("not_axial", "")), None)
    assert found[1][0] is UNDATED
    assert set(found) == {1}


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ((10.0, 40.0), "on 2 days"),
        ((10.0, math.nan), "on 1 day and in 1 undated study"),
        ((math.nan, math.nan, 10.0, 40.0), "on 2 days and in 2 undated studies"),
        ((math.nan, math.nan), "in 2 undated studies"),
    ],
)
def test_days_and_undated_studies_are_told_apart(days: tuple[float, ...], told: str) -> None:
    (_, detail), *_ = refused_by_date(studies(*days), None).values()
    assert detail == f"examined {told}, and the clinical table gives no treatment_start"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20200229", date(2020, 2, 29)), ("2020.02.29", date(2020, 2, 29)), ("2020-02-29", date(2020, 2, 29)),
        ("20210229", None), ("2020.0229", None), ("00000000", None), ("00010101", None), ("19000101", None), ("", None),
    ],
)  # fmt: skip
def test_days_as_dicom_writes_them(written: str, day: date | None) -> None:
    assert day_of(written) == day


def test_a_shifted_calendar_keeps_distances_and_hides_dates() -> None:
    keys = Pseudonyms(SIMULATED_KEY)
    first, second = keys.patient("1"), keys.patient("2")
    days = [keys.shifted_day(first, date(2020, 1, day)) for day in (1, 31)]
    assert days[1] - days[0] == 30
    assert days[0] != keys.shifted_day(second, date(2020, 1, 1))
    assert Pseudonyms(b"k" * 16).shifted_day(first, date(2020, 1, 1)) != days[0]
