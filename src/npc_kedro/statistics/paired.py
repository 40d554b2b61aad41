"""McNemar's tests for paired yes/no verdicts, in which only the discordant pairs speak."""

import scipy

from npc_kedro.statistics import checks
from npc_kedro.statistics.contingency import TestResult


def mcnemar_exact(b: int, c: int) -> TestResult:
    """Test by the exact binomial whether two paired proportions differ.

    Args:
        b: pairs in which only the first is yes.
        c: pairs in which only the second is yes.

    Returns:
        statistic min(b, c); two-sided P from Binomial(b + c, 1/2), which is 1 without discordant pairs.

    Raises:
        StatisticsError: unless both are whole and non-negative.
    """
    smaller, n = _discordant(b, c)
    p = 1.0 if n == 0 else float(scipy.stats.binomtest(smaller, n, 0.5).pvalue)
    return TestResult("McNemar exact", float(smaller), None, min(1.0, p))


def mcnemar_midp(b: int, c: int) -> TestResult:
    """Test as ``mcnemar_exact`` but counting the observed split half (mid-P), which is less conservative.

    Source: Fagerland, Lydersen & Laake, BMC Med Res Methodol 2013;13:91.

    Raises:
        StatisticsError: unless both are whole and non-negative.
    """
    smaller, n = _discordant(b, c)
    split = scipy.stats.binom(n, 0.5)
    p = 1.0 if n == 0 else float(2 * split.cdf(smaller) - split.pmf(smaller))
    return TestResult("McNemar mid-P", float(smaller), None, min(1.0, p))


def _discordant(b: int, c: int) -> tuple[int, int]:
    first, second = checks.count(b, name="b"), checks.count(c, name="c")
    return min(first, second), first + second
