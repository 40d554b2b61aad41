"""Numbers as spreadsheets write them: ``1.5``, ``1,5``, ``1,201,000``, ``1.201,5``; and ``1,201``, which tells nothing.

A comma or point before exactly three digits may part thousands or decimals. The column's other numbers tell which,
else the table's; where none does, the number is not guessed.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Mark = Literal[",", "."]

UNCLEAR = "whose comma or point may part thousands or decimals"
"""What to say of an ambiguous number."""

PLAINLY = "write thousands without a mark (1201), and not exactly three decimals (1.20)"
"""What to do about it."""

_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
_GROUPED = re.compile(
    r"[+-]?[1-9]\d{0,2}(?P<group>[.,])\d{3}(?:(?P=group)\d{3})*(?:(?!(?P=group))(?P<decimal>[.,])\d*)?"
)
_SIMPLE = re.compile(r"[+-]?(?:\d+(?:([.,])\d*)?|([.,])\d+)(?:[eE][+-]?\d+)?")


class StoredNumber(str):
    """The text of what a workbook holds as a number: its point is a decimal point, whatever the texts beside it say."""

    __slots__ = ()


class AmbiguousNumberError(ValueError):
    """A number whose comma or point may part thousands or decimals."""


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes:
        decimal: the decimal mark; None if it is not known.
    """

    decimal: Mark | None = None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Notation":
        """What the numbers among the texts tell; nothing if none tells, or they contradict each other."""
        told = {mark for text in texts if (mark := _decimal_mark(text))}
        return cls(told.pop()) if len(told) == 1 else cls()

    def within(self, table: "Notation") -> "Notation":
        """This one, or the whole table's where this one tells nothing."""
        return self if self.decimal else table

    def read(self, text: str) -> float:
        """A cell as a number, ``1.5e4`` too.

        Raises:
            AmbiguousNumberError: if its comma or point may part thousands or decimals.
            ValueError: if it is none, or not finite.
        """
        plain = _plain(text)
        if not isinstance(text, StoredNumber) and (match := _AMBIGUOUS.fullmatch(plain)):
            if self.decimal is None:
                msg = f"a number {UNCLEAR}"
                raise AmbiguousNumberError(msg)
            written = plain.replace(match[1], "." if match[1] == self.decimal else "")
        elif _SIMPLE.fullmatch(plain):
            written = plain.replace(",", ".")
        elif match := _GROUPED.fullmatch(plain):
            written = plain.replace(match["group"], "").replace(",", ".")
        else:
            msg = "not a number in digits"
            raise ValueError(msg)
        value = float(written)
        if not math.isfinite(value):
            msg = "not a finite number"
            raise ValueError(msg)
        return value


def column_numbers(texts: Sequence[str], table: Notation) -> list[float] | None:
    """The numbers of a column, NaN where it is empty; None if one of the texts is none.

    Raises:
        AmbiguousNumberError: if one cannot be told, see :func:`unclear_numbers`.
    """
    if any(not _is_number(text) for text in texts):
        return None
    own = Notation.of(texts).within(table)
    return [own.read(text) if text else math.nan for text in texts]


def _is_number(text: str) -> bool:
    try:
        Notation(".").read(text or "0")
    except ValueError:
        return False
    return True


def unclear_numbers(texts: Sequence[str], table: Notation) -> str:
    """Why a column of numbers cannot be read; empty if it can, or holds other texts. :data:`PLAINLY` helps."""
    own = Notation.of(texts).within(table)
    unclear = 0
    for text in texts:
        try:
            own.read(text or "0")
        except AmbiguousNumberError:
            unclear += 1
        except ValueError:
            return ""
    return f"{unclear} numbers such as 1,201 or 1.201, {UNCLEAR}" if unclear else ""


def _decimal_mark(text: str) -> Mark | None:
    """The decimal mark that a text tells of, if it is a number and tells."""
    plain = _plain(text)
    if isinstance(text, StoredNumber) or _AMBIGUOUS.fullmatch(plain):
        return None
    if match := _SIMPLE.fullmatch(plain):
        return match[1] or match[2]  # type: ignore[return-value]
    if match := _GROUPED.fullmatch(plain):
        return "." if match["group"] == "," else ","
    return None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
