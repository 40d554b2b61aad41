"""Tests of counts: Fisher against enumeration one by one, the publication's rule, worked and degenerate tables."""

from itertools import product
from math import factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import contingency
from npc_kedro.statistics.contingency import fisher_exact, likelihood_ratio, pearson, publication_test, yates


def tables(largest, *, shapes=((2, 2), (2, 3), (3, 2), (3, 3), (2, 4))):
    def of_shape(shape):
        cells = st.lists(st.integers(0, largest), min_size=prod(shape), max_size=prod(shape))
        return cells.map(lambda values: np.array(values).reshape(shape))

    def testable(table):
        return min((table.sum(axis=0) > 0).sum(), (table.sum(axis=1) > 0).sum()) >= 2

    return st.sampled_from(shapes).flatmap(of_shape).filter(testable)


def compositions(total, parts):
    if parts == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in compositions(total - first, parts - 1)]


def fisher_by_brute_force(table):
    """Every table with the margins, one by one, in whole-number weights: exact ties, no logarithm."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    scale = prod(factorial(total) for total in (*rows, *columns))

    def weight(cells):
        return scale * factorial(24) ** 2 // prod(factorial(int(value)) for value in np.ravel(cells))

    total = extreme = 0
    for columns_of in product(*(compositions(int(column), len(rows)) for column in columns)):
        cells = np.array(columns_of).T
        if (cells.sum(axis=1) == rows).all():
            total += weight(cells)
            extreme += weight(cells) if weight(cells) <= weight(table) else 0
    return extreme / total


@given(tables(3))
@settings(max_examples=40)
def test_fisher_is_the_enumeration(table):
    assert fisher_exact(table).p == pytest.approx(fisher_by_brute_force(table), abs=1e-10)


@given(tables(9))
@settings(max_examples=30)
def test_order_of_rows_and_columns_and_transposing_change_nothing(table):
    for test in (pearson, likelihood_ratio, fisher_exact):
        p = test(table).p
        assert test(table.T).p == pytest.approx(p, abs=1e-9)
        assert test(table[::-1, ::-1]).p == pytest.approx(p, abs=1e-9)


def test_fisher_of_the_publications_largest_table():
    # N stage between the arms, n = 424; R: fisher.test(..., workspace = 2e8).
    assert fisher_exact([[35, 55, 104, 16], [23, 71, 85, 35]]).p == pytest.approx(0.0036037631710598, abs=1e-12)


def test_fisher_of_a_four_by_four_table():
    table = [[5, 6, 7, 3], [4, 8, 2, 6], [3, 4, 9, 1], [7, 2, 2, 5]]
    assert fisher_exact(table).p == pytest.approx(0.0558333561911, abs=1e-10)  # R: fisher.test


def test_fisher_says_when_a_table_is_too_large():
    with pytest.raises(StatisticsError, match="Fisher's exact test"):
        fisher_exact(np.full((5, 5), 60))


@given(tables(9))
@settings(max_examples=30)
def test_empty_rows_and_columns_are_left_out_and_said(table):
    wider = np.column_stack([table, np.zeros(len(table), dtype=int)])
    for test in (pearson, likelihood_ratio, fisher_exact):
        plain, padded = test(table), test(wider)
        assert padded.p == plain.p
        assert "empty column" in padded.test


def test_trend_keeps_the_place_of_an_empty_level():
    gap = contingency.linear_trend([[9, 0, 4], [3, 0, 8]])
    close = contingency.linear_trend([[9, 4], [3, 8]])
    assert gap.statistic == pytest.approx(close.statistic)  # two levels: any spacing is the same straight line
    uneven = contingency.linear_trend([[9, 0, 4, 4], [3, 0, 8, 1]])
    even = contingency.linear_trend([[9, 4, 4], [3, 8, 1]])
    assert abs(uneven.statistic - even.statistic) > 0.01
    assert uneven.test == "linear-by-linear trend (1 empty column left out)"


@pytest.mark.parametrize(
    ("table", "test"),
    [
        ([[10, 10], [10, 10]], contingency.PEARSON),
        ([[5, 5], [5, 5]], contingency.PEARSON),  # every expected count is exactly 5
        ([[9, 2], [9, 7]], contingency.YATES),  # 9 x 11 / 27 = 3.7
        ([[26, 52, 26, 6], [4, 19, 30, 5]], contingency.LIKELIHOOD_RATIO),  # 11 x 58 / 168 = 3.8
        ([[94, 16], [22, 36]], contingency.PEARSON),
    ],
)
def test_the_publications_rule(table, test):
    assert publication_test(table).test == test


def test_worked_chi_squares():
    # Cells 25, 7 / 8, 3: expected 24.558, 7.442 / 8.442, 2.558; deviation 0.442 < 1/2, so Yates leaves nothing.
    assert yates([[25, 7], [8, 3]]).statistic == 0
    assert yates([[25, 7], [8, 3]]).p == 1
    # 39 of 65 against 58 of 69: n (ad - bc)^2 / margins = 134 (39 x 11 - 26 x 58)^2 / (65 x 69 x 97 x 37).
    tally = pearson([[39, 26], [58, 11]])
    assert tally.statistic == pytest.approx(134 * (39 * 11 - 26 * 58) ** 2 / (65 * 69 * 97 * 37))
    assert round(tally.p, 3) == 0.002


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1, 2], [0, 0]], r"1 non-empty row\(s\)"),
        ([[0, 0], [0, 0]], "all zeros"),
        ([[1, -2], [3, 4]], "holds -2"),
        ([[1, 2.5], [3, 4]], "holds 2.5"),
        ([1, 2, 3], r"shape \(3,\)"),
        ([[1, np.nan], [3, 4]], "NaN"),
    ],
)
def test_what_is_no_table_of_counts(table, message):
    for test in (pearson, yates, likelihood_ratio, fisher_exact, contingency.linear_trend, publication_test):
        with pytest.raises(StatisticsError, match=message):
            test(table)


def test_yates_is_for_two_by_two():
    with pytest.raises(StatisticsError, match="2 x 3"):
        yates([[1, 2, 3], [4, 5, 6]])
