"""DICOM values read with care: missing, empty or impossible ones become a :class:`TagError` that names the tag."""

import math
from typing import Any

from npc_kedro.dicom.reasons import RejectReason


class TagError(ValueError):
    """A tag without which the file cannot be used. The message names tags, never a patient's values."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def text(dataset: Any, keyword: str) -> str:
    """The value as text, several values joined by a backslash; ``""`` if missing."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(value).strip(" \0")
    return "\\".join(str(part).strip(" \0") for part in value)


def required_text(dataset: Any, keyword: str) -> str:
    """The value as text.

    Raises:
        TagError: if it is missing or empty.
    """
    value = text(dataset, keyword)
    if not value:
        raise TagError(RejectReason.MISSING_TAG, f"{keyword} is missing or empty")
    return value


def number(dataset: Any, keyword: str) -> float:
    """The value as a number; NaN if missing, empty, several or not a number (for tags that are only evidence)."""
    try:
        return float(dataset.get(keyword))
    except (TypeError, ValueError):
        return math.nan


def required_whole(dataset: Any, keyword: str, *, lowest: int) -> int:
    """The value as a whole number of at least ``lowest``.

    Raises:
        TagError: if it is missing, not a whole number or below.
    """
    value = dataset.get(keyword)
    if value is None or str(value) == "":
        raise TagError(RejectReason.MISSING_TAG, f"{keyword} is missing or empty")
    try:
        whole = int(value)
    except (TypeError, ValueError):
        raise TagError(RejectReason.INVALID_TAG, f"{keyword} is not one whole number") from None
    if whole < lowest:
        raise TagError(RejectReason.INVALID_TAG, f"{keyword} is {whole}; expected at least {lowest}")
    return whole


def required_numbers(dataset: Any, keyword: str, count: int) -> tuple[float, ...]:
    """The values as ``count`` numbers, which may still be infinite or NaN.

    Raises:
        TagError: bad geometry, since positions, orientations and spacings are read this way.
    """
    value = dataset.get(keyword)
    try:
        numbers = tuple(float(part) for part in value)
    except (TypeError, ValueError):
        state = "missing" if value is None or str(value) == "" else "not a list of numbers"
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} is {state}") from None
    if len(numbers) != count:
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} has {len(numbers)} numbers; expected {count}")
    return numbers
