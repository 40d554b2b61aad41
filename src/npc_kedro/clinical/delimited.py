"""The rows of a text file whose cells a separator parts, as spreadsheet programs write them (RFC 4180).

A quoted cell may hold separators and line ends. What the standard library's reader takes for one long cell, a quote
that is opened and never closed, is an error here: the rows below it would be lost.
"""

import re
from collections.abc import Sequence

from npc_kedro.errors import CohortError


def delimited_rows(text: str, separator: str, file: str, *, first: int = 1) -> list[list[str]]:
    """Every cell without surrounding blanks; cells may be of any length.

    Args:
        text: the file's text, whatever its line ends.
        separator: one character.
        file: the file's name, for the message.
        first: number of the first row, for the message.

    Raises:
        CohortError: naming the row in which a quote opens that is not closed where the cell ends.
    """
    part = re.escape(separator)
    cell = re.compile(rf' *+"([^"]*+(?:""[^"]*+)*+)" *+(?={part}|[\r\n]|\Z)|([^{part}\r\n]*+)')
    rows: list[list[str]] = []
    row: list[str] = []
    place = 0
    while place < len(text):
        match = cell.match(text, place)
        quoted, bare = match.groups()  # type: ignore[union-attr]  # the second alternative may be empty
        if quoted is None and bare.lstrip(" ").startswith('"'):
            raise _unclosed(file, first + len(rows), len(row) + 1)
        row.append((bare if quoted is None else quoted.replace('""', '"')).strip())
        place = match.end()
        if text.startswith(separator, place):
            place += 1
            continue
        place += 2 if text.startswith("\r\n", place) else 1
        rows.append(row)
        row = []
    if row:
        rows.append([*row, ""])
    _require_no_rows_in_cells(rows, separator, file, first)
    return rows


def _require_no_rows_in_cells(rows: Sequence[Sequence[str]], separator: str, file: str, first: int) -> None:
    """Two quotes, each left open, look like one cell between them: its lines are then as wide as the table's rows."""
    width = max((len(row) for row in rows), default=0)
    for number, row in enumerate(rows, start=first):
        for column, text in enumerate(row, start=1):
            if width > 1 and any(line.count(separator) == width - 1 for line in text.splitlines()[1:]):
                raise _unclosed(file, number, column)


def _unclosed(file: str, row: int, column: int) -> CohortError:
    return CohortError(
        f"{file}, row {row}: the quote that opens cell {column} is not closed where the cell ends, and may hide rows "
        'below it; close it or remove it (within a quoted cell a quote is written twice: "")'
    )
