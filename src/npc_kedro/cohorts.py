"""Dividing patients: 4:1 within each arm, stratified by outcome, outlined patients only in train."""

import math

import numpy as np
import pandas as pd

from npc_kedro.errors import CohortError
from npc_kedro.study import Arm

_MIN_PER_OUTCOME = 2
"""Training patients of each outcome below which no inner validation split is possible."""


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
        CohortError: if an arm is absent, or lacks patients of either outcome for fit, validation or test.
    """
    arms = [
        _split_arm(patients[patients["arm"] == arm.value], arm, test_share, validation_share, [seed, index])
        for index, arm in enumerate(Arm)
    ]
    columns = ["patient_key", "arm", "residual_tumor", "outlined", "cohort", "part"]
    return pd.concat(arms)[columns].sort_values("patient_key", ignore_index=True)


def _split_arm(
    patients: pd.DataFrame, arm: Arm, test_share: float, validation_share: float, seed: list[int]
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shuffled = patients.sort_values("patient_key").sample(frac=1, random_state=rng)
    _require_both_outcomes(shuffled, arm, "at all")
    is_test = shuffled["patient_key"].isin(_draw(shuffled[~shuffled["outlined"]], _quota(shuffled, test_share)))
    train = shuffled[~is_test]
    _require_both_outcomes(shuffled[is_test], arm, "in the test cohort, so that no AUC exists")
    is_validation = shuffled["patient_key"].isin(_draw(train, _quota(train, validation_share)))
    _require_both_outcomes(shuffled[is_validation], arm, "for inner validation")
    _require_both_outcomes(shuffled[~is_test & ~is_validation], arm, "left to learn from")
    part = np.where(is_test, "test", np.where(is_validation, "validation", "fit"))
    return shuffled.assign(cohort=np.where(is_test, "test", "train"), part=part)


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


def _require_both_outcomes(patients: pd.DataFrame, arm: Arm, where: str) -> None:
    n_residual = int(patients["residual_tumor"].sum())
    n_clear = len(patients) - n_residual
    if min(n_residual, n_clear) == 0:
        msg = (
            f"arm {arm.value}: found {n_residual} patients with residual tumour and {n_clear} without {where}; "
            "expected at least one of each. Add patients, change the shares under `split`, or check the outcome column "
            "and how many patients were lost at ingest and crop (attrition.csv)."
        )
        raise CohortError(msg)
