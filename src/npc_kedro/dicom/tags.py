"""DICOM values read with care: missing, empty or impossible ones become a :class:`TagError` that names the tag."""

import math
from functools import lru_cache
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag, Tag

from npc_kedro.dicom.reasons import RejectReason

_ASCII_KINDS = frozenset({"UI", "CS", "DS", "IS", "DA"})
"""Value representations without character sets (DICOM PS3.5, 6.2); several values are parted by a backslash."""


class TagError(ValueError):
    """A tag without which the file cannot be used. The message names tags, never a patient's values."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def text(dataset: Any, keyword: str) -> str:
    """The value as text, several values joined by a backslash; ``""`` if missing."""
    plain = _plain_text(dataset, keyword)
    if plain is not None:
        return plain
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(value).strip(" \0")
    return "\\".join(str(part).strip(" \0") for part in value)


def _plain_text(dataset: Any, keyword: str) -> str | None:
    """The value straight from the bytes where its kind allows only ASCII; None where pydicom has to convert it.

    Conversion costs pydicom more than reading the header does, and a survey needs thirty values of every file.
    """
    tag = _tag(keyword)
    if tag not in dataset:
        return ""
    raw = dataset.get_item(tag)
    content = getattr(raw, "value", None)
    if not isinstance(content, bytes) or _kind(tag, raw.VR) not in _ASCII_KINDS:
        return None
    parts = content.decode("ascii", "replace").split("\\")
    return "\\".join(part.strip(" \0") for part in parts)


@lru_cache(maxsize=256)
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def _kind(tag: BaseTag, written: str | None) -> str:
    return written or str(dictionary_VR(tag))


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
        return float(_value(dataset, keyword))
    except (TypeError, ValueError):
        return math.nan


def required_whole(dataset: Any, keyword: str, *, lowest: int) -> int:
    """The value as a whole number of at least ``lowest``.

    Raises:
        TagError: if it is missing, not a whole number or below.
    """
    value = _value(dataset, keyword)
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
    plain = _plain_text(dataset, keyword)
    value = dataset.get(keyword) if plain is None else plain.split("\\")
    try:
        numbers = tuple(float(part) for part in value)
    except (TypeError, ValueError):
        state = "missing" if plain == "" or value is None else "not a list of numbers"
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} is {state}") from None
    if len(numbers) != count:
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} has {len(numbers)} numbers; expected {count}")
    return numbers


def _value(dataset: Any, keyword: str) -> Any:
    """The value as text where that is enough, else as pydicom gives it."""
    plain = _plain_text(dataset, keyword)
    return dataset.get(keyword) if plain is None else plain
