"""What the clinical table says clearly and may be wrong all the same: a person has to look, the run goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from npc_kedro.clinical.staging import ajcc_stage


@dataclass(frozen=True)
class Doubt:
    """A row whose items do not go together.

    Attributes:
        table_row: number of the row.
        patient_key: whose it is.
        what: what does not go together.
        left_out: whether the table excludes the patient.
    """

    table_row: int
    patient_key: str
    what: str
    left_out: bool


def contradicted_stages(patients: pd.DataFrame) -> list[Doubt]:
    """The rows whose AJCC stage is not that of T and N, those of excluded patients first.

    Args:
        patients: those of :class:`npc_kedro.clinical.table.ClinicalTable`.
    """
    return sorted(_contradicted(patients), key=lambda doubt: (not doubt.left_out, doubt.table_row))


def single_values(patients: pd.DataFrame) -> dict[str, str]:
    """Of arm, outcome and sex those that have one value in all rows that tell, of which there are several."""
    found = {column: patients[column].dropna() for column in ("arm", "residual_tumor", "sex")}
    return {column: str(rows.iloc[0]) for column, rows in found.items() if len(rows) > 1 and rows.nunique() == 1}


def _contradicted(patients: pd.DataFrame) -> Iterator[Doubt]:
    for row in patients[patients["stage_disagrees"].astype(bool)].itertuples():
        of_both = ajcc_stage(str(row.t_stage), str(row.n_stage))
        left_out = row.exclusion != ""
        what = f"stage {row.ajcc_stage}, but {row.t_stage} {row.n_stage} is {of_both}"
        yield Doubt(int(row.table_row), str(row.patient_key), what, left_out)
