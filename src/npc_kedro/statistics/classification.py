"""A yes/no prediction against what happened: counts, rates with Wilson intervals, and the published orientation.

Residual tumour (RT) is positive throughout. The publication prints the recall of NRT as its sensitivity;
``published_orientation`` turns a confusion matrix round for comparison with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from npc_kedro.statistics import checks
from npc_kedro.statistics.intervals import Interval
from npc_kedro.statistics.proportions import wilson


@dataclass(frozen=True)
class Confusion:
    """Counts of a yes/no prediction.

    Attributes:
        true_positive: positive cases called positive.
        false_positive: negative cases called positive.
        true_negative: negative cases called negative.
        false_negative: positive cases called negative.
    """

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def n(self) -> int:
        """All cases."""
        return self.true_positive + self.false_positive + self.true_negative + self.false_negative

    @property
    def n_positive(self) -> int:
        """Cases that are positive in truth."""
        return self.true_positive + self.false_negative

    @property
    def n_negative(self) -> int:
        """Cases that are negative in truth."""
        return self.true_negative + self.false_positive


def confusion(outcome: ArrayLike, predicted: ArrayLike) -> Confusion:
    """Count a binary prediction against a binary outcome; 1 is residual tumour in both.

    Raises:
        StatisticsError: on non-binary or empty input or unequal lengths. One class only is allowed: the counts exist,
            and the rate that lacks its denominator raises instead.
    """
    truth, called = checks.binary(outcome), checks.binary(predicted, name="predicted")
    checks.same_length(truth, called, names=("outcome", "predicted"))
    return Confusion(
        true_positive=int(np.sum(truth & called)),
        false_positive=int(np.sum(~truth & called)),
        true_negative=int(np.sum(~truth & ~called)),
        false_negative=int(np.sum(truth & ~called)),
    )


def published_orientation(counts: Confusion) -> Confusion:
    """Return the same cases with NRT as the positive class, as the publication's Se and Sp are printed."""
    return Confusion(
        true_positive=counts.true_negative,
        false_positive=counts.false_negative,
        true_negative=counts.true_positive,
        false_negative=counts.false_positive,
    )


def accuracy(counts: Confusion, *, level: float = 0.95) -> Interval:
    """Return the proportion of right calls with Wilson's interval.

    Raises:
        StatisticsError: without any case.
    """
    return wilson(counts.true_positive + counts.true_negative, counts.n, level=level)


def sensitivity(counts: Confusion, *, level: float = 0.95) -> Interval:
    """Return the proportion of positive cases called positive with Wilson's interval.

    Raises:
        StatisticsError: without a positive case.
    """
    return wilson(counts.true_positive, counts.n_positive, level=level)


def specificity(counts: Confusion, *, level: float = 0.95) -> Interval:
    """Return the proportion of negative cases called negative with Wilson's interval.

    Raises:
        StatisticsError: without a negative case.
    """
    return wilson(counts.true_negative, counts.n_negative, level=level)
