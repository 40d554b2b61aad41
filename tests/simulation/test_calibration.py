"""Calibration against values worked by hand."""

import numpy as np
import pytest

from npc_kedro.errors import ParameterError
from npc_kedro.simulation.calibration import calibrate, expected_auc, realised_auc


def test_expected_auc_of_two_members_by_hand():
    # one event and one not: right order with .8 * .8, wrong order with .2 * .2
    assert expected_auc(np.array([0.2, 0.8])) == pytest.approx(0.64 / 0.68)


def test_expected_auc_counts_ties_one_half():
    assert expected_auc(np.array([0.3, 0.3, 0.3])) == pytest.approx(0.5)


def test_expected_auc_is_the_mean_over_drawn_outcomes():
    rng = np.random.default_rng(0)
    p = rng.random(400).round(1).clip(0.05, 0.95)
    drawn = [realised_auc(p, rng.random(400) < p) for _ in range(300)]
    assert expected_auc(p) == pytest.approx(np.mean(drawn), abs=0.004)


def test_expected_auc_needs_both_outcomes():
    with pytest.raises(ParameterError, match="must not all be 0 or 1"):
        expected_auc(np.array([1.0, 1.0]))


def test_realised_auc_by_hand():
    # pairs (event, no event): .9>.4, .9>.5, .5>.4 are right, .5=.5 is a tie: 3.5 of 4
    assert realised_auc(np.array([0.9, 0.5, 0.4, 0.5]), np.array([1, 1, 0, 0])) == pytest.approx(3.5 / 4)
    assert np.isnan(realised_auc(np.array([0.1, 0.2]), np.array([1, 1])))


@pytest.mark.parametrize(("share", "auc"), [(0.36, 0.95), (0.24, 0.93), (0.5, 0.7)])
def test_calibrate_reaches_share_and_auc(share, auc):
    score = np.random.default_rng(1).standard_normal(5000)
    risk = calibrate(score, share=share, auc=auc)
    probability = 1 / (1 + np.exp(-(risk.intercept + risk.slope * score)))
    assert probability.mean() == pytest.approx(share, abs=1e-6)
    assert expected_auc(probability) == pytest.approx(auc, abs=1e-6)
    np.testing.assert_allclose(risk.probability(score), probability)


def test_calibrate_refuses_what_no_slope_reaches():
    with pytest.raises(ParameterError, match="out of reach"):
        calibrate(np.zeros(10), share=0.3, auc=0.9)
