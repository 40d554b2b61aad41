"""Whether the table's sex is that of the images: one column that was sorted by itself gives every patient another's."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from npc_kedro.dicom.entries import Entry
from npc_kedro.dicom.pseudonyms import Pseudonyms

_FEWEST = 6
"""Patients whose sex is known twice, from which on differences tell of the whole table."""


@dataclass(frozen=True)
class Sexes:
    """The patients whose sex both the table and their images tell.

    Attributes:
        compared: how many there are.
        differing: row to patient key of those whose sex differs.
        images_tell: whether the images hold both sexes; if not, PatientSex may have been filled in for all.
    """

    compared: int
    differing: dict[int, str]
    images_tell: bool

    @property
    def problem(self) -> str:
        """What to say if the differences are those of a table that has come apart; empty if they are not."""
        if self.compared < _FEWEST or 2 * len(self.differing) <= self.compared or not self.images_tell:
            return ""
        return (
            f"the clinical table's sex is not PatientSex of the images in {len(self.differing)} of {self.compared} "
            "patients; expected the same, but for single errors; look whether a column of the table was sorted by "
            "itself, whether identifiers are joined wrongly, or whether the spellings of sex are mapped the wrong way "
            "round, and restore the table from its source"
        )


def compare_sexes(patients: pd.DataFrame, entries: Iterable[Entry], pseudonyms: Pseudonyms) -> Sexes:
    """Holds the table's sex against what the images say; their own is known as a keyed hash alone.

    Args:
        patients: of the clinical table.
        entries: of the DICOM folder's files.
        pseudonyms: made the hashes.
    """
    marks = {"male": pseudonyms.mark("sex", "M"), "female": pseudonyms.mark("sex", "F")}
    seen: dict[str, set[str]] = defaultdict(set)
    for patient_key, mark in {(entry.origin.patient_key, entry.origin.marks.sex) for entry in entries}:
        if mark:
            seen[patient_key].add(mark)
    rows = patients.loc[patients["sex"].notna(), ["patient_key", "sex", "table_row"]].sort_values("table_row")
    known = [row for row in rows.itertuples() if len(seen.get(row.patient_key, ())) == 1]
    differing = {
        int(row.table_row): str(row.patient_key) for row in known if marks[str(row.sex)] not in seen[row.patient_key]
    }
    return Sexes(len(known), differing, len(set().union(*(seen[row.patient_key] for row in known))) > 1)
