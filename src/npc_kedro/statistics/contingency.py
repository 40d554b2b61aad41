"""Tests of association in a table of counts, and the rule by which the publication chose among them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks
from npc_kedro.statistics.fisher import exact_p

PEARSON = "Pearson chi-square"
YATES = "Yates chi-square"
LIKELIHOOD_RATIO = "likelihood ratio chi-square"
FISHER = "Fisher exact"
LINEAR_TREND = "linear-by-linear trend"

SMALL_EXPECTED = 5
"""Expected count under which the publication's rule leaves Pearson's test (Cochran's customary limit)."""


@dataclass(frozen=True)
class TestResult:
    """A test and its P value.

    Attributes:
        test: the test in words, for the table's own column; says so when empty rows or columns were left out.
        statistic: value of the test statistic, None where the test has none.
        df: degrees of freedom, None for exact tests.
        p: two-sided P value.
    """

    __test__: ClassVar[bool] = False  # pytest would otherwise collect the class for its name

    test: str
    statistic: float | None
    df: float | None
    p: float


def pearson(table: ArrayLike) -> TestResult:
    """Return Pearson's chi-square test without correction.

    Args:
        table: (r, c) counts. Empty rows and columns are left out, which the result's ``test`` states.

    Raises:
        StatisticsError: on anything but counts, or with fewer than two non-empty rows or columns.
    """
    observed, _, _, note = _without_empty(table)
    return _chi_square(observed, named=PEARSON + note, lambda_="pearson", correction=False)


def yates(table: ArrayLike) -> TestResult:
    """Return the chi-square test of a 2 x 2 table with Yates's continuity correction.

    The correction is 1/2, or the distance to the expected count where that is less, as in R's ``chisq.test``.

    Raises:
        StatisticsError: on anything but a 2 x 2 table of counts without empty margin.
    """
    observed, _, _, note = _without_empty(table)
    if observed.shape != (2, 2):
        msg = f"table has {observed.shape[0]} x {observed.shape[1]} non-empty cells; Yates's correction is for 2 x 2"
        raise StatisticsError(msg)
    return _chi_square(observed, named=YATES + note, lambda_="pearson", correction=True)


def likelihood_ratio(table: ArrayLike) -> TestResult:
    """Return the likelihood ratio (G) test, with 0 log 0 = 0.

    Raises:
        StatisticsError: as ``pearson``.
    """
    observed, _, _, note = _without_empty(table)
    return _chi_square(observed, named=LIKELIHOOD_RATIO + note, lambda_="log-likelihood", correction=False)


def fisher_exact(table: ArrayLike) -> TestResult:
    """Return Fisher's exact test of an r x c table by enumeration of every table with the same margins.

    Two-sided: the total probability of tables that are no more probable than the observed one (Freeman & Halton,
    Biometrika 1951;38:141). scipy enumerates 2 x 2 only.

    Raises:
        StatisticsError: as ``pearson``, or where the enumeration would not end in reasonable time and memory.
    """
    observed, _, _, note = _without_empty(table)
    return TestResult(FISHER + note, None, None, exact_p(observed))


def linear_trend(table: ArrayLike) -> TestResult:
    """Return the linear-by-linear association test, (n - 1) r^2 on 1 df, with equally spaced scores.

    For 2 x k this is SPSS's "Linear-by-Linear Association" (Mantel, J Am Stat Assoc 1963;58:690). Scores are the row
    and column numbers of the table as given, so that an empty level keeps its place.

    Raises:
        StatisticsError: as ``pearson``.
    """
    observed, rows, columns, note = _without_empty(table)
    n = observed.sum()
    x = np.asarray(rows) - (observed.sum(axis=1) @ rows) / n
    y = np.asarray(columns) - (observed.sum(axis=0) @ columns) / n
    r_squared = (x @ observed @ y) ** 2 / ((observed.sum(axis=1) @ x**2) * (observed.sum(axis=0) @ y**2))
    statistic = float((n - 1) * r_squared)
    return TestResult(LINEAR_TREND + note, statistic, 1, float(scipy.special.chdtrc(1, statistic)))


def publication_test(table: ArrayLike) -> TestResult:
    """Return the test that the publication's rule picks (protocol, "Statistics").

    Pearson when every expected count is at least 5; otherwise Yates for 2 x 2 and the likelihood ratio for larger
    tables. Empty rows and columns are left out first.

    Raises:
        StatisticsError: as ``pearson``.
    """
    observed, _, _, _ = _without_empty(table)
    if expected_counts(observed).min() >= SMALL_EXPECTED:
        return pearson(table)
    return yates(table) if observed.shape == (2, 2) else likelihood_ratio(table)


def expected_counts(table: ArrayLike) -> NDArray[np.float64]:
    """Return the counts expected under independence: row total x column total / n, shape as ``table``."""
    observed = checks.counts(table)
    return np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()


def _without_empty(table: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp], str]:
    """The table without empty rows and columns, the numbers of those that stayed, and a note on those that did not."""
    observed = checks.counts(table)
    rows, columns = np.flatnonzero(observed.sum(axis=1)), np.flatnonzero(observed.sum(axis=0))
    if min(len(rows), len(columns)) < 2:
        msg = (
            f"table of {observed.shape[0]} x {observed.shape[1]} has {len(rows)} non-empty row(s) and {len(columns)} "
            f"non-empty column(s); a test of association needs two of each"
        )
        raise StatisticsError(msg)
    gone = {"row": observed.shape[0] - len(rows), "column": observed.shape[1] - len(columns)}
    parts = [f"{number} empty {kind}{'s' if number > 1 else ''}" for kind, number in gone.items() if number]
    note = f" ({' and '.join(parts)} left out)" if parts else ""
    return observed[np.ix_(rows, columns)], rows, columns, note


def _chi_square(observed: NDArray[np.int64], *, named: str, lambda_: str, correction: bool) -> TestResult:
    result = scipy.stats.chi2_contingency(observed, correction=correction, lambda_=lambda_)
    return TestResult(named, float(result.statistic), int(result.dof), float(result.pvalue))
