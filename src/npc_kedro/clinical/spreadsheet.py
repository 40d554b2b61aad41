"""A table as a spreadsheet program leaves it: text in cells, whatever the file format, encoding and separator."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from npc_kedro.clinical.delimited import delimited_rows
from npc_kedro.clinical.encodings import decoded
from npc_kedro.clinical.mapping import simplified
from npc_kedro.errors import CohortError

SEPARATORS = (",", ";", "\t", "|")

ROUNDED = "a number that a spreadsheet has rounded (E notation, or over 15 digits); keep it as text there"
"""What to say of :func:`rounded_by_spreadsheet`."""

_ERROR = re.compile(r"#[A-Z][A-Z/0]*[?!]?", flags=re.IGNORECASE)
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_NAMED = 20
"""Cells or rows that one message names."""

_HEADING_WITHIN = 10
"""Rows in which the heading is sought: hospitals put titles and dates above it."""

_HINT = re.compile(r'[ "]*sep=([^"\r\n])[ "]*(?:\r\n|\r|\n|\Z)')
_TEXT_FORMULA = re.compile(r'=\s*"(.*)"\s*', re.DOTALL)


@dataclass(frozen=True)
class Reading:
    """How a file is to be read where it does not say so itself.

    Attributes:
        encoding: of a text file; empty to recognise it.
        sheet: name or number (from 1) of an Excel sheet; empty for the only one that is filled.
        headings: names by which a row is recognised as the heading.
        adjustable: whether the configuration can name encoding and sheet, as it can for the clinical table.
    """

    encoding: str = ""
    sheet: str = ""
    headings: Collection[str] = ()
    adjustable: bool = True


@dataclass(frozen=True)
class Sheet:
    """A table, and what has to be known of it.

    Attributes:
        cells: as text without surrounding blanks; columns are named as in the file; the index is the row's number as a
            spreadsheet shows it. Rows without any content are left out.
        heading_row: number of the heading's row; where no row has a known one, of the first with most cells
            without digits.
        headings_known: whether the heading holds any of the names by which it is recognised.
        surplus: by row the places (from 0) of cells further right than the heading reaches.
        uncomputed: row number and place of formulas without a stored value, in the table's rows and columns.
        hidden: numbers of the table's rows that a spreadsheet program does not show.
        hidden_columns: places (from 0) of such columns.
        merged: first and last row, first and last place of merged cells that reach into the table's rows.
        is_workbook: whether it is an Excel workbook.
        from_1904: whether that counts days from 1904.
    """

    cells: pd.DataFrame
    heading_row: int
    headings_known: bool
    surplus: dict[int, list[int]]
    uncomputed: list[tuple[int, int]]
    hidden: list[int]
    hidden_columns: list[int]
    merged: list[tuple[int, int, int, int]]
    is_workbook: bool
    from_1904: bool

    def complain_of_surplus(self, row: int) -> str:
        """What to say of a row with surplus cells."""
        if not self.is_workbook:
            return (
                f"more cells than the heading has columns ({self.cells.shape[1]}); quote cells that contain the "
                "separator, or give the further cells a heading"
            )
        letters = ", ".join(column_letter(place) for place in self.surplus[row])
        return f"content outside the table, in {letters}, without a heading; give it a heading, or clear it"

    def complain_of_formulas(self, places: Collection[int]) -> str:
        """What to say of formulas in these columns that have no stored value; empty if there are none."""
        cells = [f"{column_letter(place)}{row}" for row, place in self.uncomputed if place in places]
        more = ", ..." if len(cells) > _NAMED else ""
        what = f"the formulas in {', '.join(cells[:_NAMED])}{more} have no stored value"
        return f"{what}; open the file in Excel and save it there" if cells else ""

    def complain_of_merges(self, places: Collection[int]) -> str:
        """What to say of merged cells in these columns; empty if there are none."""
        found = [
            f"{column_letter(left)}{top}:{column_letter(right)}{bottom}"
            for top, bottom, left, right in self.merged
            if any(left <= place <= right for place in places)
        ]
        more = ", ..." if len(found) > _NAMED else ""
        what = f"{', '.join(found[:_NAMED])}{more} are merged cells, of which the file keeps the first alone"
        return f"{what}; part them and fill in each" if found else ""


def column_letter(place: int) -> str:
    """A column's letters, by its place from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def read_cells(path: Path, reading: Reading = Reading()) -> pd.DataFrame:
    """The cells of a table in which nothing is amiss.

    Raises:
        CohortError: as :func:`read_sheet`; and if a row has more cells than the heading, or a formula in a column that
            counts (all, if the reading names none) has no stored value.
    """
    sheet = read_sheet(path, reading)
    known = {simplified(name) for name in reading.headings}
    counting = [place for place, name in enumerate(sheet.cells) if not known or simplified(str(name)) in known]
    faults = [f"row {row}: {sheet.complain_of_surplus(row)}" for row in sheet.surplus]
    complaints = (sheet.complain_of_formulas(counting), sheet.complain_of_merges(counting))
    faults += [what for what in complaints if what]
    if faults:
        msg = f"{path.name} cannot be read as a table; correct it:\n- " + "\n- ".join(faults[:_NAMED])
        raise CohortError(msg)
    return sheet.cells


def read_sheet(path: Path, reading: Reading = Reading()) -> Sheet:
    """Every cell of a CSV or Excel file.

    Raises:
        CohortError: if the file is missing, unreadable or empty, or a quote is not closed.
    """
    if not path.is_file():
        msg = (
            f"There is no {path.name} in the cohort folder; expected a CSV or Excel table (clinical.csv or "
            "clinical.xlsx) with one row per patient and the columns patient_id, arm, residual_tumor, age, sex, "
            "ajcc_stage, t_stage, n_stage (other names can be mapped in ingest.clinical.columns)."
        )
        raise CohortError(msg)
    content = path.read_bytes()
    if content.startswith(_OLE):
        msg = (
            f"{path.name} is a workbook of Excel 97-2003, or one that a password protects; save it as .xlsx without a "
            "password ('Encrypt with Password' in Excel: leave it empty), or as 'CSV UTF-8'"
        )
        raise CohortError(msg)
    if content.startswith(_ZIP):
        from npc_kedro.clinical.workbook import read_workbook

        book = read_workbook(content, path.name, sheet=reading.sheet, adjustable=reading.adjustable)
        sheet = _table(book.rows, path.name, reading.headings)
        rows, width = set(sheet.cells.index), sheet.cells.shape[1]
        uncomputed = [(row, place) for row, place in sorted(book.uncomputed) if row in rows and place < width]
        hidden = sorted(rows & book.hidden)
        merged = [one for one in book.merged if any(one[0] <= row <= one[1] for row in rows)]
        columns = [place for place in range(width) if any(place in some for some in book.hidden_columns)]
        marks = {"uncomputed": uncomputed, "hidden": hidden, "hidden_columns": columns, "merged": merged}
        return replace(sheet, **marks, from_1904=book.from_1904, is_workbook=True)
    text = decoded(content, path.name, encoding=reading.encoding, adjustable=reading.adjustable)
    return _table(list(enumerate(_text_rows(text, path.name, reading.headings), start=1)), path.name, reading.headings)


def _text_rows(text: str, file: str, headings: Collection[str]) -> list[list[str]]:
    hint = _HINT.match(text)  # Excel's own
    if hint:
        return [[], *delimited_rows(text[hint.end() :], hint[1], file, first=2)]
    return delimited_rows(text, _separator(text.splitlines(), headings), file)


def _separator(lines: Sequence[str], headings: Collection[str]) -> str:
    """The separator that parts most known headings in any of the first rows; if several do, the most frequent there.

    What stands in quotes does not count as frequent.
    """
    known = {simplified(name) for name in headings}
    first = lines[:_HEADING_WITHIN]
    bare = [re.sub(r'"[^"]*"', "", line) for line in first]

    def evidence(separator: str) -> tuple[int, int]:
        found = [len({simplified(cell.strip('" ')) for cell in line.split(separator)} & known) for line in first]
        return max(found, default=0), max((line.count(separator) for line in bare), default=0)

    return max(SEPARATORS, key=evidence)


def _table(rows: Sequence[tuple[int, Sequence[str]]], file: str, headings: Collection[str]) -> Sheet:
    filled = [(number, [_unwrapped(cell) for cell in row]) for number, row in rows if any(row)]
    if not filled:
        msg = f"{file} is empty; expected a heading and one row per patient"
        raise CohortError(msg)
    known = {simplified(name) for name in headings}
    matches = [sum(simplified(cell) in known for cell in row) for _, row in filled[:_HEADING_WITHIN]]
    words = [sum(cell != "" and not re.search(r"\d", cell) for cell in row) for _, row in filled[:_HEADING_WITHIN]]
    evidence = matches if any(matches) or not known else words
    top = evidence.index(max(evidence))
    names, body = filled[top][1], filled[top + 1 :]
    while names and not names[-1]:
        names.pop()
    width = len(names)
    surplus = {number: places for number, row in body if (places := [k for k in range(width, len(row)) if row[k]])}
    cells = [(row + [""] * width)[:width] for _, row in body]
    table = pd.DataFrame(cells, columns=names, index=[number for number, _ in body], dtype=object)
    return Sheet(table, filled[top][0], any(matches), surplus, [], [], [], [], is_workbook=False, from_1904=False)


def _unwrapped(cell: str) -> str:
    """What stands in ``="00123"``, by which a text file keeps a spreadsheet from taking it for a number."""
    match = _TEXT_FORMULA.fullmatch(cell)
    return match[1].replace('""', '"').strip() if match else cell


def is_spreadsheet_error(text: object) -> bool:
    """Whether a cell holds ``#REF!``, ``#N/A`` or the like: what a formula gave that found nothing."""
    return _ERROR.fullmatch(str(text).strip()) is not None


def rounded_by_spreadsheet(text: object) -> bool:
    """Whether a spreadsheet turned a long number into ``1.23457E+11``: its last digits are lost.

    ``5E12`` is none: no spreadsheet writes it so, but hospitals have such identifiers.
    """
    return re.fullmatch(r"\d(?:[.,]\d+[eE]\+?|[eE]\+)\d+", str(text).strip()) is not None
