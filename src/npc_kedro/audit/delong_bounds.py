"""How narrow, and how wide, DeLong's interval of an AUC can be at given numbers of cases.

With m positives and n negatives the DeLong variance is var(V10) / m + var(V01) / n, where V10 is the share of negatives
that a positive exceeds and V01 the share of positives that a negative is exceeded by (DeLong et al., Biometrics
1988;44:837). Any ranking is a staircase from (0, 0) to (m, n), tied scores a diagonal step; the AUC is the area beside
it. So the smallest variance for every possible AUC is a shortest path, found exactly by dynamic programming over
(positives, negatives, area).
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

EXACT_PAIRS = 900
"""Up to this many pairs the path is searched on the cases themselves; above, on a coarser grid of this many."""

COARSE_SHARE = 0.9
"""A coarse grid's smallest standard error is slightly too large; this takes off more than the grid adds."""


def smallest_standard_error(auc: float, positives: int, negatives: int, *, tolerance: float) -> float:
    """The smallest DeLong standard error, ties allowed, of any AUC within ``tolerance`` of ``auc``.

    Exact up to :data:`EXACT_PAIRS` pairs, a lower bound above. Infinite where no AUC that close exists.

    Args:
        auc: area in [0, 1].
        positives: number of positives, at least 2.
        negatives: number of negatives, at least 2.
        tolerance: half the rounding step of the printed AUC.
    """
    shrink = max(1.0, np.sqrt(positives * negatives / EXACT_PAIRS))
    m, n = max(2, round(positives / shrink)), max(2, round(negatives / shrink))
    within_positives, within_negatives = 1 / (positives - 1), 1 / (negatives - 1)
    variances = _smallest_variances(m, n, within_positives, within_negatives)
    areas = np.linspace(0.0, 1.0, len(variances))
    step = areas[1] if shrink > 1 else 0.0
    near = np.abs(areas - auc) <= tolerance + step + 1e-9
    if not near.any():
        return float("inf")
    smallest = float(np.sqrt(max(variances[near].min(), 0.0)))
    return smallest * COARSE_SHARE if shrink > 1 else smallest


def largest_standard_error(auc: float, positives: int, negatives: int) -> float:
    """An upper bound of the DeLong standard error: both components at the Bernoulli variance A (1 - A)."""
    spread = max(auc * (1 - auc), 0.0)
    return float(np.sqrt(spread * (1 / (positives - 1) + 1 / (negatives - 1))))


def hanley_mcneil_standard_error(auc: float, positives: int, negatives: int) -> float:
    """The exponential approximation (Hanley & McNeil, Radiology 1982;143:29)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return float(np.sqrt(max(spread, 0.0) / (positives * negatives)))


@lru_cache(maxsize=32)
def _smallest_variances(m: int, n: int, within_positives: float, within_negatives: float) -> NDArray[np.float64]:
    """The smallest DeLong variance for each area 0, 1/(2mn), ..., 1; infinite where no staircase has it.

    Cost of a block of p positives tied with q negatives, at i positives and j negatives passed: each positive
    exceeds j + q/2 negatives, each negative is exceeded by m - i - p/2 positives.
    """
    areas = 2 * m * n + 1
    best = np.full((m + 1, n + 1, areas), np.inf)
    best[0, 0, 0] = 0.0
    weight_p, weight_q = within_positives / (m * n * n), within_negatives / (n * m * m)
    for i in range(m + 1):
        for j in range(n + 1):
            here = best[i, j]
            reached = np.flatnonzero(np.isfinite(here))
            if not len(reached):
                continue
            first, last = reached[0], reached[-1] + 1
            part = here[first:last]
            for p, q in _steps(m - i, n - j):
                gain = 2 * p * j + p * q
                cost = weight_p * p * (j + q / 2) ** 2 + weight_q * q * (m - i - p / 2) ** 2
                target = best[i + p, j + q, first + gain : last + gain]
                np.minimum(target, part + cost, out=target)
    area = np.arange(areas) / (2 * m * n)
    return best[m, n] - area**2 * (within_positives + within_negatives)


def _steps(positives: int, negatives: int) -> Iterator[tuple[int, int]]:
    """One case at a time, or a block of tied cases of both kinds."""
    if positives:
        yield 1, 0
    if negatives:
        yield 0, 1
    yield from product(range(1, positives + 1), range(1, negatives + 1))
