"""Printed numbers: a decimal stands for every value that rounds to it.

Half-up and half-even are both accepted, so the interval is closed at both ends. Trailing zeros are lost whenever a
table passes through a spreadsheet or pandas (0.710 becomes 0.71), so the decimals are read from the whole column.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from npc_kedro.errors import CohortError

FLOAT_SLACK = 1e-9
"""Added to every rounding interval: binary arithmetic must not decide a verdict."""

_SHARE_OF_COLUMN = 0.25
"""A column has as many decimals as at least this share of its cells shows. Nine of ten cells keep their last digit when
trailing zeros are dropped; a single cell with more decimals must not narrow the intervals of the others."""

_BLANKS = ("", "nan", "none", "na", "<na>", "-")
"""What spreadsheets and pandas write where nothing was printed."""

_NUMBER = re.compile(r"^(?P<less><)?\s*(?P<value>[+-]?\d+(?:\.(?P<decimals>\d+))?(?:[eE][+-]?\d+)?)\s*(?P<percent>%)?$")


@dataclass(frozen=True)
class Interval:
    """A closed interval of real numbers."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low - FLOAT_SLACK <= value <= self.high + FLOAT_SLACK

    def meets(self, other: "Interval") -> bool:
        """Whether the two have a value in common."""
        return self.low <= other.high + FLOAT_SLACK and other.low <= self.high + FLOAT_SLACK

    def scaled(self, factor: float) -> "Interval":
        """The interval times a non-negative factor."""
        return Interval(self.low * factor, self.high * factor)

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)


@dataclass(frozen=True)
class Printed:
    """A printed number.

    Attributes:
        text: as printed.
        value: the number itself; for ``<0.001`` the bound.
        low: smallest value that could have been rounded to it.
        high: largest such value.
        decimals: decimals that it was rounded to.
        cell: its address, e.g. ``table1:CCRT/train/RT/sex/male/n``.
    """

    text: str
    value: float
    low: float
    high: float
    decimals: int
    cell: str

    @property
    def interval(self) -> Interval:
        """Every value that rounds to the printed number."""
        return Interval(self.low, self.high)

    def stands_for(self, value: float) -> bool:
        """Whether ``value`` could be printed like this."""
        return value in self.interval

    @property
    def count(self) -> int:
        """The number as a count.

        Raises:
            CohortError: if it is negative or not whole.
        """
        if self.value < 0 or self.value != int(self.value):
            msg = (
                f"{self.cell}: found {self.text!r} where a number of patients or images is expected; correct the table"
            )
            raise CohortError(msg)
        return int(self.value)


def column_decimals(texts: Iterable[str]) -> int:
    """The decimals of a column, from those of its cells (see :data:`_SHARE_OF_COLUMN`)."""
    shown = sorted((own_decimals(text) for text in texts if text.strip()), reverse=True)
    if not shown:
        return 0
    return shown[math.ceil(_SHARE_OF_COLUMN * len(shown)) - 1]


def own_decimals(text: str) -> int:
    """Decimals that the text itself shows, 0 where it is no number."""
    match = _NUMBER.match(text.strip())
    if match is None:
        return 0
    if "e" in text.lower():
        return 15
    return len(match["decimals"] or "")


def parse_printed(text: str, *, cell: str, decimals: int = 0) -> Printed | None:
    """Reads a printed number.

    Args:
        text: e.g. ``0.710``, ``84.06%``, ``<0.001``; blank means not printed.
        cell: its address, for messages and for the claims that use it.
        decimals: the column's decimals; the cell's own count where there are more.

    Returns:
        The number, None where the cell is blank.

    Raises:
        CohortError: if the text is not a number.
    """
    text = text.strip()
    if text.lower() in _BLANKS:
        return None
    match = _NUMBER.match(text)
    if match is None:
        msg = f"{cell}: found {text!r} where a number is expected; correct the table or leave the cell blank"
        raise CohortError(msg)
    value = float(match["value"])
    digits = max(decimals, own_decimals(text))
    if match["less"]:
        return Printed(text, value, 0.0, value, digits, cell)
    half = 0.5 * 10.0**-digits
    return Printed(text, value, value - half, value + half, digits, cell)


def parse_count(text: str, *, cell: str) -> Printed | None:
    """Reads a count, which stands for itself alone; ``110.0`` is accepted, since pandas writes it so.

    Raises:
        CohortError: if it is not a whole number of at least 0.
    """
    number = parse_printed(text, cell=cell)
    if number is None:
        return None
    exact = Printed(text.strip().removesuffix(".0"), number.value, number.value, number.value, 0, cell)
    _ = exact.count
    return exact


def parse_word(text: str) -> str:
    """A word of a table with surrounding blanks removed; '' where the cell is blank."""
    word = text.strip()
    return "" if word.lower() in _BLANKS else word


def decimal_text(value: float, decimals: int) -> str:
    """``value`` with one decimal more than printed, so that a reader sees why it rounds as it does."""
    return f"{value:.{min(decimals + 1, 8)}f}"
