"""DICOM values read with care: missing, empty or impossible ones become a :class:`TagError` that names the tag.

A dataset is pydicom's or a :class:`npc_kedro.dicom.plain.PlainHeader`; both are read alike.
"""

import math
from functools import lru_cache
from typing import Any

from npc_kedro.dicom.charsets import chinese
from npc_kedro.dicom.plain import PlainHeader
from npc_kedro.dicom.reasons import RejectReason

_ASCII_KINDS = frozenset({"UI", "CS", "DS", "IS", "DA", "TM"})
"""Value representations without character sets (DICOM PS3.5, 6.2); several values are parted by a backslash."""

_TEXT_KINDS = frozenset({"LO", "SH", "PN"})
_DOUBTFUL = frozenset(
    {"", *(f"{prefix} IR {number}" for prefix in ("ISO", "ISO 2022") for number in (6, 58, 100)), "ISO IR 192"}
)
"""Character sets, blanks for other separators, that Chinese files declare, too, whatever they are written in; or none.

IR 58 is Chinese, but needs escapes; without them its bytes are GB 2312 that nobody announces. IR 192 is UTF-8, and not
in doubt where it is spelt as it should be.
"""
_SURE = "ISO_IR 192"

_REPLACED = "\ufffd"
"""Stands for bytes that the declared character set does not have."""

_ESCAPE = b"\x1b"
"""Switches between character sets, ISO 2022: text with it is not what its ASCII bytes say."""


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
    raw = _unconverted(dataset, keyword)
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        found = _trimmed(str(value))
    else:
        found = "\\".join(_trimmed(str(part)) for part in value)
    if found.isascii() or raw is None or not isinstance(raw[1], bytes):
        return found
    doubtful = _REPLACED in found or (_ESCAPE not in raw[1] and _is_doubtful(text(dataset, "SpecificCharacterSet")))
    return (_trimmed(chinese(raw[1]) or "") if doubtful else "") or found


@lru_cache(maxsize=256)
def _is_doubtful(declared: str) -> bool:
    """Whether text may be in another character set than the ones declared."""
    parts = declared.replace("_", " ").replace("-", " ").upper().split("\\")
    return declared != _SURE and all(part.strip() in _DOUBTFUL for part in parts)


def _trimmed(value: str) -> str:
    """Without padding: blanks, and zeros at the end. One in front is damage that hides what stood there."""
    return value.rstrip(" \0").lstrip(" ")


def _plain_text(dataset: Any, keyword: str) -> str | None:
    """The value straight from the bytes where they are ASCII text; None where they have to be converted.

    Conversion costs pydicom more than reading the header does, and a survey needs thirty values of every file.
    """
    raw = _unconverted(dataset, keyword)
    if raw is None:
        return ""
    kind, content = raw
    return _ascii_text(kind, content) if isinstance(content, bytes) else None


def _unconverted(dataset: Any, keyword: str) -> tuple[str, Any] | None:
    """Value representation and unconverted value; None if it is missing."""
    return dataset.elements.get(keyword) if isinstance(dataset, PlainHeader) else _raw(dataset, keyword)


@lru_cache(maxsize=4096)
def _ascii_text(kind: str, content: bytes) -> str | None:
    """Bytes as text, several values joined by a backslash; None if a character set may say otherwise.

    Cached, since the slices of a series repeat most of their header.
    """
    if kind not in _ASCII_KINDS and not (kind in _TEXT_KINDS and content.isascii() and _ESCAPE not in content):
        return None
    decoded = content.decode("ascii", "replace")
    if "\\" not in decoded:
        return _trimmed(decoded)
    return "\\".join(map(_trimmed, decoded.split("\\")))


def _raw(dataset: Any, keyword: str) -> tuple[str, Any] | None:
    """Value representation and unconverted value of an element of a pydicom dataset; None if it is missing."""
    tag = _tag(keyword)
    if tag not in dataset:
        return None
    element = dataset.get_item(tag)
    return str(element.VR or _dictionary_kind(keyword)), element.value


@lru_cache(maxsize=256)
def _tag(keyword: str) -> Any:
    from pydicom.tag import Tag

    return Tag(keyword)


@lru_cache(maxsize=256)
def _dictionary_kind(keyword: str) -> str:
    from pydicom.datadict import dictionary_VR

    return str(dictionary_VR(keyword))


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
    value = _value(dataset, keyword)
    try:
        return float(value) if value != "" else math.nan  # most are missing; an exception costs more than the reading
    except (TypeError, ValueError):
        return math.nan


def required_whole(dataset: Any, keyword: str, *, lowest: int) -> int:
    """The value as a whole number of at least ``lowest``.

    Raises:
        TagError: if it is missing, not a whole number or below.
    """
    value = _value(dataset, keyword)
    if type(value) is not int and (value is None or str(value) == ""):
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
    value = _value(dataset, keyword)
    try:
        numbers = _numbers(value) if isinstance(value, str) else tuple(map(float, value))
    except (TypeError, ValueError):
        state = "missing" if value in (None, "") else "not a list of numbers"
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} is {state}") from None
    if len(numbers) != count:
        raise TagError(RejectReason.BAD_GEOMETRY, f"{keyword} has {len(numbers)} numbers; expected {count}")
    return numbers


@lru_cache(maxsize=1024)
def _numbers(written: str) -> tuple[float, ...]:
    """Cached, since the slices of a series repeat their orientation and spacing."""
    return tuple(map(float, written.split("\\")))


def _value(dataset: Any, keyword: str) -> Any:
    """The value as text where that is enough, else as pydicom gives it."""
    plain = _plain_text(dataset, keyword)
    return dataset.get(keyword) if plain is None else plain
