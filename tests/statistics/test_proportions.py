"""Intervals for proportions: the examples printed in Newcombe's two papers, statsmodels, properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics.proportions import (
    clopper_pearson,
    newcombe_difference,
    newcombe_paired_difference,
    wilson,
)

successes_of = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("x", "n", "wilson_bounds", "exact_bounds"),
    [  # Newcombe, Stat Med 1998;17:857, Table I: methods 3 and 5.
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_published_single_proportions(x, n, wilson_bounds, exact_bounds):
    assert (wilson(x, n).lo, wilson(x, n).hi) == pytest.approx(wilson_bounds, abs=6e-5)
    assert (clopper_pearson(x, n).lo, clopper_pearson(x, n).hi) == pytest.approx(exact_bounds, abs=6e-5)


@pytest.mark.parametrize(
    ("counts", "bounds"),
    [  # Newcombe, Stat Med 1998;17:873, Table II, method 10.
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ],
)
def test_published_differences(counts, bounds):
    interval = newcombe_difference(*counts)
    assert (interval.lo, interval.hi) == pytest.approx(bounds, abs=6e-5)


@given(successes_of, successes_of)
def test_newcombe_agrees_with_statsmodels(first, second):
    interval = newcombe_difference(*first, *second)
    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert (interval.lo, interval.hi) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("counts", "bounds"),
    [  # Newcombe, Stat Med 1998;17:2635, Table III, method 10.
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((0, 0, 0, 54), (-0.0664, 0.0664)),
        ((54, 0, 0, 0), (-0.0664, 0.0664)),
    ],
)
def test_published_paired_differences(counts, bounds):
    interval = newcombe_paired_difference(*counts)
    assert (interval.lo, interval.hi) == pytest.approx(bounds, abs=6e-5)


@given(successes_of, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_bounds_hold_the_estimate_and_mirror_with_the_failures(counts, level):
    x, n = counts
    for method in (wilson, clopper_pearson):
        interval, mirrored = method(x, n, level=level), method(n - x, n, level=level)
        assert 0 <= interval.lo <= interval.estimate <= interval.hi <= 1
        assert (mirrored.lo, mirrored.hi) == pytest.approx((1 - interval.hi, 1 - interval.lo), abs=1e-9)


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any))
def test_paired_difference_changes_sign_with_the_order(counts):
    a, b, c, d = counts
    forward, backward = newcombe_paired_difference(a, b, c, d), newcombe_paired_difference(a, c, b, d)
    assert -1 - 1e-12 <= forward.lo <= forward.estimate <= forward.hi <= 1 + 1e-12
    assert (forward.lo, forward.hi) == pytest.approx((-backward.hi, -backward.lo), abs=1e-12)


@pytest.mark.parametrize(
    ("x", "n", "message"),
    [(5, 4, "5 successes of 4"), (-1, 4, "successes is -1"), (0, 0, "n is 0"), (1.5, 4, "successes is 1.5")],
)
def test_impossible_counts(x, n, message):
    for method in (wilson, clopper_pearson):
        with pytest.raises(StatisticsError, match=message):
            method(x, n)
