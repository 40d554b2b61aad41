"""Dates as hospitals write them, and whether they can be true together.

A date never leaves this package: what does is the distance between days. Messages give rows, columns and numbers of
days, not the dates.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import pandas as pd

from npc_kedro.clinical.problems import Problems

DATE_COLUMNS = ("birth_date", "treatment_start", "treatment_end", "response_date")
"""The optional date columns, in the order in which they must follow each other."""

DateOrder = Literal["auto", "dmy", "mdy"]

_EXCEL_EPOCH = date(1899, 12, 30)
_EPOCH_OF_1904 = (date(1904, 1, 1) - _EXCEL_EPOCH).days
_EXCEL_DAYS = {"birth_date": range(10_000, 73_051)}
"""Days since then that are believed, from 1927 for births (numbers of five digits)."""

_OTHER_EXCEL_DAYS = range(18_264, 73_051)
"""From 1950 for what else happens in a treatment; until the end of 2099."""

_YEARS = range(1890, 2101)
_YEAR_ALONE = range(1900, 2101)
_AGE_TOLERANCE_YEARS = 2.0
_EXPECTED = "expected year-month-day, e.g. 2020-03-25; leave the cell empty if the day is not known"
_MONTHS = (
    "january januar januari janvier janeiro",
    "february februar februari febrero febbraio",
    "march mars marzo",
    "april aprile",
    "may mayo",
    "june juni junio junho",
    "july juli julio julho",
    "august augustus",
    "september septembre septiembre",
    "october octobre octubre",
    "november novembre noviembre novembro",
    "december decembre",
)
"""What the months are called, January first; a word that only begins alike (Finnish marraskuu, November) is none."""

_BETWEEN = r"(?:\s?[-/.]\s?|\s)"
_YEAR_FIRST = re.compile(rf"(\d{{4}})(?:{_BETWEEN}|\u5e74)(\d{{1,2}})(?:{_BETWEEN}|\u6708)(\d{{1,2}})[\u65e5.]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[.,]0*)?")
_YEAR_LAST = re.compile(rf"(\d{{1,2}}){_BETWEEN}(\d{{1,2}}){_BETWEEN}(\d{{4}})\.?")
_DAY_AND_NAME = re.compile(r"(?P<day>\d{1,2})[-/. ]*(?P<month>[A-Za-z]{3,})[-/. ,]*(?P<year>\d{4})\.?")
_NAME_AND_DAY = re.compile(r"(?P<month>[A-Za-z]{3,})[-/. ]*(?P<day>\d{1,2})[-/., ]+(?P<year>\d{4})\.?")
_WHOLE_NUMBER = re.compile(r"(\d{1,6})(?:[.,]0*)?")
_TIME_OF_DAY = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}| ?[AP]M)?$", re.IGNORECASE)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/. ])(?:\d{1,2}|[A-Za-z]{3,9})\1\d{1,2}")

_UNKNOWN_DAYS = (date(1900, 1, 1), date(1899, 12, 30), date(1899, 12, 31))
"""What an empty date becomes on its way through a database or a spreadsheet."""
_UNKNOWN_PAIRS = {
    pair for day in _UNKNOWN_DAYS for pair in ((day.day, day.month, day.year), (day.month, day.day, day.year))
}


@dataclass(frozen=True)
class _Written:
    """A date as far as its spelling tells: certain, or two numbers that may be day and month, or why it is none."""

    certain: date | None = None
    pair: tuple[int, int, int] | None = None
    swapped: bool = False
    fault: str = ""


def read_dates(
    table: pd.DataFrame, order: DateOrder, problems: Problems, *, from_1904: bool = False
) -> dict[str, list[date | None]]:
    """The dates of every date column that the table has.

    Args:
        table: cells as text, missing ones empty; the index is the row's number.
        order: whether 03/04/2020 is the third of April (``dmy``) or the fourth of March (``mdy``); ``auto`` lets the
            other dates of the column decide, then those of the whole table.
        problems: takes what is no date, or what cannot be told.
        from_1904: whether the workbook counts days from 1904, as those of older Macintoshes do.
    """
    start = _EPOCH_OF_1904 if from_1904 else 0
    columns = [column for column in DATE_COLUMNS if column in table]
    written = {
        column: {int(str(row)): _understood(text, column, start) for row, text in table[column].items() if text}
        for column in columns
    }
    by_table = _order_of([date for cells in written.values() for date in cells.values()])
    dates: dict[str, list[date | None]] = {}
    for column in columns:
        own = _order_of(list(written[column].values()))
        chosen = order if order != "auto" else own if own != "auto" else by_table
        _complain_of_mixture(column, written[column], problems)
        settled = _settled(column, written[column], chosen, problems)
        dates[column] = [settled.get(int(str(row))) for row in table.index]
    return dates


def _understood(text: str, column: str, start: int) -> _Written | None:
    """None if the text is no date at all; numbers of days are counted from ``start`` days after the usual first."""
    written = _spelt(text, column, start)
    if written and (written.certain in _UNKNOWN_DAYS or written.pair in _UNKNOWN_PAIRS):
        return _Written(fault="the first day that a database or a spreadsheet knows, which stands for no date")
    return written


def _spelt(text: str, column: str, start: int) -> _Written | None:
    plain = _TIME_OF_DAY.sub("", unicodedata.normalize("NFKC", text).strip())
    if match := _YEAR_FIRST.fullmatch(plain) or _COMPACT.fullmatch(plain):
        year, month, day = (int(part) for part in match.groups())
        found = _day(year, month, day)
        return _Written(certain=found) if found else _Written(swapped=True) if _day(year, day, month) else None
    if match := _YEAR_LAST.fullmatch(plain):
        first, second, year = (int(part) for part in match.groups())
        return _Written(pair=(first, second, year)) if _day(year, second, first) or _day(year, first, second) else None
    if match := _DAY_AND_NAME.fullmatch(plain) or _NAME_AND_DAY.fullmatch(plain):
        month = _month_called(match["month"])
        found = _day(int(match["year"]), month, int(match["day"])) if month else None
        return _Written(certain=found) if found else None
    if _SHORT_YEAR.fullmatch(plain):
        return _Written(fault="a year of two digits, which leaves the century open and the order of the parts")
    match = _WHOLE_NUMBER.fullmatch(plain)
    return _counted(int(match[1]), column, start) if match else None


def _month_called(word: str) -> int | None:
    """The number of the month that a word names or shortens: ``March``, ``Mar``, ``Sept``."""
    plain = "sep" if word.lower() == "sept" else word.lower()
    called = (any(plain in (name, name[:3]) for name in names.split()) for names in _MONTHS)
    return next((number for number, hit in enumerate(called, start=1) if hit), None)


def _counted(number: int, column: str, start: int) -> _Written:
    """The date that a spreadsheet means by a number of days."""
    if number in _YEAR_ALONE:
        return _Written(fault="a year alone, not a date")
    days = _EXCEL_DAYS.get(column, _OTHER_EXCEL_DAYS)
    if number + start in days:
        return _Written(certain=_EXCEL_EPOCH + timedelta(days=number + start))
    first = (_EXCEL_EPOCH + timedelta(days=days.start)).year
    return _Written(fault=f"a number that is no date; read as a spreadsheet's day it is not of {first} to 2099")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def _order_of(cells: Sequence[_Written | None]) -> DateOrder:
    """The order that most of the telling dates have; ``auto`` if none tells or they are balanced."""
    pairs = [cell.pair for cell in cells if cell is not None and cell.pair is not None]
    day_first = sum(first > 12 for first, _, _ in pairs)
    month_first = sum(second > 12 for _, second, _ in pairs)
    return "auto" if day_first == month_first else "dmy" if day_first > month_first else "mdy"


def _complain_of_mixture(column: str, cells: Mapping[int, _Written | None], problems: Problems) -> None:
    """Excel with another country's settings turns 03/04/2020 into a wrong date and leaves 25/04/2020 as text."""
    typed = [cell.pair for cell in cells.values() if cell is not None and cell.pair is not None]
    real = [cell.certain for cell in cells.values() if cell is not None and cell.certain is not None]
    above = [pair for pair in typed if max(pair[:2]) > 12]
    telling = len(real) > 2 or (len(real) == 2 and len(typed) > 1 and len(above) == len(typed))
    if above and telling and all(day.day <= 12 for day in real):
        what = (
            f"{len(above)} dates are text with a day above 12 and all {len(real)} that are real dates have a day up to "
            "12: a spreadsheet has swapped day and month of the latter; restore the column from its source"
        )
        problems.add_column(column, what)


def _settled(
    column: str, cells: Mapping[int, _Written | None], order: DateOrder, problems: Problems
) -> dict[int, date | None]:
    settled: dict[int, date | None] = {}
    open_rows = []
    for row, cell in cells.items():
        if cell is None:
            problems.add(row, column, f"not a date; {_EXPECTED}")
        elif cell.fault:
            problems.add(row, column, f"{cell.fault}; {_EXPECTED}")
        elif cell.certain is not None:
            settled[row] = cell.certain
        elif cell.swapped:
            problems.add(row, column, "the month is above 12: day and month are swapped; expected year-month-day")
        elif cell.pair is not None:
            first, second, year = cell.pair
            if order == "auto" and first != second:
                open_rows.append(row)
                continue
            settled[row] = _day(year, second, first) if order == "dmy" else _day(year, first, second)
            if settled[row] is None:
                usual = "day/month/year" if order == "dmy" else "month/day/year"
                problems.add(row, column, f"day and month are swapped: the table's dates are {usual}")
    if open_rows:
        rows = ", ".join(str(row) for row in open_rows[:10]) + (", ..." if len(open_rows) > 10 else "")
        what = f"rows {rows} can be day/month or month/day; set ingest.clinical.date_order to dmy or mdy"
        problems.add_column(column, what)
    return settled


def check_order(table: pd.DataFrame, dates: Mapping[str, Sequence[date | None]], problems: Problems) -> None:
    """Birth, start of treatment, end, response: each after the one before; and the age that belongs to them.

    Args:
        table: with ``age`` in years (NaN if missing); the index is the row's number.
        dates: as :func:`read_dates` gives them.
        problems: takes what cannot be true.
    """
    for place, row in enumerate(table.index):
        given = [(column, day) for column, days in dates.items() if (day := days[place]) is not None]
        for (before, earlier), (after, later) in pairwise(given):
            if later < earlier:
                hint = _swap_hint(before, earlier, after, later)
                problems.add(int(row), after, f"{(earlier - later).days} days before {before}{hint}")
        present = dict(given)
        birth, start = present.get("birth_date"), present.get("treatment_start")
        if birth is None or start is None or start < birth:
            continue
        age, by_dates = float(table["age"].iloc[place]), (start - birth).days / 365.25
        if abs(by_dates - age) > _AGE_TOLERANCE_YEARS:
            what = f"{age:g} years, but birth_date and treatment_start are {by_dates:.0f} years apart"
            problems.add(int(row), "age", what)


def _swap_hint(before: str, earlier: date, after: str, later: date) -> str:
    later_turned = _day(later.year, later.day, later.month)
    earlier_turned = _day(earlier.year, earlier.day, earlier.month)
    if later_turned and later_turned >= earlier:
        return f"; day and month of {after} look swapped"
    if earlier_turned and earlier_turned <= later:
        return f"; day and month of {before} look swapped"
    return "; correct one of the two"
