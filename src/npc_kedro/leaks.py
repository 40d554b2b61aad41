"""Walls that must be tight, proved at run time: a patient is on one side only."""

from collections.abc import Iterable

import pandas as pd

from npc_kedro.errors import LeakError

_SHOWN = 5


def require_disjoint(first: Iterable[str], second: Iterable[str], what: str) -> None:
    """Raises LeakError if a patient key is in both; ``what`` names the two sides, e.g. "training and test patients"."""
    both = sorted(set(first) & set(second))
    if both:
        shown = ", ".join(both[:_SHOWN]) + (", ..." if len(both) > _SHOWN else "")
        msg = (
            f"leak: {len(both)} patient(s) are among both {what}: {shown}. A patient belongs to one side only; "
            f"run `kedro run --pipelines=split` again and retrain what used the old split."
        )
        raise LeakError(msg)


def require_no_test_patients(rows: pd.DataFrame) -> None:
    """Raises LeakError unless every row's ``part`` is fit or validation, with no patient in both.

    Args:
        rows: a table with columns ``part`` and ``patient_key``, such as ``train_crops``.
    """
    strangers = sorted(set(rows["part"]) - {"fit", "validation"})
    if strangers:
        msg = f"leak: a training was handed rows of part {strangers}; it may see only fit and validation patients"
        raise LeakError(msg)
    fit = rows.loc[rows["part"] == "fit", "patient_key"]
    validation = rows.loc[rows["part"] == "validation", "patient_key"]
    require_disjoint(fit, validation, "fit and inner validation patients")


def require_one_side(cohorts: pd.DataFrame) -> None:
    """Raises LeakError unless each patient has exactly one row and outlined patients are all in train."""
    twice = sorted(cohorts.loc[cohorts["patient_key"].duplicated(), "patient_key"].unique())
    if twice:
        msg = f"leak: {len(twice)} patient(s) have more than one row in the split, e.g. {twice[:_SHOWN]}"
        raise LeakError(msg)
    outlined = cohorts.loc[cohorts["outlined"].astype(bool) & (cohorts["cohort"] == "test"), "patient_key"]
    if len(outlined):
        msg = (
            f"leak: {len(outlined)} outlined patient(s) are in the test cohort, e.g. {sorted(outlined)[:_SHOWN]}; "
            "the segmenter learnt from their outlines, so they may only be in train"
        )
        raise LeakError(msg)
