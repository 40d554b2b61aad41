"""Calibration and net benefit: worked cases, recovery of a known distortion, what cannot be estimated."""

import numpy as np
import pytest
from scipy.special import expit, logit

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics.calibration import Binning, calibration, calibration_curve, decision_curve


def test_grouped_probabilities_by_hand():
    # 10 cases at 0.2 with 1 event, 10 at 0.6 with 8: the saturated fit has logits logit(0.1) and logit(0.8).
    outcome = [1] + [0] * 9 + [1] * 8 + [0] * 2
    probability = [0.2] * 10 + [0.6] * 10
    found = calibration(outcome, probability)
    assert found.slope == pytest.approx((logit(0.8) - logit(0.1)) / (logit(0.6) - logit(0.2)), abs=1e-10)
    assert np.sum(expit(found.intercept + logit(probability))) == pytest.approx(9, abs=1e-10)
    assert found.brier == pytest.approx((0.64 + 9 * 0.04 + 8 * 0.16 + 2 * 0.36) / 20)
    assert found.ece == pytest.approx((10 * 0.1 + 10 * 0.2) / 20)
    assert (found.n, found.note) == (20, "")


def test_a_constant_shift_of_the_logit_is_the_intercept():
    outcome = np.repeat([0, 1, 0, 1], [30, 10, 5, 15])
    perfect = np.repeat([0.25, 0.75], [40, 20])
    assert calibration(outcome, perfect).intercept == pytest.approx(0, abs=1e-10)
    shifted = calibration(outcome, expit(logit(perfect) + 0.7))
    assert (shifted.intercept, shifted.slope) == pytest.approx((-0.7, 1), abs=1e-9)
    stretched = calibration(outcome, expit(2 * logit(perfect)))
    assert stretched.slope == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(
    ("outcome", "probability", "why"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 1.0], "separate"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], "separate"),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9], "separate"),  # touching at a tie is separation still
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], "equal"),
    ],
)
def test_a_slope_that_does_not_exist_is_none_with_its_reason(outcome, probability, why):
    found = calibration(outcome, probability)
    assert found.slope is None
    assert why in found.note
    assert np.isfinite([found.intercept, found.brier, found.ece]).all()


def test_probabilities_of_exactly_zero_and_one():
    found = calibration([0, 1, 0, 1, 1], [0.0, 1.0, 1.0, 0.0, 0.7])
    assert np.isfinite([found.intercept, found.slope]).all()


def test_curve_bins_are_right_closed_and_complete():
    curve = calibration_curve([0, 1, 0, 1, 1], [0.0, 0.1, 0.5, 0.55, 1.0])
    assert curve["lower"].tolist() == pytest.approx([0.0, 0.4, 0.5, 0.9])
    assert curve["n"].tolist() == [2, 1, 1, 1]
    assert curve["events"].tolist() == [1, 0, 1, 1]
    assert curve["mean_probability"].tolist() == pytest.approx([0.05, 0.5, 0.55, 1.0])
    # Wilson of 1 of 2 with z = 1.96: 1/2 -+ z / (2 sqrt(2 + z^2)).
    assert curve.loc[0, ["observed_lo", "observed_hi"]].tolist() == pytest.approx([0.094531, 0.905469], abs=1e-6)


def test_bins_of_equal_counts_keep_ties_together():
    probability = [0.1] * 5 + [0.2, 0.3, 0.4, 0.5, 0.6]
    curve = calibration_curve([0, 1] * 5, probability, n_bins=4, binning=Binning.EQUAL_COUNT)
    assert curve["n"].sum() == 10
    assert curve.loc[0, ["lower", "upper", "n"]].tolist() == [0.1, 0.1, 5]


def test_net_benefit_by_hand():
    curve = decision_curve([1, 1, 0, 0, 0], [0.9, 0.3, 0.5, 0.2, 0.1], thresholds=[0, 0.3, 0.5])
    net = curve.pivot(index="threshold", columns="policy", values="net_benefit")
    assert net["model"].tolist() == pytest.approx([0.4, 2 / 5 - (1 / 5) * (3 / 7), 1 / 5 - 1 / 5])
    assert net["all"].tolist() == pytest.approx([0.4, 0.4 - 0.6 * 3 / 7, 0.4 - 0.6])
    assert net["none"].tolist() == [0, 0, 0]


def test_bad_input():
    with pytest.raises(StatisticsError, match=r"outside \[0, 1\] .such as 1\.2"):
        calibration([0, 1], [0.5, 1.2])
    with pytest.raises(StatisticsError, match="2 positive and 0 negative"):
        calibration([1, 1], [0.5, 0.2])
    with pytest.raises(StatisticsError, match="NaN"):
        calibration_curve([0, 1], [0.5, np.nan])
    with pytest.raises(StatisticsError, match=r"thresholds range from 0\.5 to 1"):
        decision_curve([0, 1], [0.5, 0.5], thresholds=[0.5, 1])
    with pytest.raises(StatisticsError, match="n_bins is 0"):
        calibration([0, 1], [0.5, 0.5], n_bins=0)
