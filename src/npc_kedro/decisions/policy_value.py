"""What following the recommendation would be worth, as far as the data can say.

Each patient had one treatment, so nobody shows both outcomes. Two views: the plain counts (who cleared among those
steered to X, by what they were given), and an estimate of the clearance rate that a policy would reach, by augmented
inverse probability weighting (Robins, Rotnitzky & Zhao, JASA 1994;89:846-866). It holds if physicians chose by T, N,
age and sex alone, apart from chance, and if either the model of their choice or that of the outcome is right.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from npc_kedro.decisions.clinical_baseline import FEATURES, clinical_features, fit_logistic
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import proportions
from npc_kedro.study import Arm, Cohort, Recommendation


def recommendation_value(decisions: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Among the patients steered to each recommendation: how many cleared, by the treatment they were given.

    These are counts of patients whom physicians chose for their arm, not effects: the arms differ in stage.

    Args:
        decisions: arm, residual_tumor, recommendation of every test patient.
        level: of the Wilson intervals.

    Returns:
        One row per recommendation x arm: recommendation, arm, n, cleared, residual, share_cleared, lo, hi (empty where
        nobody stands).
    """
    rows = []
    for recommendation in Recommendation:
        for arm in Arm:
            here = (decisions["recommendation"] == recommendation.value) & (decisions["arm"] == arm.value)
            n, residual = int(here.sum()), int(decisions.loc[here, "residual_tumor"].sum())
            interval = proportions.wilson(n - residual, n, level=level) if n else None
            rows.append(
                {
                    "recommendation": recommendation.value,
                    "arm": arm.value,
                    "n": n,
                    "cleared": n - residual,
                    "residual": residual,
                    "share_cleared": interval.estimate if interval else None,
                    "lo": interval.lo if interval else None,
                    "hi": interval.hi if interval else None,
                }
            )
    return pd.DataFrame(rows)


def treatment_scores(
    patients: pd.DataFrame, cohorts: pd.DataFrame, baseline: pd.DataFrame, *, ridge: float
) -> pd.DataFrame:
    """Each test patient's chance of IC + CCRT and of clearing under each arm, from the training patients alone.

    Because nothing is fitted on test patients, the estimate that uses these scores needs no cross-fitting.

    Args:
        patients: patient_key and the clinical features.
        cohorts: patient_key, arm, cohort.
        baseline: :func:`npc_kedro.decisions.clinical_baseline.baseline_scores`.
        ridge: penalty of the model of the physicians' choice.

    Returns:
        patient_key, propensity_ic (chance of IC + CCRT), clear_ccrt, clear_ic_ccrt; test patients only.
    """
    table = cohorts[["patient_key", "arm", "cohort"]].merge(patients[["patient_key", *FEATURES]], on="patient_key")
    features, given_ic = clinical_features(table), (table["arm"] == Arm.IC_CCRT.value).to_numpy()
    train = (table["cohort"] == Cohort.TRAIN.value).to_numpy()
    choice = fit_logistic(features[train], given_ic[train].astype(int), ridge=ridge)
    scores = pd.DataFrame({"patient_key": table["patient_key"], "propensity_ic": choice.predict(features)})[~train]
    cleared = baseline.assign(clear_ccrt=1 - baseline["p_ccrt"], clear_ic_ccrt=1 - baseline["p_ic_ccrt"])
    return scores.merge(
        cleared[["patient_key", "clear_ccrt", "clear_ic_ccrt"]], on="patient_key", validate="one_to_one"
    )


def policy_value(
    decisions: pd.DataFrame, scores: pd.DataFrame, *, smallest_propensity: float, level: float = 0.95
) -> pd.DataFrame:
    """The clearance rate that following a policy would reach, estimated doubly robustly, beside what was observed.

    Args:
        decisions: patient_key, arm, residual_tumor, recommendation of every test patient.
        scores: :func:`treatment_scores`.
        smallest_propensity: propensities are held in [this, 1 - this]: a bound on any patient's weight.
        level: of the intervals (normal theory on the patients' influence values; Wilson for what was observed).

    Returns:
        Columns policy, method, n, cleared_share, lo, hi, minus_physicians, minus_lo, minus_hi, n_unknown. IBT was given
        to nobody, so a policy that recommends it is bounded: ``models_ibt_never_clears`` counts those ``n_unknown``
        patients as residual, ``models_ibt_always_clears`` as cleared. cleared_share may leave [0, 1] in tiny samples;
        it is not clipped, since clipping would bias it.

    Raises:
        StatisticsError: if a patient has no scores or fewer than 2 patients are there.
    """
    judged = decisions[["patient_key", "arm", "residual_tumor", "recommendation"]]
    table = judged.merge(scores, on="patient_key", validate="one_to_one")
    if len(table) != len(decisions) or len(table) < 2:
        msg = f"{len(table)} of {len(decisions)} test patients have scores; expected all of them, and at least 2"
        raise StatisticsError(msg)
    under = _influence(table, smallest_propensity=smallest_propensity)
    observed = 1.0 - table["residual_tumor"].to_numpy(dtype=float)
    recommended = table["recommendation"]
    ibt = (recommended == Recommendation.IBT.value).to_numpy()
    steered = np.where(recommended == Recommendation.IC_CCRT.value, under[Arm.IC_CCRT], under[Arm.CCRT])
    n_ibt = int(ibt.sum())
    robust = "doubly robust"
    return pd.DataFrame(
        [
            _observed(observed, level=level),
            *(
                _value(f"all_{arm.slug}", under[arm], against=observed, method=robust, n_unknown=0, level=level)
                for arm in Arm
            ),
            *(
                _value(
                    name, np.where(ibt, cleared, steered), against=observed, method=robust, n_unknown=n_ibt, level=level
                )
                for name, cleared in (("models_ibt_never_clears", 0.0), ("models_ibt_always_clears", 1.0))
            ),
        ]
    )


def _influence(table: pd.DataFrame, *, smallest_propensity: float) -> Mapping[Arm, np.ndarray]:
    """Per patient and arm: outcome model plus weighted residual; its mean estimates clearance if all had that arm."""
    cleared = 1.0 - table["residual_tumor"].to_numpy(dtype=float)
    propensity_ic = table["propensity_ic"].to_numpy().clip(smallest_propensity, 1 - smallest_propensity)
    chance = {Arm.CCRT: 1 - propensity_ic, Arm.IC_CCRT: propensity_ic}
    values = {}
    for arm in Arm:
        expected = table[f"clear_{arm.slug}"].to_numpy()
        given = (table["arm"] == arm.value).to_numpy()
        values[arm] = expected + given / chance[arm] * (cleared - expected)
    return values


def _observed(cleared: np.ndarray, *, level: float) -> dict[str, object]:
    share = proportions.wilson(int(cleared.sum()), len(cleared), level=level)
    return {
        "policy": "physicians",
        "method": "observed",
        "n": len(cleared),
        "cleared_share": share.estimate,
        "lo": share.lo,
        "hi": share.hi,
        "n_unknown": 0,
    }


def _value(
    policy: str, influence: np.ndarray, *, against: np.ndarray, method: str, n_unknown: int, level: float
) -> dict[str, object]:
    mean, half = _mean_and_half_width(influence, level=level)
    difference, difference_half = _mean_and_half_width(influence - against, level=level)
    return {
        "policy": policy,
        "method": method,
        "n": len(influence),
        "cleared_share": mean,
        "lo": mean - half,
        "hi": mean + half,
        "minus_physicians": difference,
        "minus_lo": difference - difference_half,
        "minus_hi": difference + difference_half,
        "n_unknown": n_unknown,
    }


def _mean_and_half_width(values: np.ndarray, *, level: float) -> tuple[float, float]:
    half = stats.norm.ppf(0.5 + level / 2) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(half)
