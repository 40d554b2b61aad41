"""The optional tables beside the clinical one: ``identifiers.csv``, ``series_override.csv``, ``outline_override.csv``.

Each has two columns that count, in any order and among others. They are read like the clinical table: any encoding and
separator that it may have, headings in any spelling, blank rows passed over.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from npc_kedro.clinical.mapping import simplified
from npc_kedro.clinical.spreadsheet import ROUNDED, Reading, is_spreadsheet_error, read_cells, rounded_by_spreadsheet
from npc_kedro.errors import CohortError

IsMissing = Callable[[str], bool]
"""Tells whether a cell's text means that nothing is known, as it does in the clinical table."""


@dataclass
class SideTable:
    """The rows of a side table, and what is wrong with it so far.

    Attributes:
        file: name of the file.
        rows: number of each complete row and its two cells.
        faults: row number and sentence of each fault; nothing private.
    """

    file: str
    rows: list[tuple[int, str, str]] = field(default_factory=list, repr=False)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def require_sound(self) -> None:
        """Passes if nothing is wrong.

        Raises:
            CohortError: listing all faults by row.
        """
        if self.faults:
            listed = "\n- ".join(f"row {row}: {what}" for row, what in sorted(self.faults))
            msg = f"{self.file} cannot be followed; correct these rows:\n- {listed}"
            raise CohortError(msg)


def no_marks(text: str) -> bool:
    """Where nothing is known of how the hospital marks what is missing: an empty cell alone."""
    return not text


def read_side_table(
    path: Path, columns: tuple[str, str], *, identifiers: Collection[str], is_missing: IsMissing = no_marks
) -> SideTable:
    """Reads a side table; empty if there is no such file.

    Args:
        path: the file.
        columns: the two columns that count.
        identifiers: those of them that a spreadsheet must not have rounded.
        is_missing: what stands for nothing in the clinical table does so here: two patients whose identifier is
            ``NA`` are not one.

    Raises:
        CohortError: if the file cannot be read as a table, or has not each of the columns once.
    """
    if not path.is_file():
        return SideTable(path.name)
    cells = read_cells(path, Reading(headings=columns, adjustable=False))
    headings = [simplified(str(name)) for name in cells.columns]
    wrong = [column for column in columns if headings.count(simplified(column)) != 1]
    if wrong:
        listed = ", ".join(columns)
        msg = f"{path.name} lacks {' and '.join(wrong)}, or has it twice; expected each of the columns {listed} once"
        raise CohortError(msg)
    table = SideTable(path.name)
    both = (cells.iloc[:, headings.index(simplified(column))] for column in columns)
    for number, *pair in zip(cells.index, *both, strict=True):
        given = dict(zip(columns, pair, strict=True))
        if fault := _fault_of(given, identifiers, is_missing):
            table.faults.append((int(number), fault))
        else:
            table.rows.append((int(number), *pair))
    return table


def _fault_of(given: Mapping[str, str], identifiers: Collection[str], is_missing: IsMissing) -> str:
    """What is wrong with a row's cells; nothing if they can be followed."""
    empty = [column for column, text in given.items() if not text]
    if empty:
        return f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty"
    for column, text in given.items():
        if is_spreadsheet_error(text):
            return f"{column} is an error of the spreadsheet's own; write what is meant, or delete the row"
        if is_missing(text):
            return f"{column} says that nothing is known (ingest.clinical.missing); fill it in, or delete the row"
        if column in identifiers and rounded_by_spreadsheet(text):
            return f"{column} is {ROUNDED}"
    return ""
