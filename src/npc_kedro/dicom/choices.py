"""What the user chose for single patients, in ``series_override.csv`` and ``outline_override.csv``."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from npc_kedro.clinical.side_table import IsMissing, SideTable, no_marks, read_side_table
from npc_kedro.dicom.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Choices:
    """The choices of one file.

    Attributes:
        table: the file, with the faults found so far.
        chosen: patient key to what the patient's row names.
        rows: patient key to the row's number.
    """

    table: SideTable
    chosen: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def fault(self, patient_key: str, what: str) -> None:
        """Notes that a patient's row cannot be followed."""
        self.table.faults.append((self.rows[patient_key], what))


def read_patient_choices(
    path: Path,
    columns: tuple[str, str],
    pseudonyms: Pseudonyms,
    meaning: Callable[[str], str],
    *,
    identifiers: Collection[str],
    is_missing: IsMissing = no_marks,
) -> Choices:
    """The choices of a file whose first column is the patient; none if there is no such file.

    Faults of single rows are kept until it is known which other rows cannot be followed: all are told at once.

    Args:
        path: the file.
        columns: the patient's column, and the one that names what is chosen.
        pseudonyms: makes the patients' keys.
        meaning: what is chosen, from the cell that names it.
        identifiers: columns that a spreadsheet must not have rounded.
        is_missing: tells what stands for nothing in a cell.

    Raises:
        CohortError: if the file cannot be read as a table, or has not each of the columns once.
    """
    choices = Choices(read_side_table(path, columns, identifiers=identifiers, is_missing=is_missing))
    for row, identifier, named in choices.table.rows:
        patient = pseudonyms.patient(identifier)
        if patient in choices.rows:
            what = f"patient {patient} is in row {choices.rows[patient]} already; keep one row"
            choices.table.faults.append((row, what))
        else:
            choices.rows[patient], choices.chosen[patient] = row, meaning(named)
    return choices
