"""The clinical table in the study's words, or one message that lists everything wrong with it.

Two kinds of trouble are kept apart. What cannot be understood (an unknown spelling, a patient listed twice) stops the
run: a person has to look. What is merely absent (an empty cell) excludes the patient, as in the publication.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from npc_kedro.clinical.mapping import COLUMNS, VALUES, ClinicalMapping, simplified
from npc_kedro.clinical.spreadsheet import read_cells
from npc_kedro.clinical.staging import ajcc_stage
from npc_kedro.dicom.pseudonyms import Pseudonyms, normalised_identifier
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.errors import CohortError

_SHOWN_PROBLEMS = 100
_LONGEST_SHOWN_VALUE = 24

_EXCLUDED_STAGES: Mapping[str, RejectReason] = {
    "I": RejectReason.NOT_LOCALLY_ADVANCED,
    "II": RejectReason.NOT_LOCALLY_ADVANCED,
    "IVb": RejectReason.DISTANT_METASTASIS,
}


@dataclass(frozen=True)
class ClinicalTable:
    """The clinical table behind the door.

    Attributes:
        patients: one row per patient, sorted by ``patient_key``: the study's columns, ``exclusion`` (reason code, empty
            if the patient can be used), ``missing_items`` (names of missing columns), ``stage_disagrees`` (the stage is
            not that of T and N), ``treatment_start_day`` (on the patient's shifted calendar, NaN if unknown).
        identifiers: patient key to identifier as written; for the log filter and the key map only.
    """

    patients: pd.DataFrame
    identifiers: dict[str, str]


def read_clinical(path: Path, mapping: ClinicalMapping, pseudonyms: Pseudonyms) -> ClinicalTable:
    """Reads the clinical table.

    Raises:
        CohortError: listing every missing column, or every cell that cannot be understood, with row and column.
    """
    named = _renamed(read_cells(path), mapping, path.name)
    problems: list[str] = []
    identifiers = _identifiers(named, mapping, problems, pseudonyms)
    columns = {column: _values(named, column, mapping, problems) for column in COLUMNS if column in VALUES}
    columns["age"] = _ages(named, mapping, problems)
    if problems:
        shown = problems[:_SHOWN_PROBLEMS]
        more = [f"... and {len(problems) - len(shown)} more"] if len(problems) > len(shown) else []
        msg = f"{path.name} has {len(problems)} problems; correct them, or map spellings in ingest.clinical.values:\n- "
        raise CohortError(msg + "\n- ".join([*shown, *more]))
    keys = [pseudonyms.patient(identifier) for identifier in identifiers]
    table = pd.DataFrame({"patient_key": keys, **columns}).astype({"age": "float64"})
    table["missing_items"] = [_missing_items(row) for row in table.to_dict("records")]
    table["exclusion"] = [_exclusion(row) for row in table.to_dict("records")]
    table["stage_disagrees"] = [_stage_disagrees(row) for row in table.to_dict("records")]
    table["treatment_start_day"] = math.nan
    ordered = table.sort_values("patient_key", ignore_index=True)
    return ClinicalTable(ordered, dict(zip(keys, identifiers, strict=True)))


def _renamed(cells: pd.DataFrame, mapping: ClinicalMapping, file: str) -> pd.DataFrame:
    """The study's columns under their own names."""
    given: dict[str, list[str]] = {}
    for name in cells.columns:
        given.setdefault(simplified(str(name)), []).append(str(name))
    found: dict[str, int] = {}
    problems = []
    for column in COLUMNS:
        places = [
            place
            for place, name in enumerate(cells.columns)
            if simplified(str(name)) in {simplified(candidate) for candidate in mapping.names(column)}
        ]
        if not places:
            problems.append(f"no column {column!r} (looked for {', '.join(mapping.names(column))})")
        elif len(places) > 1:
            problems.append(f"{len(places)} columns could be {column!r}: {', '.join(cells.columns[places])}")
        else:
            found[column] = places[0]
    if problems:
        listed = "\n- ".join(problems)
        msg = f"{file} lacks columns; name them in ingest.clinical.columns, or rename them in the file:\n- {listed}"
        raise CohortError(msg)
    return pd.DataFrame({column: cells.iloc[:, place] for column, place in found.items()}, index=cells.index)


def _identifiers(
    table: pd.DataFrame, mapping: ClinicalMapping, problems: list[str], pseudonyms: Pseudonyms
) -> list[str]:
    seen: dict[str, int] = {}
    for row, text in table["patient_id"].items():
        identifier = normalised_identifier(text)
        if mapping.is_missing(str(text)):
            problems.append(f"row {row}, column patient_id: empty; expected an identifier")
        elif identifier in seen:
            patient = pseudonyms.patient(identifier)
            problems.append(f"row {row}, column patient_id: patient {patient} is in row {seen[identifier]} already")
        else:
            seen[identifier] = int(str(row))
    return [str(text) for text in table["patient_id"]]


def _values(table: pd.DataFrame, column: str, mapping: ClinicalMapping, problems: list[str]) -> list[str | None]:
    """The study's values of a column; None where missing."""
    lookup = mapping.spellings(column)
    values: list[str | None] = []
    for row, text in table[column].items():
        value = None if mapping.is_missing(text) else lookup.get(simplified(text.removesuffix(".0")))
        if value is None and not mapping.is_missing(text):
            expected = ", ".join(VALUES[column])
            problems.append(f"row {row}, column {column}: {_shown(text)} is unknown; expected one of {expected}")
        values.append(value)
    return values


def _ages(table: pd.DataFrame, mapping: ClinicalMapping, problems: list[str]) -> list[float]:
    low, high = mapping.age_years
    ages = []
    for row, text in table["age"].items():
        try:
            age = math.nan if mapping.is_missing(text) else float(text)
        except ValueError:
            age = math.inf
        if not mapping.is_missing(text) and not low <= age <= high:
            problems.append(f"row {row}, column age: {_shown(text)}; expected years between {low:g} and {high:g}")
        ages.append(age)
    return ages


def _shown(text: str) -> str:
    """A cell as a message may show it: short, and as data."""
    return repr(text if len(text) <= _LONGEST_SHOWN_VALUE else text[:_LONGEST_SHOWN_VALUE] + "...")


def _missing_items(row: Mapping[str, object]) -> str:
    absent = [column for column in COLUMNS if column != "patient_id" and pd.isna(row[column])]
    return " ".join(absent)


def _exclusion(row: Mapping[str, object]) -> str:
    if row["missing_items"]:
        return RejectReason.MISSING_ITEM.value
    reason = _EXCLUDED_STAGES.get(str(row["ajcc_stage"]))
    return reason.value if reason else ""


def _stage_disagrees(row: Mapping[str, object]) -> bool:
    if pd.isna(row["ajcc_stage"]) or pd.isna(row["t_stage"]) or pd.isna(row["n_stage"]) or row["ajcc_stage"] == "IVb":
        return False
    return ajcc_stage(str(row["t_stage"]), str(row["n_stage"])) != row["ajcc_stage"]
