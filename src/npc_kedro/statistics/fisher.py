"""Exact P value of an r x c table: all tables with the observed margins, column by column.

The network of Mehta & Patel (J Am Stat Assoc 1983;78:427): a node is what the rows have left to fill after some
columns. Two partial tables at one node with the same probability so far are kept once with their number, and a partial
table whose completions all count, or all do not, is settled at once. So tables of hundreds of cases take a second where
one-by-one enumeration would not end.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from npc_kedro.errors import StatisticsError

RELATIVE_TOLERANCE = 1e-7
"""Tables this much more probable than the observed one still count as equally probable, as in R's ``fisher.test``:
equal probabilities come out of different sums of logarithms and differ by rounding."""

MERGE_STEP = 1e-10
"""Log-probabilities closer than this are one value: far above rounding (1e-13), far below ``RELATIVE_TOLERANCE``."""

STEPS_AT_ONCE = 2_000_000
"""Partial tables made before the settled ones among them are dropped: about 100 MB."""

MAXIMUM_WAYS = 3_000_000
"""Ways to fill one column, over all nodes, before giving up: some seconds and some hundred megabytes."""

MAXIMUM_STEPS = 50_000_000
"""Partial tables made for one column before giving up: some ten seconds and about 2 GB."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class _Stage(NamedTuple):
    """The nodes before one column and every way to fill that column.

    Ways are sorted by the node before the column. ``target`` is the node after it; ``step`` the sum of -log(cell!) of
    the column; ``first`` the position of each node's first way, with the number of ways at the end.
    """

    target: Integers
    step: Floats
    first: Integers


class _Paths(NamedTuple):
    """Partial tables: the node each has reached, its share of the log-probability, and how many such there are."""

    node: Integers
    value: Floats
    number: Floats


class _Ends(NamedTuple):
    """What can follow a node: the largest, the smallest and the summed weight of its completions, as logarithms."""

    longest: Floats
    shortest: Floats
    total: Floats


def exact_p(observed: NDArray[np.int64]) -> float:
    """Return the total probability of all tables no more probable than ``observed``, given its margins.

    Args:
        observed: (r, c) counts with no empty row or column.

    Raises:
        StatisticsError: if there are too many tables; the message says what to use instead.
    """
    # Nodes live in the rows' dimension: fewer rows, fewer nodes. The result does not depend on it.
    table = observed if observed.shape[0] <= observed.shape[1] else observed.T
    rows, columns = np.sort(table.sum(axis=1)), np.sort(table.sum(axis=0))[::-1]
    log_factorial = scipy.special.gammaln(np.arange(table.sum() + 1) + 1.0)
    constant = log_factorial[rows].sum() + log_factorial[columns].sum() - log_factorial[table.sum()]
    limit = constant - log_factorial[table].sum() + RELATIVE_TOLERANCE
    stages, ends = _network(rows, columns, log_factorial=log_factorial)

    start = _Paths(np.zeros(1, dtype=np.int64), np.full(1, constant), np.ones(1))
    settled, paths = _settle(start, ends[0], limit=limit)
    for stage, end in zip(stages[:-1], ends[1:-1], strict=True):
        kept: list[_Paths] = []
        for part in _advance(stage, paths):
            more, open_paths = _settle(part, end, limit=limit)
            settled += more
            kept.append(_merged(open_paths))
        paths = _merged(_Paths(*(np.concatenate(column) for column in zip(*kept, strict=True))))
    return min(1.0, settled + _finish(stages[-1], ends[-2], ends[-1], paths=paths, limit=limit))


def _network(rows: Integers, columns: Integers, *, log_factorial: Floats) -> tuple[list[_Stage], list[_Ends]]:
    """The stages of all columns but the last, which the rest of the rows determine, and what can follow each node."""
    rest = rows[None, :]
    rests, stages = [rest], []
    for column in columns[:-1]:
        stage, rest = _stage(rest, int(column), log_factorial=log_factorial)
        stages.append(stage)
        rests.append(rest)
    last = -log_factorial[rest].sum(axis=1)
    ends = [_Ends(last, last, last)]
    left = int(columns[-1])
    weight_of_columns = log_factorial[columns[-1]]
    for depth in reversed(range(len(stages))):
        stage, after = stages[depth], ends[0]
        left += int(columns[depth])
        weight_of_columns += log_factorial[columns[depth]]
        # Vandermonde: 1 / prod(cell!) over all tables with given margins adds up to n! / (prod row! prod column!).
        total = log_factorial[left] - log_factorial[rests[depth]].sum(axis=1) - weight_of_columns
        longest = np.maximum.reduceat(stage.step + after.longest[stage.target], stage.first[:-1])
        shortest = np.minimum.reduceat(stage.step + after.shortest[stage.target], stage.first[:-1])
        ends.insert(0, _Ends(longest, shortest, total))
    return stages, ends


def _stage(rest: Integers, column: int, *, log_factorial: Floats) -> tuple[_Stage, Integers]:
    """All ways to fill a column of ``column`` cases from each node of (nodes, rows) ``rest``; the nodes after it."""
    source = np.arange(len(rest))
    open_cases = np.full(len(rest), column)
    used = np.zeros((len(rest), 0), dtype=np.int64)
    n_rows = rest.shape[1]
    for row in range(n_rows):
        have = rest[source]
        least = np.maximum(0, open_cases - have[:, row + 1 :].sum(axis=1))
        most = np.minimum(have[:, row], open_cases)
        repeat, cell = _ranges(least, most)
        source, open_cases = source[repeat], open_cases[repeat] - cell
        used = np.column_stack([used[repeat], cell])
    # Rows with equal remainders are interchangeable from here on, so nodes are kept sorted.
    after, target = _distinct_rows(np.sort(rest[source] - used, axis=1))
    first = np.searchsorted(source, np.arange(len(rest) + 1))
    return _Stage(target, -log_factorial[used].sum(axis=1), first), after


def _distinct_rows(rows: Integers) -> tuple[Integers, Integers]:
    """The distinct rows, and which of them each row is."""
    base = int(rows.max()) + 1
    if base ** rows.shape[1] >= 2**63:
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        return distinct, which.reshape(-1)
    # Sorting one number a row is an order of magnitude faster than sorting rows.
    code = rows @ base ** np.arange(rows.shape[1], dtype=np.int64)
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return rows[first], which.reshape(-1)


def _advance(stage: _Stage, paths: _Paths) -> Iterator[_Paths]:
    """All partial tables after the stage's column, some millions at a time; at least one batch, maybe empty."""
    ways = stage.first[paths.node + 1] - stage.first[paths.node]
    total = int(ways.sum())
    if total > MAXIMUM_STEPS:
        msg = (
            f"Fisher's exact test would visit {total:,} partial tables for one column (limit {MAXIMUM_STEPS:,}); "
            f"use Pearson's or the likelihood ratio test, or merge levels"
        )
        raise StatisticsError(msg)
    batch = np.cumsum(ways) // STEPS_AT_ONCE
    for part in np.split(np.arange(len(ways)), np.flatnonzero(np.diff(batch)) + 1):
        node = paths.node[part]
        repeat, way = _ranges(stage.first[node], stage.first[node + 1] - 1)
        value, number = paths.value[part][repeat], paths.number[part][repeat]
        yield _Paths(stage.target[way], value + stage.step[way], number)


def _finish(stage: _Stage, before: _Ends, after: _Ends, *, paths: _Paths, limit: float) -> float:
    """The probability of all tables that end the partial tables with the stage's column and the last one, and count.

    Each node's endings are sorted once, so that a partial table finds its share by bisection.
    """
    ending = stage.step + after.total[stage.target]
    order = np.argsort(paths.node, kind="stable")
    node, value, number = (column[order] for column in paths)
    probability = 0.0
    starts = np.append(np.flatnonzero(np.diff(node, prepend=-1)), len(node))
    for start, stop in pairwise(starts):
        at = node[start]
        total = before.total[at]
        weights = np.sort(ending[stage.first[at] : stage.first[at + 1]])
        share = np.concatenate([[0.0], np.cumsum(np.exp(weights - total))])
        some = value[start:stop]
        counting = share[np.searchsorted(weights, limit - some, side="right")]
        probability += float((number[start:stop] * np.exp(some + total) * counting).sum())
    return probability


def _settle(paths: _Paths, end: _Ends, *, limit: float) -> tuple[float, _Paths]:
    """The probability of partial tables whose completions all count, and the partial tables still undecided."""
    counts = paths.value + end.longest[paths.node] <= limit
    probability = float((paths.number[counts] * np.exp(paths.value[counts] + end.total[paths.node[counts]])).sum())
    undecided = ~counts & (paths.value + end.shortest[paths.node] <= limit)
    return probability, _Paths(*(column[undecided] for column in paths))


def _merged(paths: _Paths) -> _Paths:
    """Partial tables at one node with the same probability made one."""
    if len(paths.node) == 0:
        return paths
    key = np.round(paths.value / MERGE_STEP)
    order = np.lexsort((key, paths.node))
    node, key = paths.node[order], key[order]
    first = np.flatnonzero(np.concatenate([[True], (np.diff(node) != 0) | (np.diff(key) != 0)]))
    return _Paths(node[first], key[first] * MERGE_STEP, np.add.reduceat(paths.number[order], first))


def _ranges(least: Integers, most: Integers) -> tuple[Integers, Integers]:
    """For each i all integers from least[i] to most[i]: the repeated i, and the integers."""
    length = most - least + 1
    total = int(length.sum())
    if total > MAXIMUM_WAYS:
        msg = (
            f"the margins allow more than {MAXIMUM_WAYS:,} ways to fill one column, too many for Fisher's exact "
            f"test; use Pearson's or the likelihood ratio test, or merge levels"
        )
        raise StatisticsError(msg)
    repeat = np.repeat(np.arange(len(length)), length)
    start = np.cumsum(length) - length
    return repeat, np.arange(total) - start[repeat] + least[repeat]
