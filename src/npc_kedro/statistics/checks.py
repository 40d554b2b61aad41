"""What every statistic asks of its input, refused in one voice: what was found, what was expected, what to do."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError

FloatVector = NDArray[np.float64]
BoolVector = NDArray[np.bool_]


def finite(values: ArrayLike, *, name: str) -> FloatVector:
    """Return ``values`` as a non-empty one-dimensional float array without NaN or infinity.

    Raises:
        StatisticsError: if they are anything else.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        msg = f"{name} has shape {array.shape}; expected one dimension, one value a case"
        raise StatisticsError(msg)
    if array.size == 0:
        msg = f"{name} is empty; expected at least one value"
        raise StatisticsError(msg)
    if array.dtype.kind not in "biuf":
        array = _numbers_from_objects(array, name=name)
    array = array.astype(np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        msg = (
            f"{name} has {int(bad.sum())} NaN or infinite value(s) of {array.size}, the first ({array[first]}) at "
            f"position {first}; leave such cases out and count them"
        )
        raise StatisticsError(msg)
    return array


def _numbers_from_objects(array: NDArray[Any], *, name: str) -> FloatVector:
    for position, value in enumerate(array.tolist()):
        if not isinstance(value, bool | int | float | np.number):
            kind = "missing" if value is None else type(value).__name__
            msg = f"{name} holds {value!r} ({kind}) at position {position}; expected numbers"
            raise StatisticsError(msg)
    return array.astype(np.float64)


def binary(values: ArrayLike, *, name: str = "outcome") -> BoolVector:
    """Return ``values`` (0/1 or booleans) as booleans.

    Raises:
        StatisticsError: if a value is not 0 or 1.
    """
    array = finite(values, name=name)
    other = array[(array != 0) & (array != 1)]
    if other.size:
        found = ", ".join(f"{value:g}" for value in np.unique(other)[:5])
        msg = f"{name} is not binary: {other.size} of {array.size} values are neither 0 nor 1 (such as {found})"
        raise StatisticsError(msg)
    return array == 1


def same_length(first: NDArray[Any], second: NDArray[Any], *, names: tuple[str, str]) -> None:
    """Raise StatisticsError unless both have one value per case."""
    if len(first) != len(second):
        msg = f"{names[0]} has {len(first)} values and {names[1]} {len(second)}; expected one of each per case"
        raise StatisticsError(msg)


def both_classes(outcome: BoolVector, *, name: str = "outcome", at_least: int = 1) -> None:
    """Raise StatisticsError unless ``outcome`` has ``at_least`` cases of each class."""
    positive = int(outcome.sum())
    negative = len(outcome) - positive
    if min(positive, negative) < at_least:
        msg = f"{name} has {positive} positive and {negative} negative cases; at least {at_least} of each are needed"
        raise StatisticsError(msg)


def outcome_and_score(outcome: ArrayLike, score: ArrayLike, *, at_least: int = 1) -> tuple[BoolVector, FloatVector]:
    """Return a binary outcome and its finite scores, both classes present ``at_least`` so many times."""
    truth, value = binary(outcome), finite(score, name="score")
    same_length(truth, value, names=("outcome", "score"))
    both_classes(truth, at_least=at_least)
    return truth, value


def outcome_and_probability(outcome: ArrayLike, probability: ArrayLike) -> tuple[BoolVector, FloatVector]:
    """Return a binary outcome with both classes and probabilities in [0, 1]."""
    truth, value = binary(outcome), finite(probability, name="probability")
    same_length(truth, value, names=("outcome", "probability"))
    outside = value[(value < 0) | (value > 1)]
    if outside.size:
        msg = f"{outside.size} of {value.size} probabilities are outside [0, 1] (such as {outside[0]:g})"
        raise StatisticsError(msg)
    both_classes(truth)
    return truth, value


def level(value: float) -> float:
    """Return the confidence level, a number strictly between 0 and 1."""
    if not 0 < value < 1:
        msg = f"confidence level {value!r}; expected a fraction between 0 and 1, such as 0.95"
        raise StatisticsError(msg)
    return float(value)


def count(value: float, *, name: str, at_least: int = 0) -> int:
    """Return ``value`` as an integer that is at least ``at_least``."""
    number = finite([value], name=name)[0]
    if number != int(number) or number < at_least:
        msg = f"{name} is {value!r}; expected a whole number of at least {at_least}"
        raise StatisticsError(msg)
    return int(number)


def counts(table: ArrayLike) -> NDArray[np.int64]:
    """Return a contingency table of shape (r, c) as non-negative integers with at least one case."""
    array = np.asarray(table)
    if array.ndim != 2 or array.size == 0:
        msg = f"contingency table has shape {array.shape}; expected rows x columns"
        raise StatisticsError(msg)
    flat = finite(array.ravel(), name="contingency table")
    wrong = flat[(flat < 0) | (flat != np.floor(flat))]
    if wrong.size:
        msg = f"contingency table holds {wrong[0]:g}; expected counts, which are whole and not negative"
        raise StatisticsError(msg)
    if flat.sum() == 0:
        msg = "contingency table is all zeros; expected at least one case"
        raise StatisticsError(msg)
    return flat.astype(np.int64).reshape(array.shape)
