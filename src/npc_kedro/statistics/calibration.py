"""Do predicted probabilities mean what they say, and would acting on them help: calibration and net benefit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks
from npc_kedro.statistics.checks import BoolVector, FloatVector
from npc_kedro.statistics.proportions import wilson

if TYPE_CHECKING:
    import pandas as pd

LOGIT_CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logit is taken. A float32 softmax cannot resolve less (its
step below 1 is 6e-8), and a rounded 1 must not become an infinite logit."""


@dataclass(frozen=True)
class Calibration:
    """How well probabilities fit what happened.

    Attributes:
        intercept: calibration-in-the-large on the logit scale, slope fixed at 1; 0 is perfect, below 0 over-predicts.
        slope: of the logistic recalibration; 1 is perfect, below 1 is too extreme. None where no finite estimate
            exists, and ``note`` then says why.
        brier: mean squared error of the probabilities.
        ece: expected calibration error, mean |observed - predicted| over equal-width bins weighted by their cases.
        n: cases.
        note: why the slope is missing, else empty.
    """

    intercept: float
    slope: float | None
    brier: float
    ece: float
    n: int
    note: str = ""


class Binning(StrEnum):
    """How cases are gathered into bins: bins of equal width, or of (nearly) equal numbers of cases."""

    EQUAL_WIDTH = "equal_width"
    EQUAL_COUNT = "equal_count"


def calibration(outcome: ArrayLike, probability: ArrayLike, *, n_bins: int = 10) -> Calibration:
    """Return calibration intercept and slope, Brier score and expected calibration error.

    Intercept and slope after Cox (Biometrika 1958;45:562): the intercept from a logistic model with the logit of the
    probability as offset, the slope from one with it as covariate (``rms::val.prob``'s Slope). The slope has no finite
    estimate when the probabilities separate the outcomes perfectly or are all equal.

    Args:
        outcome: (n,) 0/1.
        probability: (n,) predicted probabilities of 1.
        n_bins: equal-width bins of the calibration error (Naeini et al., AAAI 2015).

    Raises:
        StatisticsError: on bad input, one class only, or a probability outside [0, 1].
    """
    truth, value = checks.outcome_and_probability(outcome, probability)
    logit = _logit(value)
    slope, note = _slope(truth, logit)
    members = _bins(value, n_bins=n_bins, binning=Binning.EQUAL_WIDTH)
    gaps = [abs(truth[rows].mean() - value[rows].mean()) * len(rows) for _, _, rows in members]
    return Calibration(
        intercept=_intercept(truth, logit),
        slope=slope,
        brier=float(np.mean((value - truth) ** 2)),
        ece=float(sum(gaps) / len(value)),
        n=len(value),
        note=note,
    )


def calibration_curve(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    n_bins: int = 10,
    binning: Binning = Binning.EQUAL_WIDTH,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return predicted against observed by bins, observed proportions with Wilson intervals.

    Returns:
        One row per non-empty bin: lower, upper (bounds of the bin; of the probabilities in it for equal counts), n,
        events, mean_probability, observed, observed_lo, observed_hi. A bin holds its upper bound, the first also 0.

    Raises:
        StatisticsError: as ``calibration``.
    """
    import pandas as pd

    truth, value = checks.outcome_and_probability(outcome, probability)
    table = []
    for lower, upper, rows in _bins(value, n_bins=n_bins, binning=Binning(binning)):
        observed = wilson(int(truth[rows].sum()), len(rows), level=level)
        table.append(
            {
                "lower": lower,
                "upper": upper,
                "n": len(rows),
                "events": int(truth[rows].sum()),
                "mean_probability": float(value[rows].mean()),
                "observed": observed.estimate,
                "observed_lo": observed.lo,
                "observed_hi": observed.hi,
            }
        )
    return pd.DataFrame(table)


def decision_curve(outcome: ArrayLike, probability: ArrayLike, *, thresholds: ArrayLike | None = None) -> pd.DataFrame:
    """Return the net benefit of treating by the model, of treating all and of treating none.

    Net benefit = TP/n - FP/n * t/(1 - t); a case is treated when its probability >= t (Vickers & Elkin, Med Decis
    Making 2006;26:565).

    Args:
        outcome: (n,) 0/1.
        probability: (n,) predicted probabilities of 1.
        thresholds: probabilities in [0, 1) at which one would treat; by default 0.01, 0.02, ..., 0.99.

    Returns:
        Columns threshold, policy (model, all, none), net_benefit.

    Raises:
        StatisticsError: as ``calibration``, or on a threshold outside [0, 1).
    """
    import pandas as pd

    truth, value = checks.outcome_and_probability(outcome, probability)
    given = np.arange(1, 100) / 100 if thresholds is None else thresholds
    threshold = checks.finite(given, name="thresholds")
    if threshold.min() < 0 or threshold.max() >= 1:
        msg = f"thresholds range from {threshold.min():g} to {threshold.max():g}; expected values in [0, 1)"
        raise StatisticsError(msg)
    odds = threshold / (1 - threshold)
    # Sorted once, every threshold is a position: O((n + thresholds) log n).
    true_positive = 1 - np.searchsorted(np.sort(value[truth]), threshold) / truth.sum()
    false_positive = 1 - np.searchsorted(np.sort(value[~truth]), threshold) / (~truth).sum()
    prevalence = truth.mean()
    benefit = {
        "model": true_positive * prevalence - false_positive * (1 - prevalence) * odds,
        "all": prevalence - (1 - prevalence) * odds,
        "none": np.zeros_like(threshold),
    }
    parts = [
        pd.DataFrame({"threshold": threshold, "policy": policy, "net_benefit": net}) for policy, net in benefit.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _logit(probability: FloatVector) -> FloatVector:
    return scipy.special.logit(np.clip(probability, LOGIT_CLIP, 1 - LOGIT_CLIP))


def _intercept(truth: BoolVector, logit: FloatVector) -> float:
    """The root of the score equation sum(y - expit(a + logit)) = 0, which is monotone in a."""
    events = truth.sum()

    def score(a: float) -> float:
        return float(events - scipy.special.expit(a + logit).sum())

    target = float(scipy.special.logit(truth.mean()))
    return float(
        scipy.optimize.brentq(score, target - logit.max() - 1, target - logit.min() + 1, xtol=1e-14, rtol=1e-15)
    )


def _slope(truth: BoolVector, logit: FloatVector) -> tuple[float | None, str]:
    """Slope of the logistic regression of the outcome on the logit, or None and the reason."""
    if logit.min() == logit.max():
        return None, "all probabilities are equal"
    above, below = logit[truth], logit[~truth]
    # For one covariate this is exactly when the likelihood has no maximum (Albert & Anderson, Biometrika 1984;71:1).
    if below.max() <= above.min() or above.max() <= below.min():
        return None, "the probabilities separate the outcomes perfectly"
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    # Centred, the two estimates are nearly uncorrelated and Newton's steps stay sound on extreme logits.
    design = np.column_stack([np.ones_like(logit), logit - logit.mean()])
    fit = GLM(truth.astype(np.float64), design, family=Binomial()).fit(tol=1e-14, maxiter=200)
    slope = float(fit.params[1])
    gradient = design.T @ (truth - scipy.special.expit(design @ fit.params))
    if not np.isfinite(slope) or np.abs(gradient).max() > 1e-6 * len(truth):
        return None, "the logistic recalibration did not converge"
    return slope, ""


def _bins(value: FloatVector, *, n_bins: int, binning: Binning) -> list[tuple[float, float, NDArray[np.intp]]]:
    """Lower bound, upper bound and row numbers of every non-empty bin."""
    n_bins = checks.count(n_bins, name="n_bins", at_least=1)
    if binning is Binning.EQUAL_WIDTH:
        edges = np.linspace(0, 1, n_bins + 1)
        # Right-closed, as in Naeini et al.; 0 itself goes to the first bin.
        which = np.clip(np.searchsorted(edges, value, side="left") - 1, 0, n_bins - 1)
        members = [(float(edges[i]), float(edges[i + 1]), np.flatnonzero(which == i)) for i in range(n_bins)]
    else:
        # Equal probabilities must share a bin, so cuts are made between distinct values only.
        cuts = np.unique(np.quantile(value, np.arange(1, n_bins) / n_bins, method="inverted_cdf"))
        which = np.searchsorted(cuts, value, side="left")
        groups = [np.flatnonzero(which == i) for i in range(len(cuts) + 1)]
        members = [(float(value[rows].min()), float(value[rows].max()), rows) for rows in groups if len(rows)]
    return [member for member in members if len(member[2])]
