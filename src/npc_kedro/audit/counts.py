"""Table 1: do levels add up to the patients, and are the percentages those of the counts?"""

from collections.abc import Iterator

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.printed import Printed, decimal_text
from npc_kedro.audit.tables import PatientGroup, PublishedTables, Table1Row
from npc_kedro.study import Arm, Cohort, Outcome


def check_sums(tables: PublishedTables) -> list[Claim]:
    """In every group the levels of a variable add up to its patients, and a mean is over all of them."""
    claims = []
    for group in _groups(tables):
        patients = tables.patients(group.arm, group.cohort, group.outcome)
        if patients is None:
            continue
        for variable in tables.counted_variables():
            levels = [tables.table1.get((group, variable, level)) for level in tables.levels(variable)]
            counts = [row.n if row else None for row in levels]
            if None in counts:
                continue
            claims.append(_sum_claim(group, variable, counts, patients))
        for (of, variable, level), row in tables.table1.items():
            if of == group and not level and row.n is not None:
                claims.append(_sum_claim(group, variable, [row.n], patients))
    return claims


def _sum_claim(group: PatientGroup, variable: str, counts: list[Printed], patients: Printed) -> Claim:
    total = sum(count.count for count in counts)
    return Claim(
        claim=f"Table 1, {group}: {variable} is given for every patient",
        printed=" + ".join(count.text for count in counts),
        recomputed=f"{total} of {patients.count} patients",
        method="sum of the levels",
        verdict=verdict_if(total == patients.count),
        cells=cells_of(counts, patients),
    )


def check_percentages(tables: PublishedTables) -> list[Claim]:
    """Every percentage is its count over the patients of the arm's cohort.

    A table that divides by the patients of one outcome instead is ``consistent``; one convention holds for all of it.
    """
    rows = [(key, row) for key, row in tables.table1.items() if row.n is not None and row.percent is not None]
    of_cohort = [(_shares(tables, key, row, whole_cohort=True), row) for key, row in rows]
    of_outcome = [(_shares(tables, key, row, whole_cohort=False), row) for key, row in rows]
    whole = _fits(of_cohort) >= _fits(of_outcome)
    chosen = of_cohort if whole else of_outcome
    claims = []
    for (key, row), (denominators, _) in zip(rows, chosen, strict=True):
        claims.append(_percentage_claim(key, row, denominators, whole_cohort=whole))
    return claims


def _shares(
    tables: PublishedTables, key: tuple[PatientGroup, str, str], row: Table1Row, *, whole_cohort: bool
) -> list[Printed] | None:
    """The printed counts that add up to a percentage's denominator; None where they are not all given."""
    group = key[0]
    outcomes = tuple(Outcome) if whole_cohort or key[1] == "patients" else (group.outcome,)
    parts = [tables.patients(group.arm, group.cohort, outcome) for outcome in outcomes]
    return None if None in parts or not sum(part.count for part in parts) else parts


def _fits(rows: list[tuple[list[Printed] | None, Table1Row]]) -> int:
    return sum(parts is not None and row.percent.stands_for(_percentage(row, parts)) for parts, row in rows)


def _percentage(row: Table1Row, parts: list[Printed]) -> float:
    return 100 * row.n.count / sum(part.count for part in parts)


def _percentage_claim(
    key: tuple[PatientGroup, str, str], row: Table1Row, parts: list[Printed] | None, *, whole_cohort: bool
) -> Claim:
    group, variable, level = key
    claim = f"Table 1, {group}: percentage of {variable} {level}"
    method = (
        "count / patients of the arm's cohort" if whole_cohort else "count / patients of the arm's cohort and outcome"
    )
    if parts is None:
        return Claim(
            claim, row.percent.text, "", method, AuditVerdict.NOT_CHECKABLE,
            "the numbers of patients are not given", cells_of(row.percent, row.n),
        )  # fmt: skip
    percentage = _percentage(row, parts)
    holds = row.percent.stands_for(percentage)
    return Claim(
        claim=claim,
        printed=row.percent.text,
        recomputed=decimal_text(percentage, row.percent.decimals),
        method=method,
        verdict=verdict_if(holds and whole_cohort, AuditVerdict.CONSISTENT if holds else AuditVerdict.INCONSISTENT),
        note="" if whole_cohort else "percentages are of the outcome group, not of the cohort as in the publication",
        cells=cells_of(row.percent, row.n, parts),
    )


def _groups(tables: PublishedTables) -> Iterator[PatientGroup]:
    """The groups of which Table 1 has rows, in the study's order."""
    present = {group for group, _, _ in tables.table1}
    for arm in Arm:
        for cohort in Cohort:
            for outcome in (Outcome.NRT, Outcome.RT):
                if (group := PatientGroup(arm, cohort, outcome)) in present:
                    yield group
