"""``identifiers.csv``: the several identifiers of one patient, joined.

Columns ``identifier`` (as it stands in DICOM files, file names or tables) and ``patient_id`` (the one in the clinical
table). Identifiers that the file does not mention stand for themselves.
"""

from pathlib import Path

from npc_kedro.clinical.side_table import IsMissing, no_marks, read_side_table
from npc_kedro.dicom.pseudonyms import normalised_identifier

FILE = "identifiers.csv"
COLUMNS = ("identifier", "patient_id")


def read_alias_rows(path: Path, is_missing: IsMissing = no_marks) -> list[tuple[int, str]]:
    """Each complete row's number and ``patient_id``; none if there is no such file."""
    table = read_side_table(path, COLUMNS, identifiers=COLUMNS, is_missing=is_missing)
    return [(row, patient) for row, _, patient in table.rows]


def read_aliases(path: Path, is_missing: IsMissing = no_marks) -> dict[str, str]:
    """Normalised identifier to the normalised identifier of the clinical table; empty if there is no such file.

    Raises:
        CohortError: if a column is missing, or listing every row that is incomplete or contradicts another. Rows are
            named by number only.
    """
    table = read_side_table(path, COLUMNS, identifiers=COLUMNS, is_missing=is_missing)
    aliases: dict[str, str] = {}
    rows: dict[str, int] = {}
    for row, first, second in table.rows:
        identifier, patient = normalised_identifier(first), normalised_identifier(second)
        rows.setdefault(identifier, row)
        if not identifier or not patient:  # an apostrophe alone
            table.faults.append((row, "identifier or patient_id is empty"))
        elif aliases.setdefault(identifier, patient) != patient:
            table.faults.append(
                (row, f"this identifier belongs to another patient_id already, in row {rows[identifier]}")
            )
    for identifier, patient in aliases.items():
        if aliases.get(patient, patient) != patient:
            what = f"this patient_id itself leads to another, in row {rows[patient]}; name the last one"
            table.faults.append((rows[identifier], what))
    table.require_sound()
    return aliases
