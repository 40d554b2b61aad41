"""The training's own numbers, worked by hand."""

import math

import numpy as np
import pytest

from npc_kedro.training.metrics import (
    area_under_curve,
    cross_entropy,
    dice,
    per_patient_mean,
    per_patient_sum,
    youden_threshold,
)


def test_area_under_curve_counts_pairs():
    labels, scores = np.array([1, 1, 0, 0, 0]), np.array([0.9, 0.4, 0.4, 0.2, 0.6])
    assert area_under_curve(labels, scores) == pytest.approx((3 + 0.5 + 1) / 6)
    assert math.isnan(area_under_curve(np.array([1, 1]), np.array([0.1, 0.2])))


def test_patients():
    patients = np.array(["b", "a", "b"])
    keys, means = per_patient_mean(np.array([0.2, 0.5, 0.4]), patients)
    assert keys.tolist() == ["a", "b"]
    assert means == pytest.approx([0.5, 0.3])
    assert per_patient_sum(np.array([1, 2, 3]), patients)[1].tolist() == [2, 4]


def test_cross_entropy_by_hand():
    assert cross_entropy(np.array([1, 0]), np.array([0.5, 0.75])) == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert cross_entropy(np.array([1]), np.array([0.0])) == pytest.approx(7 * math.log(10))


def test_dice_by_hand_and_undefined_on_nothing():
    values = dice(np.array([2, 0, 0]), np.array([4, 0, 3]), np.array([4, 0, 0]))
    assert values[0] == 0.5
    assert math.isnan(values[1])
    assert values[2] == 0.0


def test_youden_threshold_by_hand():
    labels, probabilities = np.array([0, 0, 1, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.35, 0.4, 0.7])
    # above 0.25: Se 1, Sp 2/3; above 0.375: Se 2/3, Sp 1; both sum to 5/3, and 0.375 is nearer 0.5
    assert youden_threshold(labels, probabilities) == pytest.approx(0.375)
    assert youden_threshold(np.zeros(3), np.array([0.1, 0.2, 0.3])) == 0.5
