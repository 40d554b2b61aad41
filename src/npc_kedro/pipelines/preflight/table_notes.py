"""What is to be known of a clinical table that can be understood: rows and columns that may be wrong all the same."""

from collections.abc import Iterator

import pandas as pd

from npc_kedro.clinical.doubts import contradicted_stages, single_values
from npc_kedro.pipelines.preflight.findings import Finding, Severity


def notes_on_stages(patients: pd.DataFrame, *, check: str) -> Iterator[Finding]:
    """A note for each row whose stage is not that of T and N, those of excluded patients first."""
    for doubt in contradicted_stages(patients):
        found = f"{doubt.what}; the patient is {'left out' if doubt.left_out else 'used, if nothing else is wrong'}"
        note = (found, "the stage of T and N (AJCC, 8th edition)", "correct the one of the three that is wrong")
        where = f"row {doubt.table_row}, column ajcc_stage"
        yield Finding(Severity.NOTE, check, doubt.patient_key, where, "", *note, first=doubt.left_out)


def notes_on_single_values(patients: pd.DataFrame, *, check: str) -> Iterator[Finding]:
    """A note for each of arm, outcome and sex that is the same in all rows."""
    for column, value in single_values(patients).items():
        note = (
            f"every row that tells says {value}",
            "more than one value in a cohort",
            "look whether the column's spellings are mapped to the values that are meant (ingest.clinical.values)",
        )
        yield Finding(Severity.NOTE, check, "", f"column {column}", "", *note)
