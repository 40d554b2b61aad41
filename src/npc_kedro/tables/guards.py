"""The audit of our own tables: every relation that must hold between the numbers that a run has written.

These are the questions that a reader with a pocket calculator puts to a printed table; a run that cannot answer them
fails. Each check works on the tables as stored, not on what they were computed from.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro.decisions.cells import CELLS
from npc_kedro.decisions.comparison import compare
from npc_kedro.decisions.tally import JUDGED
from npc_kedro.errors import ConsistencyError
from npc_kedro.study import Arm, Cohort, Outcome, Unit
from npc_kedro.tables.table2 import AVERAGED

CONSISTENT, INCONSISTENT = "consistent", "inconsistent"

_EXACT = 1e-9
"""Room for the rounding of double precision and of reading a CSV."""
_HALF_A_LAST_DIGIT = 0.005 + 1e-9
"""Room for percentages printed with two decimals."""

Claim = tuple[str, float, float]
"""What is compared, the number in the table, the number that it must be."""


def audit_tables(
    *,
    table1: pd.DataFrame,
    table2: pd.DataFrame,
    table3: pd.DataFrame,
    decision_comparison: Mapping[str, Any],
    null_policies: pd.DataFrame,
    chosen_networks: pd.DataFrame,
    cohorts: pd.DataFrame,
) -> pd.DataFrame:
    """Holds the tables of one run against themselves, against each other and against the split.

    Returns:
        One row a check: check, table, verdict ("consistent" / "inconsistent"), detail (how much was compared, or every
        number that disagrees). A check that found nothing to compare is inconsistent: a table is missing rows.
    """
    checks: list[tuple[str, str, Iterable[Claim], float]] = [
        ("patients as in the split", "table1", _table1_patients(table1, cohorts), _EXACT),
        ("levels and missing add up to patients", "table1", _table1_sums(table1), _EXACT),
        ("percentages of the cohort", "table1", _table1_percentages(table1), _HALF_A_LAST_DIGIT),
        ("patients as in the split", "table2", _table2_patients(table2, cohorts), _EXACT),
        ("rates equal their counts", "table2", _table2_counts(table2), _EXACT),
        ("accuracy between se and sp", "table2", _table2_accuracy(table2), _EXACT),
        ("auc is a count of pairs", "table2", _table2_pairs(table2), 1e-6),
        ("estimates inside intervals", "table2", _table2_intervals(table2), _EXACT),
        ("averages are means", "table2", _table2_averages(table2), _EXACT),
        ("cases add up to test patients", "table3", _table3_patients(table3, cohorts), _EXACT),
        ("verdicts follow the rules", "table3", _table3_verdicts(table3), _EXACT),
        ("predictions as in table2", "table3", _table3_against_table2(table3, table2, chosen_networks), _EXACT),
        ("tallies, rates and P from table3", "decision_comparison", _comparison(decision_comparison, table3), _EXACT),
        ("tallies add up, rates follow", "null_policies", _policies(null_policies, decision_comparison), 1e-6),
    ]
    rows = [_verdict(check, table, list(claims), tolerance) for check, table, claims, tolerance in checks]
    return pd.DataFrame(rows, columns=["check", "table", "verdict", "detail"])


def require_consistent(audit: pd.DataFrame) -> None:
    """Raises ConsistencyError that lists every inconsistency of an audit."""
    failed = audit[audit["verdict"] != CONSISTENT]
    if len(failed):
        told = "\n".join(f"  - {row.table}, {row.check}: {row.detail}" for row in failed.itertuples())
        msg = (
            f"{len(failed)} of {len(audit)} checks of this run's own tables failed:\n{told}\n"
            "Such tables must not be used. If some of them were left by an earlier run with another seed, run "
            "the whole study again; otherwise this is an error in the program, please report it."
        )
        raise ConsistencyError(msg)


def _verdict(check: str, table: str, claims: list[Claim], tolerance: float) -> tuple[str, str, str, str]:
    wrong = [
        f"{what}: {found:g}, must be {expected:g}"
        for what, found, expected in claims
        if not abs(found - expected) <= tolerance
    ]
    if wrong:
        return check, table, INCONSISTENT, "; ".join(wrong)
    if not claims:
        return check, table, INCONSISTENT, "nothing to compare: the table has no such rows"
    return check, table, CONSISTENT, f"{len(claims)} numbers compared"


def _table1_patients(table1: pd.DataFrame, cohorts: pd.DataFrame) -> Iterator[Claim]:
    patients = table1[table1["variable"] == "patients"]
    for arm in Arm:
        for cohort in Cohort:
            for outcome in Outcome:
                printed = patients[
                    (patients["arm"] == arm.value)
                    & (patients["cohort"] == cohort.value)
                    & (patients["outcome"] == outcome.value)
                ]["n"]
                yield f"{arm} {cohort} {outcome}", float(printed.sum()), _in_split(cohorts, arm, cohort, outcome)


def _table1_sums(table1: pd.DataFrame) -> Iterator[Claim]:
    patients = table1[table1["variable"] == "patients"].set_index(["arm", "cohort", "outcome"])["n"]
    others = table1[table1["variable"] != "patients"]
    for (*group, variable), rows in others.groupby(["arm", "cohort", "outcome", "variable"], sort=False):
        counted = rows["n"].sum() + (rows["missing"].iloc[0] if "missing" in rows else 0)
        yield f"{' '.join(group)} {variable}", float(counted), float(patients.get(tuple(group), np.nan))


def _table1_percentages(table1: pd.DataFrame) -> Iterator[Claim]:
    totals = table1[table1["variable"] == "patients"].groupby(["arm", "cohort"])["n"].sum()
    for row in table1[table1["percent_printed"].notna()].itertuples():
        expected = 100 * row.n / totals[(row.arm, row.cohort)]
        yield f"{row.arm} {row.cohort} {row.outcome} {row.variable} {row.level}", float(row.percent_printed), expected


def _measured(table2: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    for row in table2[table2["network"] != "average"].itertuples():
        yield f"{row.model} {row.unit} {row.network}", row


def _table2_patients(table2: pd.DataFrame, cohorts: pd.DataFrame) -> Iterator[Claim]:
    for name, row in _measured(table2):
        arm = Arm(row.model)
        residual, clear = (_in_split(cohorts, arm, Cohort.TEST, outcome) for outcome in (Outcome.RT, Outcome.NRT))
        yield f"{name} patients", float(row.n_patients), residual + clear
        if row.unit == Unit.PATIENT.value:
            yield f"{name} n", float(row.n), residual + clear
            yield f"{name} positive", float(row.n_positive), residual


def _table2_counts(table2: pd.DataFrame) -> Iterator[Claim]:
    for name, row in _measured(table2):
        yield f"{name} n", float(row.n), float(row.tp + row.fp + row.tn + row.fn)
        yield f"{name} positive", float(row.n_positive), float(row.tp + row.fn)
        yield f"{name} acc", row.acc, (row.tp + row.tn) / row.n
        yield f"{name} se", row.se, row.tp / (row.tp + row.fn)
        yield f"{name} sp", row.sp, row.tn / (row.tn + row.fp)
        yield f"{name} published se", row.se_published_orientation, row.sp
        yield f"{name} published sp", row.sp_published_orientation, row.se


def _table2_accuracy(table2: pd.DataFrame) -> Iterator[Claim]:
    for name, row in _measured(table2):
        yield f"{name} acc", row.acc, float(np.clip(row.acc, min(row.se, row.sp), max(row.se, row.sp)))


def _table2_pairs(table2: pd.DataFrame) -> Iterator[Claim]:
    """Concordant pairs count 1 and ties 1/2, so twice the AUC times the pairs is whole."""
    for name, row in _measured(table2):
        twice = 2 * row.auc * row.n_positive * (row.n - row.n_positive)
        yield f"{name} half pairs", twice, float(np.round(twice))


def _table2_intervals(table2: pd.DataFrame) -> Iterator[Claim]:
    for name, row in _measured(table2):
        for measure in ("acc", "se", "sp", "auc"):
            lo, hi, estimate = (float(getattr(row, f"{measure}{end}")) for end in ("_lo", "_hi", ""))
            # A resampled interval of few patients may miss its estimate, so only its order and range are asked there.
            inside = estimate if row.unit == Unit.PATIENT.value else (lo + hi) / 2
            if not np.isnan(lo):
                yield f"{name} {measure}", inside, float(np.clip(inside, max(lo, 0), min(hi, 1)))


def _table2_averages(table2: pd.DataFrame) -> Iterator[Claim]:
    for (model, unit), rows in table2.groupby(["model", "unit"], sort=False):
        average, networks = rows[rows["network"] == "average"], rows[rows["network"] != "average"]
        for measure in AVERAGED:
            found = float(average[measure].iloc[0]) if len(average) == 1 else np.nan
            yield f"{model} {unit} average {measure}", found, float(networks[measure].mean())


def _table3_patients(table3: pd.DataFrame, cohorts: pd.DataFrame) -> Iterator[Claim]:
    for arm in Arm:
        for outcome in Outcome:
            here = (table3["physician_arm"] == arm.value) & (table3["actual_effect"] == outcome.value)
            cases = float(table3.loc[here, "cases"].sum())
            yield f"{arm} {outcome}", cases, _in_split(cohorts, arm, Cohort.TEST, outcome)
    yield "all", float(table3["cases"].sum()), float((cohorts["cohort"] == Cohort.TEST.value).sum())


def _table3_verdicts(table3: pd.DataFrame) -> Iterator[Claim]:
    """The verdicts and recommendation of all 16 cells, each counted as agreeing (1) or not (0)."""
    stored = table3.set_index("cell")
    for cell in CELLS:
        expected = cell.as_row()
        for column in ("recommendation", "model_verdict", "physician_verdict"):
            agrees = cell.number in stored.index and stored.at[cell.number, column] == expected[column]
            yield f"cell {cell.number} {column} {expected[column]}", float(agrees), 1.0


def _table3_against_table2(
    table3: pd.DataFrame, table2: pd.DataFrame, chosen_networks: pd.DataFrame
) -> Iterator[Claim]:
    """On the treatment given, Table 3 counts the same predictions as the chosen network's row of Table 2."""
    for chosen in chosen_networks.itertuples():
        in_table2 = table2[
            (table2["model"] == chosen.arm) & (table2["unit"] == chosen.unit) & (table2["network"] == chosen.network)
        ]
        given = table3[table3["physician_arm"] == chosen.arm]
        for count, predicted, actual in (
            ("tp", "RT", "RT"),
            ("fp", "RT", "NRT"),
            ("tn", "NRT", "NRT"),
            ("fn", "NRT", "RT"),
        ):
            cells = (given["factual_arm_prediction"] == predicted) & (given["actual_effect"] == actual)
            expected = float(in_table2[count].iloc[0]) if len(in_table2) == 1 else np.nan
            yield f"{chosen.arm} {chosen.network} {count}", float(given.loc[cells, "cases"].sum()), expected


def _comparison(stored: Mapping[str, Any], table3: pd.DataFrame) -> Iterator[Claim]:
    recomputed = compare(table3).as_json()
    for key in ("model", "physician", "as_published", "judged_for_both", "unjudged_as_wrong", "unjudged_as_right"):
        expected = recomputed[key]
        for name, value in expected.items() if isinstance(expected, dict) else ():
            yield f"{key} {name}", _number((stored.get(key) or {}).get(name)), _number(value)
    for name in ("pearson_p", "mcnemar_exact_p", "mcnemar_midp_p"):
        yield name, _number(stored.get(name)), _number(recomputed[name])


def _policies(null_policies: pd.DataFrame, comparison: Mapping[str, Any]) -> Iterator[Claim]:
    total = {who: sum(comparison[who][verdict] for verdict in ("correct", "wrong", "undetermined")) for who in JUDGED}
    for row in null_policies.itertuples():
        name = f"{row.policy} {row.who}"
        yield f"{name} patients", row.correct + row.wrong + row.undetermined, float(total[row.who])
        if row.interval == "wilson" and row.correct + row.wrong:
            yield f"{name} rate", row.rate, row.correct / (row.correct + row.wrong)
        if row.policy == "models":
            yield f"{name} correct", float(row.correct), float(comparison[row.who]["correct"])
            yield f"{name} wrong", float(row.wrong), float(comparison[row.who]["wrong"])


def _in_split(cohorts: pd.DataFrame, arm: Arm, cohort: Cohort, outcome: Outcome) -> float:
    residual = 1 if outcome is Outcome.RT else 0
    here = (cohorts["arm"] == arm.value) & (cohorts["cohort"] == cohort.value) & (cohorts["residual_tumor"] == residual)
    return float(here.sum())


_UNDEFINED = -1.0
"""Stands for null, so that null against null agrees and null against a number does not; no rate or P is negative."""


def _number(value: Any) -> float:
    return _UNDEFINED if value is None else float(value)
