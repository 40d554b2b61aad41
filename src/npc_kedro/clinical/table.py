"""The clinical table in the study's words, or one message that lists everything wrong with it.

Two kinds of trouble are kept apart. What cannot be understood (an unknown spelling, a patient listed twice, an end of
treatment before its start) stops the run: a person has to look. What is merely absent (an empty cell) excludes the
patient, as in the publication.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from npc_kedro.clinical.covariates import Left, carried_covariates, columns_named, private_columns
from npc_kedro.clinical.dates import DATE_COLUMNS, check_order, read_dates
from npc_kedro.clinical.headings import read_headings
from npc_kedro.clinical.mapping import COLUMNS, VALUES, ClinicalMapping, simplified, spelling
from npc_kedro.clinical.marks import DOUBTFUL_NONE, NONE, none_is_doubtful, none_stands_for_nothing
from npc_kedro.clinical.numbers import PLAINLY, UNCLEAR, AmbiguousNumberError, Notation
from npc_kedro.clinical.problems import Problems
from npc_kedro.clinical.spreadsheet import (
    ROUNDED,
    Reading,
    Sheet,
    column_letter,
    is_spreadsheet_error,
    read_sheet,
    rounded_by_spreadsheet,
)
from npc_kedro.clinical.staging import ajcc_stage, may_be_7th_edition
from npc_kedro.dicom.pseudonyms import Pseudonyms, normalised_identifier
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.errors import CohortError

_EXCLUDED_STAGES: Mapping[str, RejectReason] = {
    "I": RejectReason.NOT_LOCALLY_ADVANCED,
    "II": RejectReason.NOT_LOCALLY_ADVANCED,
    "IVb": RejectReason.DISTANT_METASTASIS,
}
_REMARK = (
    "none of the study's items but the age is filled in this row, and no other identifier is written like this one; "
    "expected a patient; delete the row if it is a remark or a total, else fill in what is known of the patient"
)
_TOTALS = re.compile(
    "(grand|sub)?totals?|gesamt(zahl)?|summe|somme|totale|mean|median|average|mittelwert|moyenne|"
    "[\u5408\u603b\u7e3d\u5c0f][\u8ba1\u8a08\u6570\u6578]|\u5e73?\u5747\u503c?|\u4e2d\u4f4d\u6570"
)
_TOTAL = "the identifier is a word for a total or a mean; expected a patient; delete the row if it is none"
_STAGE_IV_ALONE = re.compile(r"(stage)?(iv|4)\u671f?")
_WHICH_IV = "write which it is, or map the spelling in ingest.clinical.values if it always is the same"
_AGE = re.compile(r"\d{1,3}([.,]\d+)?")


@dataclass(frozen=True)
class ClinicalTable:
    """The clinical table behind the door.

    Attributes:
        patients: one row per patient, sorted by ``patient_key``: the study's columns, ``exclusion`` (reason code, empty
            if the patient can be used), ``missing_items`` (names of missing columns), ``stage_disagrees`` (the stage is
            not that of T and N), ``table_row`` (the row's number in the file), ``treatment_start_day`` (on the
            patient's shifted calendar, NaN if unknown), and the covariates.
        identifiers: patient key to identifier as written; for the log filter and the key map only.
        private: names, birth dates and whatever else no log may show.
        left_columns: why columns do not come along as covariates, by their number in the file.
        headings: item to the heading from which it is read, where that is not the item's own name.
        hidden_rows: numbers of rows that are used though a spreadsheet program does not show them.
        hidden_columns: items that are read from columns which it does not show.
    """

    patients: pd.DataFrame
    identifiers: dict[str, str]
    private: frozenset[str]
    left_columns: dict[int, Left]
    headings: dict[str, str]
    hidden_rows: tuple[int, ...]
    hidden_columns: tuple[str, ...]

    def doubtful_stages(self) -> dict[str, int]:
        """Patients who may be excluded by the stage of another edition of AJCC: key to row."""
        stages = zip(
            *(self.patients[column] for column in ("patient_key", "ajcc_stage", "n_stage", "table_row")), strict=True
        )
        return {key: int(row) for key, stage, n_stage, row in stages if may_be_7th_edition(stage, n_stage)}


def read_clinical(path: Path, mapping: ClinicalMapping, pseudonyms: Pseudonyms) -> ClinicalTable:
    """Reads the clinical table.

    Raises:
        CohortError: if there is no row, or listing every missing column, and every cell that cannot be understood, with
            row and column.
    """
    reading = Reading(encoding=mapping.encoding, sheet=mapping.sheet, headings=mapping.headings())
    sheet = read_sheet(path, reading)
    problems = Problems(path.name)
    sound = sheet.cells if sheet.is_workbook else sheet.cells.drop(index=list(sheet.surplus))
    found = read_headings(sheet, mapping, problems)
    named = pd.DataFrame({column: sound.iloc[:, place] for column, place in found.items()}, index=sound.index)
    again = _headings_again(named, mapping)
    for row, strange in again.items():
        problems.add_row(int(str(row)), _told_of_heading(strange, found, sheet.heading_row))
    sound, named = sound.drop(index=list(again)), named.drop(index=list(again))
    places = [place for place in range(sound.shape[1]) if place not in found.values()]
    others = sound.iloc[:, places]
    if sheet.cells.empty:
        problems.require_none()
        msg = f"{path.name} has a heading but no rows below it; expected one row per patient"
        raise CohortError(msg)
    private = _private_texts(named, others, mapping)
    problems.keep_private(private)
    _complain_of_cells(sheet, found, mapping, problems)
    keys = _keys(named, others, places, mapping, problems, pseudonyms)
    nothing = none_stands_for_nothing(named, others, mapping)
    columns = {
        column: _values(named, column, mapping, problems, stands_for_nothing=nothing)
        for column in COLUMNS
        if column in VALUES and column in named
    }
    table = pd.DataFrame({"patient_key": keys, **columns}, index=named.index)
    notation = _notation(named, others, mapping)
    table["age"] = pd.Series(_ages(named, mapping, problems, notation), index=named.index, dtype="float64")
    dates = read_dates(_dates_only(named, mapping), mapping.date_order, problems, from_1904=sheet.from_1904)
    check_order(table, dates, problems)
    problems.require_none()
    records = table.to_dict("records")
    missing = [_missing_items(row) for row in records]
    table["missing_items"] = missing
    table["exclusion"] = [_exclusion(row, absent) for row, absent in zip(records, missing, strict=True)]
    table["stage_disagrees"] = [_stage_disagrees(row) for row in records]
    table["table_row"] = table.index
    table["treatment_start_day"] = _shifted(keys, dates.get("treatment_start"), pseudonyms)
    patients = list(named["patient_id"])
    covariates = carried_covariates(
        others,
        mapping,
        problems,
        identifiers=patients,
        notation=notation,
        aliases=pseudonyms.aliases,
        none_stands_for_nothing=nothing,
    )
    ordered = table.join(covariates.table).sort_values("patient_key", ignore_index=True)
    identifiers = dict(zip(keys, named["patient_id"].astype(str), strict=True))
    left = {places[place - 1] + 1: why for place, why in covariates.left.items()}
    headings = {column: problems.guard.redact(str(sheet.cells.columns[place])) for column, place in found.items()}
    foreign = {column: heading for column, heading in headings.items() if simplified(heading) != simplified(column)}
    hidden = tuple(column for column, place in found.items() if place in sheet.hidden_columns)
    return ClinicalTable(ordered, identifiers, frozenset(private), left, foreign, tuple(sheet.hidden), hidden)


def _headings_again(named: pd.DataFrame, mapping: ClinicalMapping) -> dict[object, list[str]]:
    """Rows that hold headings again: in another language, or of a second table below the first.

    Returns:
        the items above which the row has another heading than theirs, by row; none if it repeats the table's heading.
    """
    known = {simplified(name) for name in mapping.headings()}
    cells = named.map(simplified)
    own = cells.apply(lambda column: column.isin({simplified(name) for name in mapping.names(str(column.name))}))
    hits = own.sum(axis=1), cells.isin(known).sum(axis=1)
    rows = named.index[(hits[0] > 1) | (hits[1] > 2)]
    return {row: [str(column) for column in named if not own.at[row, column]] for row in rows}


def _told_of_heading(strange: Sequence[str], found: Mapping[str, int], heading_row: int) -> str:
    """What to say of a heading further down, given the items that do not stand below it as they do at the top."""
    if not strange:
        return "repeats the heading; delete the row"
    columns = ", ".join(f"column {column_letter(found[item])} is not headed as {item}" for item in strange)
    return (
        f"another heading: below it {columns}; expected the columns in the order of row {heading_row}; bring the rows "
        "below into that order before you delete it"
    )


def _complain_of_cells(sheet: Sheet, found: Mapping[str, int], mapping: ClinicalMapping, problems: Problems) -> None:
    """What the file's format tells of rows and cells: content beside the table, formulas without a value."""
    for row in sheet.surplus:
        problems.add_row(row, sheet.complain_of_surplus(row))
    items = {place: column for column, place in found.items()}
    headings = [str(name) for name in sheet.cells.columns]
    barred = _barred(headings, mapping)
    merges: set[str] = set()
    for place in range(len(headings)):
        if place not in items and (not headings[place] or place in barred):
            continue
        merged = sheet.complain_of_merges([place])
        for what in (sheet.complain_of_formulas([place]), "" if merged in merges else merged):
            if what:
                problems.add_column(items.get(place, column_letter(place)), what)
        merges.add(merged)  # cells merged across columns are told once


def _barred(headings: Sequence[str], mapping: ClinicalMapping) -> set[int]:
    """Places of the columns that stay behind by their heading."""
    rules = mapping.covariates
    places = columns_named(headings, (*rules.private, *rules.never))
    return {place for place in places if not rules.allows(headings[place])}


def _private_texts(named: pd.DataFrame, others: pd.DataFrame, mapping: ClinicalMapping) -> set[str]:
    """Identifiers, birth dates, and whatever stands in columns of names, but for the study's own words."""
    texts = {text for column in ("patient_id", "birth_date") if column in named for text in named[column]}
    words = {word for column in VALUES for word in mapping.spellings(column)}
    headings = [str(name) for name in others.columns]
    identified = "patient_id" in named  # else any other column may hold the identifiers
    for place in private_columns(headings, mapping.covariates) if identified else range(len(headings)):
        texts |= {text for text in others.iloc[:, place] if spelling(text) not in words}
    return {text for text in texts if not mapping.is_missing(text)}


def _keys(
    named: pd.DataFrame,
    others: pd.DataFrame,
    places: Sequence[int],
    mapping: ClinicalMapping,
    problems: Problems,
    pseudonyms: Pseudonyms,
) -> list[str]:
    """The patients' keys, row by row; whoever stands in two rows is a problem."""
    if "patient_id" not in named:
        return [""] * len(named)
    keys = [str(pseudonyms.patient(text)) for text in named["patient_id"]]
    remarks = _remarks(named, mapping)
    seen: dict[str, int] = {}
    for place, (row, text) in enumerate(named["patient_id"].items()):
        if mapping.is_missing(str(text)):
            problems.add(int(str(row)), "patient_id", "empty; expected an identifier")
        elif is_spreadsheet_error(text):
            problems.add(int(str(row)), "patient_id", "an error of the spreadsheet's own; expected an identifier")
        elif rounded_by_spreadsheet(text):
            problems.add(int(str(row)), "patient_id", ROUNDED)
        elif _TOTALS.fullmatch(simplified(str(text)).rstrip(":")):
            problems.add(int(str(row)), "patient_id", _TOTAL)
        elif row in remarks:
            problems.add(int(str(row)), "patient_id", _REMARK)
        elif keys[place] in seen:
            first = seen[keys[place]]
            differing = [
                column
                for column in named
                if column != "patient_id" and named[column].iloc[place] != named[column].iloc[first]
            ]
            pairs = zip(places, others.iloc[place], others.iloc[first], strict=True)
            differing += [f"column {number + 1}" for number, one, other in pairs if one != other]
            how = f"with other values in {', '.join(differing)}" if differing else "with the same values"
            where = f"patient {keys[place]} is in row {named.index[first]} already, {how}; keep one row"
            other = str(named["patient_id"].iloc[first])
            if normalised_identifier(str(text)) != normalised_identifier(other):
                where += ". identifiers.csv says that both identifiers are one patient's; correct it, if they are not"
            elif str(text) != other:
                where += (
                    ". The two cells differ in what does not count in identifiers: zeros in front, .0, blanks, width. "
                    "If they are two people, give each an identifier that differs in more, here and in the DICOM"
                )
            problems.add(int(str(row)), "patient_id", where)
        else:
            seen[keys[place]] = place
    return keys


def _remarks(named: pd.DataFrame, mapping: ClinicalMapping) -> set[object]:
    """Rows that seem to be remarks or totals, as below many tables: without items, written like no other identifier."""
    items = named[[column for column in named if column in VALUES]]
    filled = ~items.map(mapping.is_missing).all(axis=1)
    written = named["patient_id"].map(_pattern)
    usual = set(written[filled])
    return set(named.index[~filled & (written != "") & ~written.isin(usual)]) if usual else set()


def _pattern(text: str) -> str:
    """How an identifier is written: ``NPC-0012`` as ``a-9``."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", unicodedata.normalize("NFKC", text)))


def _values(
    table: pd.DataFrame, column: str, mapping: ClinicalMapping, problems: Problems, *, stands_for_nothing: bool
) -> list[str | None]:
    """The study's values of a column; None where missing."""
    lookup = mapping.spellings(column)
    values: list[str | None] = []
    doubtful = column == "residual_tumor" and none_is_doubtful(
        list(table[column]), mapping, stands_for_nothing=stands_for_nothing
    )
    for row, text in table[column].items():
        if doubtful and spelling(text) == NONE:
            problems.add(int(str(row)), column, DOUBTFUL_NONE)
            values.append(None)
            continue
        try:
            values.append(mapping.value_of(text, lookup))
        except KeyError:
            what = f"expected one of {', '.join(VALUES[column])}{_how_others_are_read(table[column], lookup)}"
            if column == "ajcc_stage" and _STAGE_IV_ALONE.fullmatch(spelling(text.removesuffix(".0"))):
                problems.add(int(str(row)), column, f"stage IV alone (IVa or IVb?); {what}; {_WHICH_IV}")
            else:
                problems.add(int(str(row)), column, what, value=text, vocabulary=lookup)
            values.append(None)
    return values


def _how_others_are_read(texts: Iterable[str], lookup: Mapping[str, str]) -> str:
    """Which other spellings a column has and what they are taken for, where they are not the study's own words.

    One spelling that is mapped wrongly is easily seen beside another that is not mapped at all: H and M may be men and
    women, homme and mujer.
    """
    plain = (text.removesuffix(".0") for text in texts)
    written = {
        key: text
        for text in sorted(plain, reverse=True)
        if (key := spelling(text)) in lookup and key != spelling(lookup[key])
    }
    foreign = [f"{text} = {lookup[key]}" for key, text in sorted(written.items())]
    return f" (the column's other spellings are read as: {', '.join(foreign)})" if foreign else ""


def _notation(named: pd.DataFrame, others: pd.DataFrame, mapping: ClinicalMapping) -> Notation:
    """How the table's numbers are written, as far as they tell; what looks like one beside a name or date is none."""
    barred = _barred([str(name) for name in others.columns], mapping)
    columns = [
        *(named[column] for column in named if column == "age"),
        *(others.iloc[:, place] for place in range(others.shape[1]) if place not in barred),
    ]
    return Notation.of(text for column in columns for text in column)


def _ages(table: pd.DataFrame, mapping: ClinicalMapping, problems: Problems, notation: Notation) -> list[float]:
    low, high = mapping.age_years
    if "age" not in table:
        return [math.nan] * len(table)
    notation = Notation.of(table["age"]).within(notation)
    ages = []
    for row, text in table["age"].items():
        age, what = math.nan, f"expected years between {low:g} and {high:g}"
        missing = mapping.is_missing(text)
        if not missing and _AGE.fullmatch(unicodedata.normalize("NFKC", text)):
            try:
                age = notation.read(text)
            except AmbiguousNumberError:
                what = f"a number {UNCLEAR}; {what}; {PLAINLY}"
        if not missing and not low <= age <= high:
            problems.add(int(str(row)), "age", what, value=text)
            age = math.nan
        ages.append(age)
    return ages


def _dates_only(named: pd.DataFrame, mapping: ClinicalMapping) -> pd.DataFrame:
    dates = named[[column for column in DATE_COLUMNS if column in named]]
    return dates.map(lambda text: "" if mapping.is_missing(text) else text)


def _shifted(keys: Sequence[str], days: Sequence[date | None] | None, pseudonyms: Pseudonyms) -> list[float]:
    if days is None:
        return [math.nan] * len(keys)
    return [
        math.nan if day is None else float(pseudonyms.shifted_day(key, day))
        for key, day in zip(keys, days, strict=True)
    ]


def _missing_items(row: Mapping[str, object]) -> str:
    absent = [column for column in COLUMNS if column != "patient_id" and pd.isna(row[column])]
    return " ".join(absent)


def _exclusion(row: Mapping[str, object], missing_items: str) -> str:
    if missing_items:
        return RejectReason.MISSING_ITEM.value
    reason = _EXCLUDED_STAGES.get(str(row["ajcc_stage"]))
    return reason.value if reason else ""


def _stage_disagrees(row: Mapping[str, object]) -> bool:
    if pd.isna(row["ajcc_stage"]) or pd.isna(row["t_stage"]) or pd.isna(row["n_stage"]) or row["ajcc_stage"] == "IVb":
        return False
    return ajcc_stage(str(row["t_stage"]), str(row["n_stage"])) != row["ajcc_stage"]
