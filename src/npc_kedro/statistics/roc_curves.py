"""The ROC curve itself and its bootstrap band, as tidy tables for figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks
from npc_kedro.statistics.resampling import Seed, draw_counts, patient_index, resamples

if TYPE_CHECKING:
    import pandas as pd


def roc_curve(outcome: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """Return every operating point, from "nobody positive" to "everybody positive".

    A case is called positive when score >= threshold; tied scores share one point, so the trapezoid under the curve is
    exactly ``roc.auc``.

    Returns:
        Columns threshold (descending, first infinite), sensitivity, specificity; one row per distinct score plus one.

    Raises:
        StatisticsError: on bad input.
    """
    import pandas as pd

    truth, value = checks.outcome_and_score(outcome, score)
    order, last_of_tie = _order(value)
    sensitivity, false_positive_rate = _points(truth[order].astype(float), last_of_tie)
    return pd.DataFrame(
        {
            "threshold": np.concatenate([[np.inf], value[order][last_of_tie]]),
            "sensitivity": sensitivity,
            "specificity": 1 - false_positive_rate,
        }
    )


def roc_band(
    outcome: ArrayLike,
    score: ArrayLike,
    *,
    patient: ArrayLike,
    seed: Seed,
    n_resamples: int = 2000,
    level: float = 0.95,
    specificities: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return the ROC curve on a fixed grid of specificities with a pointwise bootstrap band.

    Patients are drawn with all their rows. Sensitivity at a specificity is the curve's upper value there, linear
    between operating points. Resamples with a single class have no curve and are drawn again.

    Args:
        outcome: (n,) 0/1.
        score: (n,) finite numbers.
        patient: (n,) patient keys; one row per patient gives the ordinary bootstrap.
        seed: seed of the draws; the same seed gives the same band whatever the order of rows.
        n_resamples: bootstrap resamples.
        level: confidence level of each point.
        specificities: grid in [0, 1], by default 0, 0.01, ..., 1.

    Returns:
        Columns specificity, sensitivity, lo, hi.

    Raises:
        StatisticsError: on bad input, or where most resamples have a single class.
    """
    import pandas as pd

    level, n_resamples = checks.level(level), resamples(n_resamples)
    truth, value = checks.outcome_and_score(outcome, score)
    index, n_patients = patient_index(patient)
    checks.same_length(index, value, names=("patient", "score"))
    grid = np.linspace(0, 1, 101) if specificities is None else checks.finite(specificities, name="specificities")
    if grid.min() < 0 or grid.max() > 1:
        msg = f"specificities range from {grid.min():g} to {grid.max():g}; expected values in [0, 1]"
        raise StatisticsError(msg)
    order, last_of_tie = _order(value)
    sorted_truth, sorted_index = truth[order].astype(float), index[order]
    rng = np.random.default_rng(seed)
    bands: list[NDArray[np.float64]] = []
    drawn = 0
    while len(bands) < n_resamples:
        if drawn >= 2 * n_resamples:
            msg = (
                f"only {len(bands)} of {drawn} resamples of {n_patients} patients have both classes; too few for a band"
            )
            raise StatisticsError(msg)
        missing = n_resamples - len(bands)
        for counts in draw_counts(n_patients, n_resamples=missing, rows=len(value), rng=rng):
            drawn += len(counts)
            for weights in counts[:, sorted_index]:
                positives = weights @ sorted_truth
                if 0 < positives < weights.sum():
                    points = _points(sorted_truth, last_of_tie, weights=weights)
                    bands.append(_sensitivity_at(grid, *points))
    lo, hi = np.quantile(np.stack(bands), [0.5 - level / 2, 0.5 + level / 2], axis=0)
    curve = _sensitivity_at(grid, *_points(sorted_truth, last_of_tie))
    return pd.DataFrame({"specificity": grid, "sensitivity": curve, "lo": lo, "hi": hi})


def _order(value: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows by descending score, and the position of the last row of each tied score."""
    order = np.argsort(-value, kind="stable")
    return order, np.append(np.flatnonzero(np.diff(value[order])), len(value) - 1)


def _points(
    truth: NDArray[np.float64], last_of_tie: NDArray[np.intp], *, weights: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and false positive rate at each distinct score, rows being sorted by descending score."""
    weight = np.ones_like(truth) if weights is None else weights
    positive = np.concatenate([[0.0], np.cumsum(weight * truth)[last_of_tie]])
    negative = np.concatenate([[0.0], np.cumsum(weight * (1 - truth))[last_of_tie]])
    return positive / positive[-1], negative / negative[-1]


def _sensitivity_at(
    specificity: NDArray[np.float64], sensitivity: NDArray[np.float64], false_positive_rate: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The upper value of the curve at given specificities; linear between points."""
    # 1 - specificity carries rounding: without the slack a point at exactly that specificity would be missed.
    wanted = np.minimum(1 - specificity + 1e-12, 1.0)
    left = np.searchsorted(false_positive_rate, wanted, side="right") - 1
    right = np.minimum(left + 1, len(false_positive_rate) - 1)
    gap = false_positive_rate[right] - false_positive_rate[left]
    share = np.divide(wanted - false_positive_rate[left], gap, out=np.zeros_like(gap), where=gap > 0)
    return sensitivity[left] + share * (sensitivity[right] - sensitivity[left])
