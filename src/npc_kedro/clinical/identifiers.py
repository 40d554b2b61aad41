"""``identifiers.csv``: the several identifiers of one patient, joined.

Columns ``identifier`` (as it stands in DICOM files, file names or tables) and ``patient_id`` (the one in the clinical
table). Identifiers that the file does not mention stand for themselves.
"""

import re
from pathlib import Path

from npc_kedro.clinical.mapping import simplified
from npc_kedro.clinical.spreadsheet import Reading, read_cells
from npc_kedro.dicom.pseudonyms import normalised_identifier
from npc_kedro.errors import CohortError

FILE = "identifiers.csv"
COLUMNS = ("identifier", "patient_id")


def read_aliases(path: Path) -> dict[str, str]:
    """Normalised identifier to the normalised identifier of the clinical table; empty if there is no such file.

    Raises:
        CohortError: listing every row that is incomplete or contradicts another. Rows are named by number only.
    """
    if not path.is_file():
        return {}
    cells = read_cells(path, Reading(headings=COLUMNS))
    places = {column: [simplified(str(name)) for name in cells.columns].count(simplified(column)) for column in COLUMNS}
    if set(places.values()) != {1}:
        msg = f"{path.name} needs each of the columns {', '.join(COLUMNS)} once"
        raise CohortError(msg)
    cells.columns = [simplified(str(name)) for name in cells.columns]
    aliases: dict[str, str] = {}
    problems: list[str] = []
    for row, first, second in cells[[simplified(column) for column in COLUMNS]].itertuples():
        identifier, patient = normalised_identifier(first), normalised_identifier(second)
        damaged = [c for c, text in zip(COLUMNS, (first, second), strict=True) if rounded_by_spreadsheet(text)]
        if not identifier or not patient:
            problems.append(f"row {row}: identifier or patient_id is empty")
        elif damaged:
            problems.append(f"row {row}, column {damaged[0]}: a number that a spreadsheet has rounded (E notation)")
        elif aliases.setdefault(identifier, patient) != patient:
            problems.append(f"row {row}: this identifier already belongs to another patient_id")
    chained = [alias for alias, patient in aliases.items() if aliases.get(patient, patient) != patient]
    if chained:
        problems.append(
            f"{len(chained)} identifiers lead to a patient_id that itself leads to another; name the last one"
        )
    if problems:
        msg = f"{path.name} cannot be followed; correct these rows:\n- " + "\n- ".join(problems)
        raise CohortError(msg)
    return aliases


def rounded_by_spreadsheet(text: object) -> bool:
    """Whether a spreadsheet turned a long number into ``1.23457E+11``: its last digits are lost."""
    return re.fullmatch(r"\d(?:[.,]\d+)?[eE]\+?\d+", str(text).strip()) is not None
