"""The audit's arithmetic against enumeration, hand-worked values and raw data."""

import itertools
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from npc_kedro.audit.accuracy import implied_share
from npc_kedro.audit.aucs import images_needed
from npc_kedro.audit.delong_bounds import (
    hanley_mcneil_standard_error,
    largest_standard_error,
    smallest_standard_error,
)
from npc_kedro.audit.fractions import allowed_denominators, counts_giving
from npc_kedro.audit.means import grim_passes
from npc_kedro.audit.printed import Printed, column_decimals, parse_count, parse_printed
from npc_kedro.audit.stages import joint_table_exists
from npc_kedro.audit.summaries import Summary, combined, t_test_range
from npc_kedro.audit.tables import Table2Row
from npc_kedro.errors import CohortError
from npc_kedro.statistics.means import pooled_t_from_summary


def printed(text: str, decimals: int = 0) -> Printed:
    return parse_printed(text, cell="table:cell", decimals=decimals)


def test_a_printed_decimal_stands_for_both_ways_of_rounding():
    number = printed("0.938")
    assert number.stands_for(0.9375)  # half-up, and half-even as 8 is even
    assert number.stands_for(0.9385)  # half-even
    assert not number.stands_for(0.93851)
    assert printed("<0.001").interval.low == 0.0
    assert printed("84.06%").value == 84.06


def test_decimals_come_from_the_column_and_no_single_cell_narrows_the_others():
    assert column_decimals(["0.71", "0.714", "0.735", "0.707", ""]) == 3
    assert column_decimals(["0.714", "0.735", "0.707", "0.71", "0.70751"]) == 3
    assert printed("0.71", decimals=3).interval == printed("0.710").interval


@pytest.mark.parametrize("text", ["abc", "1,5", "0.7 to 0.8"])
def test_what_is_no_number_is_refused_with_its_place(text):
    with pytest.raises(CohortError, match=r"table:cell: found .* where a number is expected"):
        printed(text)


@pytest.mark.parametrize("text", ["-1", "2.5"])
def test_a_count_is_whole_and_not_negative(text):
    with pytest.raises(CohortError, match="number of patients or images is expected"):
        parse_count(text, cell="table:cell")
    assert parse_count("110.0", cell="table:cell").text == "110"


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 3))
def test_a_rounded_fraction_allows_its_own_denominator(n, k, decimals):
    k = min(k, n)
    rate = printed(f"{k / n:.{decimals}f}")
    assert k in counts_giving(rate, n)
    assert n in allowed_denominators(rate, 60)
    brute = [i for i in range(n + 1) if abs(i / n - rate.value) <= 0.5 * 10**-decimals + 1e-9]
    assert counts_giving(rate, n) == brute


def test_grim_by_hand():
    # 566 / 11 = 51.4545; 51.44 and 51.47 are no mean of eleven whole numbers (565/11 = 51.3636, 567/11 = 51.5454).
    assert grim_passes(printed("51.45"), 11)
    assert not grim_passes(printed("51.44"), 11)
    assert not grim_passes(printed("51.47"), 11)
    assert grim_passes(printed("51.44"), 100)


@lru_cache
def reachable_margins(patients: int) -> frozenset:
    """Margins and number of IVa of every set of stage III-IVa patients, by enumeration."""
    kinds = [(t, n) for t in range(4) for n in range(4) if t >= 2 or n >= 2]
    found = set()
    for people in itertools.combinations_with_replacement(kinds, patients):
        t = tuple(sum(p[0] == level for p in people) for level in range(4))
        n = tuple(sum(p[1] == level for p in people) for level in range(4))
        found.add((t, n, sum(p[0] == 3 or p[1] == 3 for p in people)))
    return frozenset(found)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_stage_margins_against_enumeration(data):
    patients = 4
    margin = st.lists(st.integers(0, 3), min_size=patients, max_size=patients)
    t, n = (tuple(np.bincount(data.draw(margin), minlength=4).tolist()) for _ in range(2))
    fourth = data.draw(st.integers(0, patients))
    expected = (t, n, fourth) in reachable_margins(patients)
    assert joint_table_exists(list(t), list(n), third=patients - fourth, fourth=fourth) is expected


def delong(wins: np.ndarray) -> float:
    m, n = wins.shape
    return float(np.sqrt(wins.mean(axis=1).var(ddof=1) / m + wins.mean(axis=0).var(ddof=1) / n))


@lru_cache
def extremes(m: int, n: int) -> dict[float, tuple[float, float]]:
    """The least and largest DeLong standard error for each AUC, over all scores with ties."""
    found: dict[float, tuple[float, float]] = {}
    for scores in itertools.product(range(m + n), repeat=m + n):
        if list(scores[:m]) != sorted(scores[:m]) or list(scores[m:]) != sorted(scores[m:]):
            continue
        a, b = np.array(scores[:m]), np.array(scores[m:])
        wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
        auc, se = round(float(wins.mean()), 9), delong(wins)
        low, high = found.get(auc, (se, se))
        found[auc] = (min(low, se), max(high, se))
    return found


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 2), (2, 4)])
def test_delong_bounds_against_every_ranking(m, n):
    for auc, (low, high) in extremes(m, n).items():
        assert smallest_standard_error(auc, m, n, tolerance=1e-9) == pytest.approx(low, abs=1e-7)
        assert largest_standard_error(auc, m, n) >= high - 1e-12


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 4))
def test_no_sample_of_many_is_narrower_than_the_coarse_bound(seed, separation):
    rng = np.random.default_rng(seed)
    positives, negatives = rng.normal(separation, 1, 40), rng.normal(0, 1, 30)
    wins = (positives[:, None] > negatives).astype(float)
    low = smallest_standard_error(wins.mean(), 40, 30, tolerance=1e-9)
    # The search subtracts squares: what is 0 comes out as the root of rounding.
    assert low <= delong(wins) + 1e-7 <= largest_standard_error(wins.mean(), 40, 30) + 2e-7


def test_hanley_mcneil_published_example():
    # Hanley & McNeil 1982, Table I data: AUC 0.893, 51 abnormal and 58 normal, standard error 0.0325 (exponential).
    assert hanley_mcneil_standard_error(0.893, 51, 58) == pytest.approx(0.0325, abs=0.0003)
    needed = images_needed(0.8, 0.03)
    assert hanley_mcneil_standard_error(0.8, needed // 2, needed // 2) <= 0.03
    assert hanley_mcneil_standard_error(0.8, needed // 2 - 1, needed // 2 - 1) > 0.03


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_true_mix_is_among_those_that_rounded_rates_allow(a, b, data):
    right_a, right_b = data.draw(st.integers(0, a)), data.draw(st.integers(0, b))
    rates = (f"{(right_a + right_b) / (a + b):.3f}", f"{right_a / a:.3f}", f"{right_b / b:.3f}")
    share = implied_share(Table2Row(*(printed(text) for text in rates), None, None, None))
    assert share.low - 1e-9 <= a / (a + b) <= share.high + 1e-9


def test_no_mix_explains_an_accuracy_outside():
    row = Table2Row(printed("0.815"), printed("0.875"), printed("0.889"), None, None, None)
    assert implied_share(row) is None


def test_groups_put_together_are_as_if_never_apart():
    rng = np.random.default_rng(5)
    parts = [rng.normal(50, 10, size) for size in (7, 12, 30)]
    n, mean, sd = combined([(len(p), p.mean(), p.std(ddof=1)) for p in parts])
    everyone = np.concatenate(parts)
    assert (n, mean, sd) == (49, pytest.approx(everyone.mean()), pytest.approx(everyone.std(ddof=1)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_p_of_raw_ages_is_among_those_that_rounded_summaries_allow(seed):
    rng = np.random.default_rng(seed)
    groups = [np.round(rng.normal(50, 10, size)) for size in (9, 14, 11, 6)]

    def summary(group):
        mean, sd = f"{group.mean():.2f}", f"{group.std(ddof=1):.2f}"
        return Summary(parse_count(str(len(group)), cell="c"), printed(mean, 2), printed(sd, 2))

    p = stats.ttest_ind(np.concatenate(groups[:2]), np.concatenate(groups[2:])).pvalue
    sides = [summary(group) for group in groups]
    allowed = t_test_range(pooled_t_from_summary, sides[:2], sides[2:])
    assert allowed.low - 1e-12 <= p <= allowed.high + 1e-12
    assert allowed.high - allowed.low < 0.01 or allowed.high == 1.0
