"""Two means: summaries give what data give, standardised differences by hand and by definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import means

samples = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30).filter(lambda values: np.ptp(values) > 1e-3)


@given(samples, samples)
def test_t_tests_agree_with_scipy_on_the_data(a, b):
    for test, equal in ((means.pooled_t, True), (means.welch_t, False)):
        expected, found = stats.ttest_ind(a, b, equal_var=equal), test(a, b)
        assert found.statistic == pytest.approx(expected.statistic, rel=1e-6, abs=1e-8)
        assert found.p == pytest.approx(expected.pvalue, abs=1e-8)
        assert found.df == pytest.approx(expected.df)


def test_published_age_from_its_summary():
    printed = means.pooled_t_from_summary(mean_a=53.80, sd_a=10.47, n_a=110, mean_b=54.29, sd_b=10.89, n_b=58)
    assert round(printed.p, 3) == 0.776
    assert printed.df == 166
    assert printed.test == "pooled-variance t"


def test_standardised_differences_by_hand():
    assert means.standardised_mean_difference([1, 3], [2, 6]) == pytest.approx(-2 / math.sqrt((2 + 8) / 2))
    # 66/110 male against 43/58: |p - q| / sqrt((p(1-p) + q(1-q)) / 2).
    p, q = 66 / 110, 43 / 58
    expected = abs(p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert means.standardised_difference_of_counts([66, 44], [43, 15]) == pytest.approx(expected)
    # Three levels: covariances of the first two and an explicit inverse.
    p, q = np.array([0.2, 0.3]), np.array([0.5, 0.1])
    cov = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    expected = math.sqrt((p - q) @ np.linalg.inv(cov) @ (p - q))
    assert means.standardised_difference_of_counts([2, 3, 5], [5, 1, 4]) == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=2, max_size=5), st.randoms())
def test_distance_of_counts_ignores_order_and_empty_levels(levels, random):
    distance = means.standardised_difference_of_counts(*zip(*levels, strict=True))
    mixed = [*levels, (0, 0)]
    random.shuffle(mixed)
    assert means.standardised_difference_of_counts(*zip(*mixed, strict=True)) == pytest.approx(distance, abs=1e-9)
    assert distance >= 0


def test_what_has_no_difference():
    with pytest.raises(StatisticsError, match="share no level"):
        means.standardised_difference_of_counts([5, 0], [0, 5])
    with pytest.raises(StatisticsError, match="groups of 0 and 5"):
        means.standardised_difference_of_counts([0, 0], [2, 3])
    with pytest.raises(StatisticsError, match="at least one above 0"):
        means.pooled_t([1, 1], [2, 2])
    with pytest.raises(StatisticsError, match="sample a has 1 value"):
        means.welch_t([1], [2, 3])
    with pytest.raises(StatisticsError, match="sample b has 1 NaN"):
        means.pooled_t([1, 2], [2, float("nan")])
    assert means.standardised_difference_of_counts([5, 0], [3, 0]) == 0
