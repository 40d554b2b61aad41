"""Area under the ROC curve: exact value, DeLong's interval, and comparison of two curves.

The area is the probability that a positive case scores above a negative one, ties counting half. Everything here is
O(n log n): the structural components (placements) of DeLong, DeLong & Clarke-Pearson (Biometrics 1988;44:837) come from
midranks, as in Sun & Xu (IEEE Signal Process Lett 2014;21:1389).
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from npc_kedro.statistics import checks
from npc_kedro.statistics.checks import BoolVector, FloatVector
from npc_kedro.statistics.roc_curves import roc_band, roc_curve

__all__ = [
    "AucComparison",
    "AucInterval",
    "auc",
    "auc_interval",
    "compare_aucs",
    "compare_unpaired_aucs",
    "roc_band",
    "roc_curve",
]


@dataclass(frozen=True)
class AucInterval:
    """An AUC with DeLong's standard error and two intervals.

    Attributes:
        auc: area under the curve.
        se: DeLong standard error.
        lo, hi: AUC -+ z se, cut to [0, 1], as pROC's ``ci.auc`` gives it.
        logit_lo, logit_hi: the interval made on the logit scale, which respects [0, 1]; preferable for AUCs near 1.
            At an AUC of exactly 0 or 1 the logit is infinite and the exact bound of ``auc_interval`` is given.
        level: confidence level.
        n_positive, n_negative: cases of each class.
    """

    auc: float
    se: float
    lo: float
    hi: float
    logit_lo: float
    logit_hi: float
    level: float
    n_positive: int
    n_negative: int


@dataclass(frozen=True)
class AucComparison:
    """Two AUCs and the test of their difference.

    Attributes:
        auc_a, auc_b: the two areas.
        difference: auc_a - auc_b.
        se: standard error of the difference.
        z: difference / se; infinite where se is 0 and the areas differ, 0 where they do not.
        p: two-sided P value: normal for paired curves, Student's t with ``df`` for unpaired ones.
        df: Welch-Satterthwaite degrees of freedom of the unpaired test, None for the paired one.
    """

    auc_a: float
    auc_b: float
    difference: float
    se: float
    z: float
    p: float
    df: float | None = None


def auc(outcome: ArrayLike, score: ArrayLike) -> float:
    """Return P(positive scores above negative) + P(tie) / 2, exact for ties.

    Args:
        outcome: (n,) 0/1 or booleans, 1 is positive (residual tumour).
        score: (n,) finite numbers, higher means more likely positive.

    Raises:
        StatisticsError: if a class is missing, or on NaN, unequal lengths, a non-binary outcome.
    """
    truth, value = checks.outcome_and_score(outcome, score)
    return _area(truth, scipy.stats.rankdata(value))


def auc_interval(outcome: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> AucInterval:
    """Return the AUC with DeLong's standard error and confidence intervals.

    DeLong's variance is 0 when every positive outranks every negative (AUC 1), which says nothing about certainty. The
    logit interval then takes an exact bound: k = min(n_positive, n_negative) disjoint, independent pairs were all
    concordant, so the lower bound is Clopper and Pearson's for k of k, (alpha / 2) ** (1 / k). AUC 0 mirrors it.

    Raises:
        StatisticsError: on bad input, or with fewer than two cases of a class, where the variance is undefined.
    """
    level = checks.level(level)
    truth, value = checks.outcome_and_score(outcome, score, at_least=2)
    area, of_positives, of_negatives = _placements(truth, value)
    se = float(np.sqrt(_variance_of_mean(of_positives) + _variance_of_mean(of_negatives)))
    z = float(scipy.special.ndtri(0.5 + level / 2))
    n_positive, n_negative = len(of_positives), len(of_negatives)
    if 0 < area < 1:
        centre, half = scipy.special.logit(area), z * se / (area * (1 - area))
        logit_lo, logit_hi = (float(bound) for bound in scipy.special.expit([centre - half, centre + half]))
    else:
        bound = (0.5 - level / 2) ** (1 / min(n_positive, n_negative))
        logit_lo, logit_hi = (bound, 1.0) if area == 1 else (0.0, 1 - bound)
    return AucInterval(
        auc=area,
        se=se,
        lo=max(0.0, area - z * se),
        hi=min(1.0, area + z * se),
        logit_lo=logit_lo,
        logit_hi=logit_hi,
        level=level,
        n_positive=n_positive,
        n_negative=n_negative,
    )


def compare_aucs(outcome: ArrayLike, score_a: ArrayLike, score_b: ArrayLike) -> AucComparison:
    """Compare two scores of the same cases by DeLong's paired test.

    Identical curves give difference 0 and P = 1. Where the variance of the difference is 0 although the areas differ
    (perfect separation against a constant score) z is infinite and P = 0, as in pROC.

    Raises:
        StatisticsError: on bad input, or with fewer than two cases of a class.
    """
    truth, first = checks.outcome_and_score(outcome, score_a, at_least=2)
    second = checks.finite(score_b, name="score_b")
    checks.same_length(first, second, names=("score_a", "score_b"))
    area_a, positives_a, negatives_a = _placements(truth, first)
    area_b, positives_b, negatives_b = _placements(truth, second)
    variance = _variance_of_mean(positives_a - positives_b) + _variance_of_mean(negatives_a - negatives_b)
    se = float(np.sqrt(variance))
    z = _ratio(area_a - area_b, se)
    p = 2 * float(scipy.special.ndtr(-abs(z)))
    return AucComparison(auc_a=area_a, auc_b=area_b, difference=area_a - area_b, se=se, z=z, p=p)


def compare_unpaired_aucs(
    outcome_a: ArrayLike, score_a: ArrayLike, outcome_b: ArrayLike, score_b: ArrayLike
) -> AucComparison:
    """Compare the AUCs of two separate groups of cases.

    The statistic is referred to Student's t with Welch-Satterthwaite degrees of freedom, as in pROC's unpaired test.

    Raises:
        StatisticsError: on bad input, or with fewer than two cases of a class in a group.
    """
    areas, variances, sizes = [], [], []
    for outcome, score in ((outcome_a, score_a), (outcome_b, score_b)):
        truth, value = checks.outcome_and_score(outcome, score, at_least=2)
        area, of_positives, of_negatives = _placements(truth, value)
        areas.append(area)
        variances.append(_variance_of_mean(of_positives) + _variance_of_mean(of_negatives))
        sizes.append(len(truth))
    difference, variance = areas[0] - areas[1], sum(variances)
    se = float(np.sqrt(variance))
    t = _ratio(difference, se)
    df = None
    if se == 0:
        p = 1.0 if difference == 0 else 0.0
    else:
        df = variance**2 / sum(part**2 / (size - 1) for part, size in zip(variances, sizes, strict=True))
        p = 2 * float(scipy.special.stdtr(df, -abs(t)))
    return AucComparison(auc_a=areas[0], auc_b=areas[1], difference=difference, se=se, z=t, p=p, df=df)


def _area(truth: BoolVector, ranks: FloatVector) -> float:
    """Mann and Whitney's U over the number of pairs; midranks are multiples of 1/2, so the sum is exact."""
    n_positive = int(truth.sum())
    n_negative = len(truth) - n_positive
    return float((ranks[truth].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _placements(truth: BoolVector, value: FloatVector) -> tuple[float, FloatVector, FloatVector]:
    """The area; each positive's share of negatives below it; each negative's share of positives above it."""
    n_positive = int(truth.sum())
    n_negative = len(truth) - n_positive
    ranks = scipy.stats.rankdata(value)
    negatives_below = ranks[truth] - scipy.stats.rankdata(value[truth])
    positives_below = ranks[~truth] - scipy.stats.rankdata(value[~truth])
    return _area(truth, ranks), negatives_below / n_negative, (n_positive - positives_below) / n_positive


def _variance_of_mean(components: FloatVector) -> float:
    if components.min() == components.max():
        # The rounded mean of equal numbers may differ from them by a bit, and z would then be noise over noise.
        return 0.0
    return float(components.var(ddof=1) / len(components))


def _ratio(difference: float, se: float) -> float:
    if difference == 0:
        return 0.0
    return difference / se if se > 0 else float(np.copysign(np.inf, difference))
