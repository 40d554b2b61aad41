"""The optional tables beside the clinical one: ``identifiers.csv``, ``series_override.csv``, ``outline_override.csv``.

Each has two columns that count, in any order and among others. They are read like the clinical table: any encoding and
separator that it may have, headings in any spelling, blank rows passed over.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from npc_kedro.clinical.mapping import simplified
from npc_kedro.clinical.spreadsheet import ROUNDED, Reading, read_cells, rounded_by_spreadsheet
from npc_kedro.errors import CohortError


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


def read_side_table(path: Path, columns: tuple[str, str], *, identifiers: Collection[str]) -> SideTable:
    """Reads a side table; empty if there is no such file.

    Args:
        path: the file.
        columns: the two columns that count.
        identifiers: those of them that a spreadsheet must not have rounded.

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
        empty = [column for column, text in given.items() if not text]
        rounded = [column for column in columns if column in identifiers and rounded_by_spreadsheet(given[column])]
        if empty:
            table.faults.append((int(number), f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} empty"))
        elif rounded:
            table.faults.append((int(number), f"{rounded[0]} is {ROUNDED}"))
        else:
            table.rows.append((int(number), *pair))
    return table
