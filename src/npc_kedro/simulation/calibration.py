"""Intercept and slope of a logistic risk, from the share of events and the AUC of the true probabilities."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import rankdata

from npc_kedro.errors import ParameterError

_SLOPES = (0.05, 200.0)
"""Searched range of slopes per standard deviation: AUC from about 0.51 to above 0.995."""


@dataclass(frozen=True)
class LogisticRisk:
    """Probability ``1 / (1 + exp(-(intercept + slope * score)))`` and what it amounts to in its population."""

    intercept: float
    slope: float
    share: float
    auc: float

    def probability(self, score: np.ndarray) -> np.ndarray:
        """Event probability for each score."""
        return expit(self.intercept + self.slope * score)


def expected_auc(probability: np.ndarray) -> float:
    """AUC of the true probabilities as a score for outcomes drawn from them, averaged over the outcomes.

    The probability that of two different members, one with the event and one without, the former has the larger
    probability; ties count one half.
    """
    p = np.sort(np.asarray(probability, float))
    q = 1 - p
    below = np.cumsum(q) - q
    pairs = p.sum() * q.sum() - (p * q).sum()
    if pairs <= 0:
        msg = f"no pairs with and without the event among {len(p)} members; probabilities must not all be 0 or 1"
        raise ParameterError(msg)
    values, start, counts = np.unique(p, return_index=True, return_counts=True)
    tied = sum(v * (1 - v) * (c * (c - 1)) / 2 for v, c in zip(values[counts > 1], counts[counts > 1], strict=True))
    first_below = np.repeat(below[start], counts)
    return float(((p * first_below).sum() + tied) / pairs)


def realised_auc(score: np.ndarray, event: np.ndarray) -> float:
    """AUC (Mann-Whitney, ties one half) of ``score`` for the outcomes that happened; nan if all are alike."""
    event = np.asarray(event, bool)
    n1, n0 = int(event.sum()), int((~event).sum())
    if n1 == 0 or n0 == 0:
        return float("nan")
    return float((rankdata(score)[event].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def calibrate(score: np.ndarray, *, share: float, auc: float) -> LogisticRisk:
    """The logistic risk in ``score`` with this mean probability and this :func:`expected_auc` over the sample.

    Raises:
        ParameterError: if no slope of a plausible size reaches the AUC.
    """
    score = np.asarray(score, float)

    def intercept(slope: float) -> float:
        reach = slope * np.abs(score).max() + 20
        return brentq(lambda a: expit(a + slope * score).mean() - share, -reach, reach, xtol=1e-10)

    def gap(log_slope: float) -> float:
        slope = float(np.exp(log_slope))
        return expected_auc(expit(intercept(slope) + slope * score)) - auc

    low, high = np.log(_SLOPES)
    if gap(low) > 0 or gap(high) < 0:
        msg = f"an oracle AUC of {auc} with a share of {share:.3f} is out of reach; choose one between 0.55 and 0.99"
        raise ParameterError(msg)
    slope = float(np.exp(brentq(gap, low, high, xtol=1e-8)))
    risk = LogisticRisk(intercept(slope), slope, share, auc)
    return LogisticRisk(
        risk.intercept, slope, float(risk.probability(score).mean()), expected_auc(risk.probability(score))
    )
