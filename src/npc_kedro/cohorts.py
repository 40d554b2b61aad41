"""Dividing patients: 4:1 within each arm, stratified by outcome, outlined patients only in train."""

import math

import numpy as np
import pandas as pd

from npc_kedro.errors import CohortError
from npc_kedro.study import Arm

_MIN_PER_OUTCOME = 2
"""Training patients of each outcome below which no inner validation split is possible."""

_PARTS = {
    "test": "in the test cohort, so that no AUC exists",
    "validation": "for inner validation",
    "fit": "left to learn from",
}


def is_simulated(patients: pd.DataFrame) -> bool:
    """Whether any of these patients is simulated: one is enough to mark every result."""
    return bool(patients["simulated"].any())


def draw_split(patients: pd.DataFrame, *, test_share: float, validation_share: float, seed: int) -> pd.DataFrame:
    """Divides patients into train and test, and train into fit and inner validation.

    The test cohort of an arm takes ``round(test_share * n)`` patients, drawn from those without outlines, in the arm's
    own proportion of outcomes. The draw depends on the seed and the set of patients, not on their order.

    Args:
        patients: one row a patient with ``patient_key``, ``arm``, ``residual_tumor`` (0/1), ``outlined``.
        test_share: share of each arm's patients in the test cohort.
        validation_share: share of the training patients kept for inner validation.
        seed: of the draw.

    Returns:
        patient_key, arm, residual_tumor, outlined, cohort (train, test), part (fit, validation, test), sorted by key.

    Raises:
        CohortError: listing every arm that is absent, or lacks patients of either outcome for fit, validation or test.
    """
    problems: list[str] = []
    arms = [
        _split_arm(patients[patients["arm"] == arm.value], arm, (test_share, validation_share), [seed, index], problems)
        for index, arm in enumerate(Arm)
    ]
    if problems:
        msg = (
            "The cohort cannot be divided into patients to learn from, to validate on and to test on:\n- "
            + "\n- ".join(problems)
            + "\nExpected at least one patient of each outcome in each part. Add patients, change the shares under "
            "`split`, or check the outcome column and how many patients were lost on the way (attrition.csv, "
            "excluded_patients.csv)."
        )
        raise CohortError(msg)
    columns = ["patient_key", "arm", "residual_tumor", "outlined", "cohort", "part"]
    return pd.concat(arms)[columns].sort_values("patient_key", ignore_index=True)


def forecast_split(patients: pd.DataFrame, *, test_share: float, validation_share: float, seed: int) -> pd.DataFrame:
    """How many patients of each arm and outcome a division would give, before anything is trained.

    The later division has at most these patients: those without a predicted tumour drop out.

    Returns:
        arm, residual_tumor, patients, outlined, fit, validation, test.

    Raises:
        CohortError: as :func:`draw_split`, listing everything at once.
    """
    drawn = draw_split(patients, test_share=test_share, validation_share=validation_share, seed=seed)
    groups = drawn.groupby(["arm", "residual_tumor"], sort=True)
    counted = groups.agg(patients=("patient_key", "size"), outlined=("outlined", "sum"))
    for part in ("fit", "validation", "test"):
        counted[part] = groups["part"].agg(lambda parts, part=part: int((parts == part).sum()))
    return counted.reset_index()


def _split_arm(
    patients: pd.DataFrame, arm: Arm, shares: tuple[float, float], seed: list[int], problems: list[str]
) -> pd.DataFrame:
    """One arm's patients with ``cohort`` and ``part``; what is amiss is added to ``problems``."""
    rng = np.random.default_rng(seed)
    test_share, validation_share = shares
    shuffled = patients.sort_values("patient_key").sample(frac=1, random_state=rng)
    is_test = shuffled["patient_key"].isin(_draw(shuffled[~shuffled["outlined"]], _quota(shuffled, test_share)))
    train = shuffled[~is_test]
    is_validation = shuffled["patient_key"].isin(_draw(train, _quota(train, validation_share)))
    part = np.where(is_test, "test", np.where(is_validation, "validation", "fit"))
    problems += _lacking(shuffled, part, arm)
    return shuffled.assign(cohort=np.where(is_test, "test", "train"), part=part)


def _lacking(patients: pd.DataFrame, part: np.ndarray, arm: Arm) -> list[str]:
    """Sentences on what an arm lacks: an outcome altogether, or in one of its parts."""
    n_residual, n_clear = _outcomes(patients)
    if min(n_residual, n_clear) == 0:
        return [f"arm {arm.value}: found {n_residual} patients with residual tumour and {n_clear} without at all"]
    n_free = _outcomes(patients[~patients["outlined"]])
    told = []
    for name, where in _PARTS.items():
        found = _outcomes(patients[part == name])
        if min(found) == 0:
            told.append(
                f"arm {arm.value}: found {found[0]} patients with residual tumour and {found[1]} without {where} (of "
                f"{n_residual} and {n_clear}; {n_free[0]} and {n_free[1]} have no outline and may be tested on)"
            )
    return told


def _outcomes(patients: pd.DataFrame) -> tuple[int, int]:
    """Patients with residual tumour, and without."""
    n_residual = int(patients["residual_tumor"].sum())
    return n_residual, len(patients) - n_residual


def _quota(patients: pd.DataFrame, share: float) -> dict[int, int]:
    """How many patients of each outcome to draw: largest remainders, so that they add up to ``round(share * n)``."""
    counts = patients["residual_tumor"].value_counts().sort_index()
    total = math.floor(share * len(patients) + 0.5)
    exact = counts * total / len(patients)
    quota = exact.apply(math.floor)
    for outcome in (exact - quota).sort_values(ascending=False, kind="stable").index[: total - int(quota.sum())]:
        quota[outcome] += 1
    # Both outcomes on both sides, wherever there are enough of each.
    return {
        int(outcome): max(int(quota[outcome]), 1) if counts[outcome] >= _MIN_PER_OUTCOME else 0
        for outcome in counts.index
    }


def _draw(candidates: pd.DataFrame, quota: dict[int, int]) -> set[str]:
    drawn: set[str] = set()
    for outcome, count in quota.items():
        drawn.update(candidates.loc[candidates["residual_tumor"] == outcome, "patient_key"].head(count))
    return drawn
