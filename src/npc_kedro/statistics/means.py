"""Two means compared: pooled and Welch's t from data or from printed summaries, and standardised differences."""

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks
from npc_kedro.statistics.contingency import TestResult

POOLED_T = "pooled-variance t"
WELCH_T = "Welch t"


def pooled_t(a: ArrayLike, b: ArrayLike) -> TestResult:
    """Return Student's t test of two independent samples with pooled variance, two-sided.

    Raises:
        StatisticsError: with fewer than two values in a sample, NaN, or no variation at all.
    """
    return pooled_t_from_summary(**_summaries(a, b))


def welch_t(a: ArrayLike, b: ArrayLike) -> TestResult:
    """Return Welch's t test of two independent samples with their own variances, two-sided.

    Raises:
        StatisticsError: as ``pooled_t``.
    """
    return welch_t_from_summary(**_summaries(a, b))


def pooled_t_from_summary(*, mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int) -> TestResult:
    """Return ``pooled_t`` from means, sample standard deviations (n - 1) and sizes, as a Table 1 prints them.

    Raises:
        StatisticsError: on sizes under two, a negative standard deviation, or no variation at all.
    """
    return _t_test(mean_a, sd_a, n_a, mean_b, sd_b, n_b, equal_variances=True)


def welch_t_from_summary(*, mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int) -> TestResult:
    """Return ``welch_t`` from means, sample standard deviations (n - 1) and sizes.

    Raises:
        StatisticsError: as ``pooled_t_from_summary``.
    """
    return _t_test(mean_a, sd_a, n_a, mean_b, sd_b, n_b, equal_variances=False)


def standardised_mean_difference(a: ArrayLike, b: ArrayLike) -> float:
    """Return (mean a - mean b) / sqrt((var a + var b) / 2), Cohen's d as used for balance tables.

    Source: Austin, Stat Med 2009;28:3083; variances with n - 1.

    Raises:
        StatisticsError: as ``pooled_t``.
    """
    return standardised_mean_difference_from_summary(**_summaries(a, b))


def standardised_mean_difference_from_summary(
    *, mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int
) -> float:
    """Return ``standardised_mean_difference`` from means, standard deviations and sizes.

    Raises:
        StatisticsError: as ``pooled_t_from_summary``.
    """
    mean_a, sd_a, _, mean_b, sd_b, _ = _checked(mean_a, sd_a, n_a, mean_b, sd_b, n_b)
    return (mean_a - mean_b) / math.sqrt((sd_a**2 + sd_b**2) / 2)


def standardised_difference_of_counts(counts_a: ArrayLike, counts_b: ArrayLike) -> float:
    """Return the standardised difference of a categorical variable between two groups, never negative.

    Mahalanobis distance of the two vectors of proportions, the first level left out (Yang & Dalton, SAS Global Forum
    2012, paper 335): sqrt((p - q)' S^-1 (p - q)), S the mean of the two multinomial covariances. For two levels it is
    |p - q| / sqrt((p(1-p) + q(1-q)) / 2). Levels empty in both groups are left out; one remaining level gives 0.

    Args:
        counts_a: (levels,) cases of the first group.
        counts_b: (levels,) cases of the second group.

    Raises:
        StatisticsError: on anything but counts, on an empty group, or where the groups share no level, which makes the
            difference infinite.
    """
    table = checks.counts([counts_a, counts_b])
    if (table.sum(axis=1) == 0).any():
        msg = f"groups of {table[0].sum()} and {table[1].sum()} cases; a standardised difference needs both"
        raise StatisticsError(msg)
    table = table[:, table.sum(axis=0) > 0]
    first, second = table / table.sum(axis=1, keepdims=True)
    if table.shape[1] == 1:
        return 0.0
    p, q = first[1:], second[1:]
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    # The covariance loses rank exactly when the levels fall apart into one set per group.
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(p):
        msg = (
            f"groups with counts {table[0].tolist()} and {table[1].tolist()} share no level; the difference is infinite"
        )
        raise StatisticsError(msg)
    return float(math.sqrt((p - q) @ np.linalg.solve(covariance, p - q)))


def _summaries(a: ArrayLike, b: ArrayLike) -> dict[str, float]:
    summary: dict[str, float] = {}
    for name, values in (("a", a), ("b", b)):
        sample = checks.finite(values, name=f"sample {name}")
        if len(sample) < 2:
            msg = f"sample {name} has {len(sample)} value; a variance needs at least two"
            raise StatisticsError(msg)
        summary |= {
            f"mean_{name}": float(sample.mean()),
            f"sd_{name}": float(sample.std(ddof=1)),
            f"n_{name}": len(sample),
        }
    return summary


def _checked(
    mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int
) -> tuple[float, float, int, float, float, int]:
    means = checks.finite([mean_a, mean_b], name="means")
    deviations = checks.finite([sd_a, sd_b], name="standard deviations")
    sizes = (checks.count(n_a, name="n_a", at_least=2), checks.count(n_b, name="n_b", at_least=2))
    if deviations.min() < 0 or deviations.max() == 0:
        msg = f"standard deviations {sd_a:g} and {sd_b:g}; expected none negative and at least one above 0"
        raise StatisticsError(msg)
    return float(means[0]), float(deviations[0]), sizes[0], float(means[1]), float(deviations[1]), sizes[1]


def _t_test(
    mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int, *, equal_variances: bool
) -> TestResult:
    mean_a, sd_a, n_a, mean_b, sd_b, n_b = _checked(mean_a, sd_a, n_a, mean_b, sd_b, n_b)
    result = scipy.stats.ttest_ind_from_stats(mean_a, sd_a, n_a, mean_b, sd_b, n_b, equal_var=equal_variances)
    if equal_variances:
        return TestResult(POOLED_T, float(result.statistic), n_a + n_b - 2, float(result.pvalue))
    var_a, var_b = sd_a**2 / n_a, sd_b**2 / n_b
    df = (var_a + var_b) ** 2 / (var_a**2 / (n_a - 1) + var_b**2 / (n_b - 1))
    return TestResult(WELCH_T, float(result.statistic), df, float(result.pvalue))
