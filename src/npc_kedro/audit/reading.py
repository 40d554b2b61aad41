"""Reads published tables from CSV files or data frames.

The shape (see the files in :mod:`npc_kedro.published`): ``table1.csv``, ``table1_pvalues.csv``, ``table2.csv``,
``table3.csv``, ``decision_table_16.csv`` and ``headline.csv``. An absent file or column makes claims not checkable
and is named; content that cannot be read is an error.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import pandas as pd

from npc_kedro.audit.printed import Printed, column_decimals, parse_count, parse_printed, parse_word
from npc_kedro.audit.tables import DecisionRow, HeadlineRow, PatientGroup, PublishedTables, Table1Row, Table2Row
from npc_kedro.errors import CohortError
from npc_kedro.study import Arm, Cohort, Outcome, Unit

REQUIRED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "table1": ("arm", "cohort", "outcome", "variable", "level", "n"),
    "table1_pvalues": ("variable", "comparison", "p_printed"),
    "table2": ("model", "unit", "network"),
    "table3": ("ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect", "cases"),
    "decision_table_16": ("ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect"),
    "headline": ("key", "printed"),
}
OPTIONAL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "table1": ("percent_printed", "mean", "sd"),
    "table2": ("acc", "se", "sp", "auc", "auc_lo", "auc_hi"),
    "table3": ("recommendation", "model_verdict", "physician_verdict"),
    "decision_table_16": ("recommendation", "model_verdict", "physician_verdict", "cases"),
}
METRICS: tuple[str, ...] = ("acc", "se", "sp", "auc", "auc_lo", "auc_hi")

_Word = TypeVar("_Word", bound=StrEnum)
_VARIABLE_ALIASES: Mapping[str, str] = {"ajcc_stage": "ajcc"}


def read_tables(folder: Path) -> PublishedTables:
    """Reads the tables of ``folder``.

    Raises:
        CohortError: if the folder is absent, holds none of the tables, or a table cannot be read.
    """
    if not folder.is_dir():
        msg = f"published_dir {str(folder)!r} is not a folder; give the folder that holds table1.csv, table2.csv, ..."
        raise CohortError(msg)
    frames = {}
    for name in REQUIRED_COLUMNS:
        path = folder / f"{name}.csv"
        if path.is_file():
            frames[name] = _read_csv(path)
    if not frames:
        expected = ", ".join(f"{name}.csv" for name in REQUIRED_COLUMNS)
        msg = f"published_dir {str(folder)!r} holds none of {expected}; see README, 'Audit of published tables'"
        raise CohortError(msg)
    return tables_from_frames(frames)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read as a comma-separated table in UTF-8: {error}; save it again as CSV"
        raise CohortError(msg) from error


def tables_from_frames(frames: Mapping[str, pd.DataFrame]) -> PublishedTables:
    """The tables from data frames by name (``table1``, ...), with texts or numbers in their cells.

    Raises:
        CohortError: if a cell cannot be read or a row is given twice.
    """
    absent: list[str] = []
    ignored: list[str] = []
    parsed: dict[str, object] = {}
    for name, required in REQUIRED_COLUMNS.items():
        if name not in frames:
            absent.append(f"{name}.csv")
            continue
        frame = frames[name].copy()
        frame.columns = [str(column).strip() for column in frame.columns]
        frame = frame.astype(object).where(frame.notna(), "").astype(str)
        missing = [column for column in required if column not in frame.columns]
        absent += [f"{name}.csv, column {column}" for column in missing]
        absent += [f"{name}.csv, column {c}" for c in OPTIONAL_COLUMNS.get(name, ()) if c not in frame.columns]
        if not missing:
            parsed[name] = _PARSERS[name](frame, ignored)
    return PublishedTables(**parsed, absent=tuple(absent), ignored=tuple(ignored))


def _numbers(frame: pd.DataFrame, column: str) -> tuple[list[str], int]:
    """A column's texts and its decimals; blanks where the column is absent."""
    texts = frame[column].tolist() if column in frame.columns else [""] * len(frame)
    return texts, column_decimals(texts)


def _known(kind: Callable[[str], _Word], text: str) -> _Word | None:
    try:
        return kind(parse_word(text))
    except ValueError:
        return None


def _refuse_twice(found: Mapping, key: object, what: str) -> None:
    if key in found:
        msg = f"{what} is given twice; keep one row"
        raise CohortError(msg)


def _table1(frame: pd.DataFrame, ignored: list[str]) -> dict[tuple[PatientGroup, str, str], Table1Row]:
    columns = {column: _numbers(frame, column) for column in ("percent_printed", "mean", "sd")}
    rows: dict[tuple[PatientGroup, str, str], Table1Row] = {}
    for i, row in enumerate(frame.to_dict("records")):
        arm, cohort = _known(Arm, row["arm"]), _known(Cohort, row["cohort"])
        outcome = _known(Outcome, row["outcome"])
        if arm is None or cohort is None or outcome is None:
            ignored.append(f"table1.csv, row {i + 2}: {row['arm']}, {row['cohort']}, {row['outcome']}")
            continue
        name = parse_word(row["variable"])
        variable, level = _VARIABLE_ALIASES.get(name, name), parse_word(row["level"])
        where = "/".join(filter(None, ("table1:" + arm.value, cohort.value, outcome.value, variable, level)))
        key = (PatientGroup(arm, cohort, outcome), variable, level)
        _refuse_twice(rows, key, where)
        printed = {
            column: parse_printed(texts[i], cell=f"{where}/{column}", decimals=decimals)
            for column, (texts, decimals) in columns.items()
        }
        rows[key] = Table1Row(
            n=parse_count(row["n"], cell=f"{where}/n"),
            percent=printed["percent_printed"],
            mean=printed["mean"],
            sd=printed["sd"],
        )
    return rows


def _table1_pvalues(frame: pd.DataFrame, ignored: list[str]) -> dict[tuple[str, str], Printed]:
    texts, decimals = _numbers(frame, "p_printed")
    rows: dict[tuple[str, str], Printed] = {}
    for text, row in zip(texts, frame.to_dict("records"), strict=True):
        name = parse_word(row["variable"])
        key = (_VARIABLE_ALIASES.get(name, name), parse_word(row["comparison"]))
        where = f"table1_pvalues:{key[0]}/{key[1]}/p_printed"
        _refuse_twice(rows, key, where)
        printed = parse_printed(text, cell=where, decimals=decimals)
        if printed is None:
            ignored.append(f"{where}: blank")
            continue
        rows[key] = printed
    return rows


def _table2(frame: pd.DataFrame, ignored: list[str]) -> dict[tuple[Arm, Unit, str], Table2Row]:
    columns = {metric: _numbers(frame, metric) for metric in METRICS}
    # One precision for the table: single columns such as the interval's ends are too short to tell.
    decimals = max((own for _, own in columns.values()), default=0)
    rows: dict[tuple[Arm, Unit, str], Table2Row] = {}
    for i, row in enumerate(frame.to_dict("records")):
        arm, unit, network = _known(Arm, row["model"]), _known(Unit, row["unit"]), parse_word(row["network"])
        if arm is None or unit is None:
            ignored.append(f"table2.csv, row {i + 2}: {row['model']}, {row['unit']}")
            continue
        where = f"table2:{arm.value}/{unit.value}/{network}"
        _refuse_twice(rows, (arm, unit, network), where)
        numbers = {
            metric: parse_printed(texts[i], cell=f"{where}/{metric}", decimals=decimals)
            for metric, (texts, _) in columns.items()
        }
        rows[(arm, unit, network)] = Table2Row(**numbers)
    return rows


def _decision_rows(table: str) -> Callable[[pd.DataFrame, list[str]], tuple[DecisionRow, ...]]:
    naming = "situation" if table == "table3" else "cell"

    def parse(frame: pd.DataFrame, ignored: list[str]) -> tuple[DecisionRow, ...]:
        rows: list[DecisionRow] = []
        for i, row in enumerate(frame.to_dict("records")):
            predictions = (_known(Outcome, row["ccrt_model_pred"]), _known(Outcome, row["ic_model_pred"]))
            arm, effect = _known(Arm, row["physician_arm"]), _known(Outcome, row["actual_effect"])
            if None in predictions or arm is None or effect is None:
                ignored.append(f"{table}.csv, row {i + 2}: its predictions, arm or outcome")
                continue
            number = parse_word(row.get(naming, "")).removesuffix(".0")
            name = number or f"{predictions[0].value}-{predictions[1].value}-{arm.value}-{effect.value}"
            if any(other.name == name for other in rows):
                msg = f"{table}.csv: {naming} {name} is given twice; keep one row"
                raise CohortError(msg)
            words = {key: parse_word(text) for key, text in row.items()}
            cases = parse_count(row.get("cases", ""), cell=f"{table}:{name}/cases")
            rows.append(DecisionRow(name, *predictions, arm, effect, cases, words))
        return tuple(rows)

    return parse


def _headline(frame: pd.DataFrame, ignored: list[str]) -> dict[str, HeadlineRow]:
    rows: dict[str, HeadlineRow] = {}
    for row in frame.to_dict("records"):
        key = parse_word(row["key"])
        _refuse_twice(rows, key, f"headline:{key}")
        ends = {
            end: parse_printed(row.get(end, ""), cell=f"headline:{key}/{end}", decimals=3) for end in ("ci_lo", "ci_hi")
        }
        rows[key] = HeadlineRow(key, parse_word(row["printed"]), **ends)
    return rows


_PARSERS: Mapping[str, Callable[[pd.DataFrame, list[str]], object]] = {
    "table1": _table1,
    "table1_pvalues": _table1_pvalues,
    "table2": _table2,
    "table3": _decision_rows("table3"),
    "decision_table_16": _decision_rows("decision_table_16"),
    "headline": _headline,
}
