"""AUC, DeLong and the curve: brute-force pair counting, invariances, worked cases (R is in test_against_r)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import roc


@st.composite
def scored_cases(draw, *, at_least=1):
    n_positive, n_negative = draw(st.integers(at_least, 12)), draw(st.integers(at_least, 12))
    few_values = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6)
    score = draw(st.lists(few_values, min_size=n_positive + n_negative, max_size=n_positive + n_negative))
    outcome = draw(st.permutations([1] * n_positive + [0] * n_negative))
    return np.array(outcome), np.array(score)


def brute_force_kernel(outcome, score):
    positive, negative = score[outcome == 1][:, None], score[outcome == 0][None, :]
    return (positive > negative) + 0.5 * (positive == negative)


@given(scored_cases())
def test_auc_is_the_share_of_concordant_pairs(cases):
    assert roc.auc(*cases) == pytest.approx(brute_force_kernel(*cases).mean(), abs=1e-12)


@given(scored_cases(at_least=2))
def test_delong_is_the_variance_of_the_structural_components(cases):
    kernel = brute_force_kernel(*cases)
    variance = sum(kernel.mean(axis=a).var(ddof=1) / len(kernel.mean(axis=a)) for a in (0, 1))
    interval = roc.auc_interval(*cases)
    assert interval.se == pytest.approx(np.sqrt(variance), abs=1e-8)
    assert 0 <= interval.lo <= interval.auc <= interval.hi <= 1
    assert 0 <= interval.logit_lo <= interval.auc <= interval.logit_hi <= 1
    assert (interval.n_positive, interval.n_negative) == kernel.shape


@given(scored_cases(at_least=2), st.permutations(range(24)))
def test_order_and_monotone_transformation_of_the_scores_change_nothing(cases, permutation):
    outcome, score = cases
    order = [i for i in permutation if i < len(score)]
    ranks = np.unique(score, return_inverse=True)[1]
    before, after = roc.auc_interval(outcome, score), roc.auc_interval(outcome[order], ranks[order] ** 3)
    assert (after.auc, after.se) == pytest.approx((before.auc, before.se), abs=1e-12)


@given(scored_cases(at_least=2))
def test_turning_the_scores_round_mirrors_the_interval(cases):
    outcome, score = cases
    up, down = roc.auc_interval(outcome, score), roc.auc_interval(outcome, -score)
    assert down.auc == pytest.approx(1 - up.auc, abs=1e-12)
    assert (down.logit_lo, down.logit_hi) == pytest.approx((1 - up.logit_hi, 1 - up.logit_lo), abs=1e-8)


@given(scored_cases(at_least=2))
def test_identical_curves_give_p_of_one(cases):
    outcome, score = cases
    same = roc.compare_aucs(outcome, score, np.unique(score, return_inverse=True)[1])
    assert (same.difference, same.se, same.z, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert roc.compare_unpaired_aucs(outcome, score, outcome, score).p == 1.0


@given(scored_cases(at_least=2))
def test_swapping_the_two_scores_changes_the_sign_only(cases):
    outcome, score = cases
    other = score[::-1].copy()
    forward, backward = roc.compare_aucs(outcome, score, other), roc.compare_aucs(outcome, other, score)
    assert forward.difference == -backward.difference
    assert (forward.p, forward.z) == pytest.approx((backward.p, -backward.z))


def test_perfect_separation_is_not_certainty():
    interval = roc.auc_interval([0] * 6 + [1] * 4, range(10))
    assert (interval.auc, interval.se, interval.lo, interval.hi) == (1.0, 0.0, 1.0, 1.0)
    # 4 of 4 independent pairs concordant: Clopper-Pearson's lower bound is 0.025 ** (1/4).
    assert interval.logit_lo == pytest.approx(0.3976354, abs=1e-7)
    assert interval.logit_hi == 1.0


def test_a_difference_without_variance_is_as_in_proc():
    comparison = roc.compare_aucs([0, 0, 1, 1], [1, 2, 3, 4], [5, 5, 5, 5])
    assert (comparison.difference, comparison.se, comparison.z, comparison.p) == (0.5, 0.0, np.inf, 0.0)


def test_curve_of_a_worked_case():
    curve = roc.roc_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    assert curve["threshold"].tolist() == [np.inf, 0.9, 0.5, 0.1]
    assert curve["sensitivity"].tolist() == [0, 0.5, 1, 1]
    assert curve["specificity"].tolist() == [1, 1, 0.5, 0]


@given(scored_cases())
def test_trapezoid_under_the_curve_is_the_auc(cases):
    curve = roc.roc_curve(*cases)
    area = np.trapezoid(curve["sensitivity"], 1 - curve["specificity"])
    assert area == pytest.approx(roc.auc(*cases), abs=1e-12)


def test_band_is_the_curve_on_the_grid_and_independent_of_row_order():
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(40), 3)
    outcome = np.repeat(np.arange(40) % 3 == 0, 3).astype(int)
    score = np.round(outcome + rng.normal(size=120), 1)
    curve = roc.roc_curve(outcome, score)
    band = roc.roc_band(
        outcome, score, patient=patient, seed=1, n_resamples=200, specificities=curve["specificity"].unique()
    )
    upper = curve.groupby("specificity", sort=False)["sensitivity"].max()
    assert band["sensitivity"].to_numpy() == pytest.approx(upper.to_numpy(), abs=1e-9)
    assert (band["lo"] <= band["hi"]).all()
    assert ((band["lo"] <= band["sensitivity"] + 1e-9) & (band["sensitivity"] <= band["hi"] + 1e-9)).mean() > 0.9
    order = rng.permutation(120)
    shuffled = roc.roc_band(
        outcome[order],
        score[order],
        patient=patient[order],
        seed=1,
        n_resamples=200,
        specificities=band["specificity"],
    )
    assert shuffled.equals(band)


def test_band_interpolates_between_operating_points():
    # Operating points (FPR, TPR): (0, 0), (0, 1/2), (1, 1). Halfway along the last segment sensitivity is 3/4.
    band = roc.roc_band(
        [1, 1, 0, 0], [2, 1, 1, 1], patient=[1, 2, 3, 4], seed=1, n_resamples=100, specificities=[1, 0.5, 0]
    )
    assert band["sensitivity"].tolist() == pytest.approx([0.5, 0.75, 1.0], abs=1e-9)


def test_bad_input_names_what_was_found():
    with pytest.raises(StatisticsError, match="0 positive and 3 negative"):
        roc.auc([0, 0, 0], [1, 2, 3])
    with pytest.raises(StatisticsError, match=r"score has 1 NaN or infinite .* position 1"):
        roc.auc([0, 1], [1, np.nan])
    with pytest.raises(StatisticsError, match="outcome has 2 values and score 3"):
        roc.auc([0, 1], [1, 2, 3])
    with pytest.raises(StatisticsError, match=r"not binary: 1 of 3 .*such as 2"):
        roc.auc([0, 1, 2], [1, 2, 3])
    with pytest.raises(StatisticsError, match="outcome is empty"):
        roc.auc([], [])
    with pytest.raises(StatisticsError, match=r"'1' \(str\) at position 0"):
        roc.auc(["1", "0"], [1, 2])
    with pytest.raises(StatisticsError, match="at least 2 of each"):
        roc.auc_interval([0, 0, 1], [1, 2, 3])
    with pytest.raises(StatisticsError, match="confidence level 95"):
        roc.auc_interval([0, 0, 1, 1], [1, 2, 3, 4], level=95)
