"""The rows of an Excel workbook (.xlsx) as text."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from npc_kedro.clinical.numbers import StoredNumber
from npc_kedro.errors import CohortError

_LAST_ROW = 2**20
"""Excel's own limit."""

_FIRST_ROUNDED = 10**15
"""Excel keeps 15 digits of a number: the last ones of a longer identifier are lost, whatever the cell shows."""


@dataclass(frozen=True)
class WorkbookSheet:
    """One sheet of a workbook.

    Attributes:
        rows: number and cells of every row with content: a formatted cell far away costs nothing.
        uncomputed: row number and place (from 0) of every formula whose value nothing has computed yet.
        hidden: numbers of the rows that Excel does not show.
        hidden_columns: places (from 0) of such columns, in ranges from the first to the last.
        merged: first and last row, first and last place (from 0) of cells that are merged.
        from_1904: whether the workbook counts days from 1904.
    """

    rows: list[tuple[int, list[str]]]
    uncomputed: frozenset[tuple[int, int]]
    hidden: frozenset[int]
    hidden_columns: tuple[range, ...]
    merged: tuple[tuple[int, int, int, int], ...]
    from_1904: bool


def read_workbook(content: bytes, file: str, *, sheet: str = "", adjustable: bool = True) -> WorkbookSheet:
    """The cells of one sheet: whole numbers without ``.0``, dates as ISO dates, formulas by the value last computed.

    A number of more than 15 digits comes in E notation, as in a CSV file: its last digits cannot be trusted.

    Args:
        content: the file's bytes.
        file: its name, for messages.
        sheet: name or number (from 1) of the sheet; empty for the only one with content.
        adjustable: whether the configuration can name this file's sheet.

    Raises:
        CohortError: if the file is no workbook, or the sheet is not clear.
    """
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    with _readable(file):
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        worksheet = workbook[_chosen_sheet(workbook, file, sheet, adjustable=adjustable)]
        rows = [(number, [_text(cell) for cell in row]) for number, row in _filled_rows(worksheet)]
        return WorkbookSheet(rows, *_marks(worksheet), workbook.epoch == CALENDAR_MAC_1904)


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


def _filled_rows(worksheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """Every row with content, as wide as its own cells; openpyxl would fill up the rectangle that the sheet says."""
    worksheet.reset_dimensions()
    rows = enumerate(worksheet.iter_rows(min_row=1, max_row=_LAST_ROW, values_only=True), start=1)
    return ((number, row) for number, row in rows if any(_text(value) for value in row))


def _chosen_sheet(workbook: Any, file: str, sheet: str, *, adjustable: bool) -> str:
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
        remedy = "say in ingest.clinical.sheet which one is the clinical table" if adjustable else "keep one of them"
        msg = f"{file}: sheets {places} have content; {remedy}"
        raise CohortError(msg)
    return filled[0] if filled else names[0]


def _marks(
    worksheet: Any,
) -> tuple[frozenset[tuple[int, int]], frozenset[int], tuple[range, ...], tuple[tuple[int, int, int, int], ...]]:
    """Formulas without a value, hidden rows and columns, merged cells: of these openpyxl tells nothing as it reads.

    A workbook that a program has written has formulas that nothing has computed yet: they would read as empty cells.
    Where a formula gives an empty text, the value is stored as one.
    """
    from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, range_boundaries
    from openpyxl.xml.functions import iterparse

    uncomputed: set[tuple[int, int]] = set()
    hidden: set[int] = set()
    hidden_columns: list[range] = []
    merged: list[tuple[int, int, int, int]] = []
    number = 0
    with worksheet._get_source() as source:
        for _, element in iterparse(source):
            if _tag(element) == "mergeCell":
                left, top, right, bottom = range_boundaries(element.get("ref", ""))
                merged.append((top, bottom, left - 1, right - 1))
            if _tag(element) == "col" and element.get("hidden") in ("1", "true"):
                hidden_columns.append(range(int(element.get("min")) - 1, int(element.get("max"))))
            if _tag(element) != "row":
                continue
            number = int(element.get("r", number + 1))
            if element.get("hidden") in ("1", "true"):
                hidden.add(number)
            place = -1
            for cell in element:
                where = cell.get("r")
                place = column_index_from_string(coordinate_from_string(where)[0]) - 1 if where else place + 1
                parts = {_tag(part): part.text for part in cell}
                if "f" in parts and not parts.get("v") and not ("v" in parts and cell.get("t") == "str"):
                    uncomputed.add((number, place))
            element.clear()
    return frozenset(uncomputed), frozenset(hidden), tuple(hidden_columns), tuple(merged)


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


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
