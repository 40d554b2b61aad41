"""Confusion counts and rates, and the published orientation."""

import pytest

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import classification
from npc_kedro.statistics.classification import Confusion
from npc_kedro.statistics.proportions import wilson

OUTCOME = [1, 1, 1, 0, 0, 0, 0]
PREDICTED = [1, 1, 0, 1, 0, 0, 0]


def test_counts_and_rates_by_hand():
    counts = classification.confusion(OUTCOME, PREDICTED)
    assert counts == Confusion(true_positive=2, false_positive=1, true_negative=3, false_negative=1)
    assert (counts.n, counts.n_positive, counts.n_negative) == (7, 3, 4)
    assert classification.accuracy(counts) == wilson(5, 7)
    assert classification.sensitivity(counts) == wilson(2, 3)
    assert classification.specificity(counts, level=0.9) == wilson(3, 4, level=0.9)


def test_published_orientation_is_the_other_class_as_positive():
    counts = classification.confusion(OUTCOME, PREDICTED)
    turned = classification.published_orientation(counts)
    assert turned == classification.confusion([1 - x for x in OUTCOME], [1 - x for x in PREDICTED])
    assert classification.sensitivity(turned) == classification.specificity(counts)
    assert classification.published_orientation(turned) == counts


def test_a_rate_without_cases_is_an_error():
    counts = classification.confusion([0, 0], [0, 1])
    assert classification.specificity(counts).estimate == 0.5
    with pytest.raises(StatisticsError, match="n is 0"):
        classification.sensitivity(counts)
    with pytest.raises(StatisticsError, match="predicted is not binary"):
        classification.confusion([0, 1], [0, 0.7])
