"""A table as a spreadsheet program leaves it: text in cells, whatever the file format, encoding and separator."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from npc_kedro.clinical.delimited import delimited_rows
from npc_kedro.clinical.encodings import decoded
from npc_kedro.clinical.mapping import simplified
from npc_kedro.errors import CohortError

SEPARATORS = (",", ";", "\t", "|")

ROUNDED = "a number that a spreadsheet has rounded (E notation, or over 15 digits); keep it as text there"
"""What to say of :func:`rounded_by_spreadsheet`."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
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
    """

    encoding: str = ""
    sheet: str = ""
    headings: Collection[str] = ()


def read_cells(path: Path, reading: Reading = Reading()) -> pd.DataFrame:
    """Every cell of a CSV or Excel file as text without surrounding blanks.

    Returns:
        The cells; columns are named as in the file; the index is the row's number as a spreadsheet shows it. Rows
        without any content are left out.

    Raises:
        CohortError: if the file is missing, unreadable, empty, a quote is not closed, or a row has more cells than the
            heading.
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
        msg = f"{path.name} is a workbook of Excel 97-2003; save it as .xlsx or as 'CSV UTF-8'"
        raise CohortError(msg)
    if content.startswith(_ZIP):
        from npc_kedro.clinical.workbook import workbook_rows

        rows = workbook_rows(content, path.name, sheet=reading.sheet)
    else:
        text = decoded(content, path.name, encoding=reading.encoding)
        rows = list(enumerate(_text_rows(text, path.name, reading.headings), start=1))
    return _table(rows, path.name, reading.headings)


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


def _table(rows: Sequence[tuple[int, Sequence[str]]], file: str, headings: Collection[str]) -> pd.DataFrame:
    filled = [(number, [_unwrapped(cell) for cell in row]) for number, row in rows if any(row)]
    if not filled:
        msg = f"{file} is empty; expected a heading and one row per patient"
        raise CohortError(msg)
    known = {simplified(name) for name in headings}
    matches = [sum(simplified(cell) in known for cell in row) for _, row in filled[:_HEADING_WITHIN]]
    top = matches.index(max(matches))
    names, body = filled[top][1], filled[top + 1 :]
    while names and not names[-1]:
        names.pop()
    wide = [str(number) for number, row in body if any(row[len(names) :])]
    if wide:
        msg = (
            f"{file}: rows {', '.join(wide[:20])} have more cells than the heading has columns ({len(names)}); "
            "quote cells that contain the separator"
        )
        raise CohortError(msg)
    cells = [(row + [""] * len(names))[: len(names)] for _, row in body]
    return pd.DataFrame(cells, columns=names, index=[number for number, _ in body], dtype=object)


def _unwrapped(cell: str) -> str:
    """What stands in ``="00123"``, by which a text file keeps a spreadsheet from taking it for a number."""
    match = _TEXT_FORMULA.fullmatch(cell)
    return match[1].replace('""', '"').strip() if match else cell


def rounded_by_spreadsheet(text: object) -> bool:
    """Whether a spreadsheet turned a long number into ``1.23457E+11``: its last digits are lost.

    ``5E12`` is none: no spreadsheet writes it so, but hospitals have such identifiers.
    """
    return re.fullmatch(r"\d(?:[.,]\d+[eE]\+?|[eE]\+)\d+", str(text).strip()) is not None
