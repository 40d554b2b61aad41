"""Intervals for one proportion and for the difference of two, unpaired and paired."""

import math

import scipy

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks
from npc_kedro.statistics.intervals import Interval


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Return a proportion with Wilson's score interval (J Am Stat Assoc 1927;22:209), without continuity correction.

    Raises:
        StatisticsError: unless 0 <= successes <= n and n > 0, whole numbers.
    """
    return _one_proportion(successes, n, level=level, method="wilson", named="Wilson score")


def clopper_pearson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Return a proportion with Clopper and Pearson's exact interval (Biometrika 1934;26:404).

    Raises:
        StatisticsError: unless 0 <= successes <= n and n > 0, whole numbers.
    """
    return _one_proportion(successes, n, level=level, method="exact", named="Clopper-Pearson exact")


def newcombe_difference(x1: int, n1: int, x2: int, n2: int, *, level: float = 0.95) -> Interval:
    """Return x1/n1 - x2/n2 with Newcombe's hybrid score interval for two independent groups.

    Method 10 of Newcombe, Stat Med 1998;17:873: the distances of the two Wilson bounds from their estimates, added in
    squares. statsmodels' ``confint_proportions_2indep`` gives the same; two lines here spare every table its import,
    which takes seconds.

    Raises:
        StatisticsError: on counts that are not proportions.
    """
    first, second = wilson(x1, n1, level=level), wilson(x2, n2, level=level)
    difference = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.lo, second.hi - second.estimate)
    above = math.hypot(first.hi - first.estimate, second.estimate - second.lo)
    return Interval(difference, difference - below, difference + above, first.level, "Newcombe hybrid score")


def newcombe_paired_difference(
    both: int, only_first: int, only_second: int, neither: int, *, level: float = 0.95
) -> Interval:
    """Return P(first) - P(second) of paired yes/no verdicts with Newcombe's interval for paired data.

    Method 10 of Newcombe, Stat Med 1998;17:2635: as for independent groups, with the covariance through phi, whose
    numerator is corrected for continuity when positive and which is 0 when a margin is empty.

    Args:
        both: pairs in which both are yes.
        only_first: pairs in which only the first is yes.
        only_second: pairs in which only the second is yes.
        neither: pairs in which neither is yes.
        level: confidence level.

    Raises:
        StatisticsError: on counts that are not whole and non-negative, or without any pair.
    """
    names = ("both", "only_first", "only_second", "neither")
    a, b, c, d = (
        checks.count(value, name=name)
        for name, value in zip(names, (both, only_first, only_second, neither), strict=True)
    )
    n = a + b + c + d
    first, second = wilson(a + b, n, level=level), wilson(a + c, n, level=level)
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    product = a * d - b * c
    if product > 0:
        product = max(product - n / 2, 0)
    phi = product / math.sqrt(margins) if margins else 0.0
    below1, above1 = first.estimate - first.lo, first.hi - first.estimate
    below2, above2 = second.estimate - second.lo, second.hi - second.estimate
    # Both are quadratic forms with |phi| <= 1, so only rounding can take them below 0.
    below = math.sqrt(max(below1**2 - 2 * phi * below1 * above2 + above2**2, 0.0))
    above = math.sqrt(max(above1**2 - 2 * phi * above1 * below2 + below2**2, 0.0))
    difference = (b - c) / n
    return Interval(difference, difference - below, difference + above, first.level, "Newcombe paired hybrid score")


def _one_proportion(successes: int, n: int, *, level: float, method: str, named: str) -> Interval:
    level = checks.level(level)
    total = checks.count(n, name="n", at_least=1)
    number = checks.count(successes, name="successes")
    if number > total:
        msg = f"{number} successes of {total}; expected at most {total}"
        raise StatisticsError(msg)
    bounds = scipy.stats.binomtest(number, total).proportion_ci(confidence_level=level, method=method)
    return Interval(number / total, float(bounds.low), float(bounds.high), level, named)
