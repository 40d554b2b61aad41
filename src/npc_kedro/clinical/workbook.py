"""The rows of an Excel workbook (.xlsx) as text."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import zip_longest
from typing import Any

from npc_kedro.clinical.numbers import StoredNumber
from npc_kedro.errors import CohortError

_LAST_ROW = 2**20
"""Excel's own limit."""

_FIRST_ROUNDED = 10**15
"""Excel keeps 15 digits of a number: the last ones of a longer identifier are lost, whatever the cell shows."""


def workbook_rows(content: bytes, file: str, *, sheet: str = "") -> list[tuple[int, list[str]]]:
    """The cells of one sheet: whole numbers without ``.0``, dates as ISO dates, formulas by the value last computed.

    A number of more than 15 digits comes in E notation, as in a CSV file: its last digits cannot be trusted.

    Args:
        content: the file's bytes.
        file: its name, for messages.
        sheet: name or number (from 1) of the sheet; empty for the only one with content.

    Returns:
        Number and cells of every row with content: a formatted cell far away costs nothing.

    Raises:
        CohortError: if the file is no workbook, the sheet is not clear, or a formula has no stored value.
    """
    import openpyxl

    with _readable(file):
        values = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        name = _chosen_sheet(values, file, sheet)
        rows = dict(_filled_rows(values[name]))
        _require_values(rows, formulas[name], file)
    return [(number, [_text(cell) for cell in row]) for number, row in rows.items()]


@contextmanager
def _readable(file: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of extensions and styles that do not concern us
            yield
    except CohortError:
        raise
    except Exception as error:  # a damaged zip or its XML can raise anything
        msg = f"{file} cannot be read as an Excel workbook ({type(error).__name__}); save it anew, or as 'CSV UTF-8'"
        raise CohortError(msg) from None


def _rows(worksheet: Any, *, values_only: bool) -> Iterator[tuple[int, Sequence[Any]]]:
    """Every row as wide as its own cells; openpyxl would fill up the rectangle that the sheet says it has."""
    worksheet.reset_dimensions()
    return enumerate(worksheet.iter_rows(min_row=1, max_row=_LAST_ROW, values_only=values_only), start=1)


def _filled_rows(worksheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    return (
        (number, row) for number, row in _rows(worksheet, values_only=True) if any(value is not None for value in row)
    )


def _chosen_sheet(workbook: Any, file: str, sheet: str) -> str:
    names = [worksheet.title for worksheet in workbook.worksheets]
    if sheet in names:
        return sheet
    if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
        return names[int(sheet) - 1]
    filled = [worksheet.title for worksheet in workbook.worksheets if any(True for _ in _filled_rows(worksheet))]
    if sheet:
        msg = f"{file} has no sheet as named in ingest.clinical.sheet; it has {len(names)} sheets: give a number from 1"
        raise CohortError(msg)
    if len(filled) > 1:
        places = ", ".join(str(names.index(title) + 1) for title in filled)
        msg = f"{file}: sheets {places} have content; say in ingest.clinical.sheet which one is the clinical table"
        raise CohortError(msg)
    return filled[0] if filled else names[0]


def _require_values(rows: Mapping[int, Sequence[Any]], formulas: Any, file: str) -> None:
    """A workbook written by a program has formulas that nothing has computed yet: they would read as empty cells."""
    empty = [
        cell.coordinate
        for number, row in _rows(formulas, values_only=False)
        for cell, value in zip_longest(row, rows.get(number, ()))
        if cell is not None and cell.data_type == "f" and value is None
    ]
    if empty:
        msg = f"{file}: the formulas in {', '.join(empty[:20])} have no stored value; open and save it in Excel"
        raise CohortError(msg)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and abs(value) >= _FIRST_ROUNDED:
        return f"{value:.14E}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return StoredNumber(value) if isinstance(value, (int, float)) else str(value).strip()
