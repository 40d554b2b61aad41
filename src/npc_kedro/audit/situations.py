"""Table 3 and the 16-cell table: recommendations and verdicts by the rule, cases against Table 1 and each other."""

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.tables import DecisionRow, PublishedTables
from npc_kedro.decisions.cells import CELLS, Cell
from npc_kedro.study import Arm, Cohort, Outcome

_NAMES = {"table3": ("Table 3", "situation"), "decision_table_16": ("16-cell table", "cell")}


def check_rules(tables: PublishedTables) -> list[Claim]:
    """Every recommendation, predicted effect and verdict is the one that the rule gives for the row's cell."""
    claims = []
    for table, rows in (("table3", tables.table3), ("decision_table_16", tables.decision_table_16)):
        for row in rows:
            claims += _rule_claims(table, row)
    return claims


def _rule_claims(table: str, row: DecisionRow) -> list[Claim]:
    cell = cell_of(row)
    expected = cell.as_row()
    title, naming = _NAMES[table]
    columns = {
        "recommendation": expected["recommendation"],
        "predicted_effect": expected["recommended_effect"],
        "recommended_effect": expected["recommended_effect"],
        "factual_arm_prediction": expected["factual_arm_prediction"],
        "prediction_consistent_with_actual": expected["prediction_consistent_with_actual"],
        "model_verdict": expected["model_verdict"],
        "physician_verdict": expected["physician_verdict"],
    }
    where = ("ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect")
    claims = []
    for column, word in columns.items():
        printed = row.words.get(column, "")
        if not printed:
            continue
        claims.append(
            Claim(
                claim=f"{title}, {naming} {row.name}: {column.replace('_', ' ')}",
                printed=printed,
                recomputed=str(word),
                method=f"the rule for this pair of predictions, arm and outcome (cell {cell.number} of 16)",
                verdict=verdict_if(printed == word),
                note="the publication contradicts itself here" if expected["conflict"] else "",
                cells=tuple(row.address(table, name) for name in (column, *where)),
            )
        )
    return claims


def cell_of(row: DecisionRow) -> Cell:
    """The one of the 16 cells that a row describes."""
    return next(
        cell
        for cell in CELLS
        if cell.ccrt_model_pred is row.ccrt_model_pred
        and cell.ic_model_pred is row.ic_model_pred
        and cell.physician_arm is row.physician_arm
        and cell.actual_effect is row.actual_effect
    )


def check_distinct(tables: PublishedTables) -> list[Claim]:
    """No two rows describe the same cell."""
    claims = []
    for table, rows in (("table3", tables.table3), ("decision_table_16", tables.decision_table_16)):
        if not rows:
            continue
        title, naming = _NAMES[table]
        cells: dict[int, list[str]] = {}
        for row in rows:
            cells.setdefault(cell_of(row).number, []).append(row.name)
        twice = [" and ".join(names) for names in cells.values() if len(names) > 1]
        where = ("ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect")
        claims.append(
            Claim(
                claim=f"{title}: every {naming} is another combination",
                printed=f"{len(rows)} rows",
                recomputed=f"{len(cells)} combinations",
                method="predictions, arm and outcome are compared",
                verdict=verdict_if(not twice),
                note=f"the same: {'; '.join(twice)}" if twice else "",
                cells=tuple(row.address(table, column) for row in rows for column in where),
            )
        )
    return claims


def check_cases(tables: PublishedTables) -> list[Claim]:
    """The cases given an arm with an outcome are Table 1's test patients."""
    claims = []
    for arm in Arm:
        for outcome in (Outcome.NRT, Outcome.RT):
            rows = [r for r in tables.table3 if r.physician_arm is arm and r.actual_effect is outcome]
            patients = tables.patients(arm, Cohort.TEST, outcome)
            if not tables.table3 or patients is None or any(row.cases is None for row in rows):
                continue
            total = sum(row.cases.count for row in rows)
            where = [
                row.address("table3", name) for row in tables.table3 for name in ("physician_arm", "actual_effect")
            ]
            claims.append(
                Claim(
                    claim=f"Table 3 against Table 1, {arm.value} test {outcome.value}: cases are the patients",
                    printed=" + ".join(row.cases.text for row in rows) or "0",
                    recomputed=f"{total}, Table 1 has {patients.count}",
                    method="sum over the situations of the arm and outcome",
                    verdict=verdict_if(total == patients.count),
                    cells=(*cells_of([row.cases for row in rows], patients), *where),
                )
            )
    return claims


def check_same_cases(tables: PublishedTables) -> list[Claim]:
    """Table 3 and the 16-cell table count the same cases in the same cell."""
    in_table3 = {cell_of(row).number: row for row in tables.table3}
    claims = []
    for row in tables.decision_table_16:
        if row.cases is None or not in_table3:
            continue
        number = cell_of(row).number
        other = in_table3.get(number)
        cases = 0 if other is None else (other.cases.count if other.cases else None)
        if cases is None:
            continue
        claims.append(
            Claim(
                claim=f"16-cell table, cell {row.name}: cases are those of Table 3",
                printed=row.cases.text,
                recomputed=str(cases),
                method="the situation with the same predictions, arm and outcome; none means no case",
                verdict=verdict_if(row.cases.count == cases),
                cells=cells_of(row.cases, other.cases if other else None),
            )
        )
    return claims


def unknown_cases(tables: PublishedTables) -> list[Claim]:
    """Rows of Table 3 without a number of cases."""
    return [
        Claim(
            f"Table 3, situation {row.name}: cases", "", "", "", AuditVerdict.NOT_CHECKABLE, "no number is given",
            (row.address("table3", "cases"),),
        )
        for row in tables.table3
        if row.cases is None
    ]  # fmt: skip
