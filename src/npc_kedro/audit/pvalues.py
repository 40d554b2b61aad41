"""Table 1's P values: every one under every test that authors use, the protocol's rule first.

The rule (protocol, "Statistics"): pooled-variance t; Pearson where every expected count is at least 5, otherwise Yates
for 2 x 2 and the likelihood ratio for larger tables. The publication says no more than "chi-square" and
"independent-sample t-test", so a P value that another form of the chi-square test gives is reproduced, the note saying
that it is not what the rule gives; one that only a test of another name gives (Fisher, trend, Welch) is consistent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of
from npc_kedro.audit.printed import Interval, Printed
from npc_kedro.audit.summaries import Summary, t_test_range
from npc_kedro.audit.tables import PatientGroup, PublishedTables
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import contingency, means
from npc_kedro.study import Arm, Cohort, Outcome

_ARM_WORDS: Mapping[str, Arm] = {"ccrt": Arm.CCRT, "ic": Arm.IC_CCRT, "ic+ccrt": Arm.IC_CCRT, "ic_ccrt": Arm.IC_CCRT}
_WITHIN_COHORT = re.compile(r"^(?P<arm>.+)_(?P<cohort>train|test)_(?:NRT_vs_RT|RT_vs_NRT)$", re.IGNORECASE)
_BETWEEN_COHORTS = re.compile(r"^(?P<arm>.+)_(?:train_vs_test|test_vs_train)$", re.IGNORECASE)
_BETWEEN_ARMS = re.compile(r"^(?P<first>.+)_vs_(?P<second>.+)$", re.IGNORECASE)

COUNT_TESTS: Mapping[str, Callable[[list[list[int]]], contingency.TestResult]] = {
    contingency.PEARSON: contingency.pearson,
    contingency.YATES: contingency.yates,
    contingency.LIKELIHOOD_RATIO: contingency.likelihood_ratio,
    contingency.FISHER: contingency.fisher_exact,
    contingency.LINEAR_TREND: contingency.linear_trend,
}
NAMED_TESTS: frozenset[str] = frozenset(
    (contingency.PEARSON, contingency.YATES, contingency.LIKELIHOOD_RATIO, means.POOLED_T)
)
"""The tests that the publication's words cover."""
MEAN_TESTS: Mapping[str, Callable[..., contingency.TestResult]] = {
    means.POOLED_T: means.pooled_t_from_summary,
    means.WELCH_T: means.welch_t_from_summary,
}


@dataclass(frozen=True)
class Variants:
    """P values of one comparison by test; ``rule`` names the protocol's own. ``cells`` were used."""

    rule: str
    p: Mapping[str, Interval]
    cells: tuple[str, ...]


def check_pvalues(tables: PublishedTables) -> list[Claim]:
    """One claim for every printed P value of Table 1."""
    return [_claim(tables, *key, printed=printed) for key, printed in tables.table1_pvalues.items()]


def _claim(tables: PublishedTables, variable: str, comparison: str, *, printed: Printed) -> Claim:
    name = f"Table 1, P of {variable}: {comparison}"
    sides = _sides(comparison)
    if sides is None:
        return _unchecked(name, printed, "the comparison's name is none of <arm>_train_vs_test, CCRT_vs_IC, ...")
    try:
        variants = _variants(tables, variable, sides)
    except StatisticsError as error:
        return _unchecked(name, printed, f"no test is defined on the printed counts: {error}")
    if variants is None:
        return _unchecked(name, printed, "Table 1 does not give the numbers of both sides")
    return judge_p(name, printed, variants)


def judge_p(name: str, printed: Printed, variants: Variants) -> Claim:
    """``reproduced`` if a test that the publication names gives the printed digits, ``consistent`` if another does."""
    fitting = [test for test, p in variants.p.items() if p.meets(printed.interval)]
    named = [test for test in fitting if test in NAMED_TESTS]
    chosen = variants.rule if variants.rule in fitting or not fitting else (named or fitting)[0]
    if not fitting:
        verdict, note = AuditVerdict.INCONSISTENT, "no test gives the printed digits; "
    elif chosen == variants.rule:
        verdict, note = AuditVerdict.REPRODUCED, ""
    else:
        verdict = AuditVerdict.REPRODUCED if named else AuditVerdict.CONSISTENT
        note = f"not what the rule gives, which is {variants.rule}; "
    note += "other tests: " + "; ".join(f"{test} {_p_text(p)}" for test, p in variants.p.items() if test != chosen)
    return Claim(
        claim=name,
        printed=printed.text,
        recomputed=_p_text(variants.p[chosen]),
        method=chosen,
        verdict=verdict,
        note=note,
        cells=(printed.cell, *variants.cells),
    )


def count_variants(table: list[list[int]], *, cells: tuple[str, ...]) -> Variants:
    """Every test of a table of counts that is defined on it.

    Raises:
        StatisticsError: if not even Pearson's is.
    """
    rule = contingency.publication_test(table).test
    p: dict[str, Interval] = {}
    for test, function in COUNT_TESTS.items():
        try:
            result = function(table)
        except StatisticsError:
            continue  # Yates is for 2 x 2 only, and Fisher's enumeration has a limit: the others still stand.
        p[test] = Interval(result.p, result.p)
    # publication_test says in its name when it left out empty levels; the table of variants goes by the plain name.
    plain = next(test for test in p if rule.startswith(test))
    return Variants(rule=plain, p=p, cells=cells)


def _variants(tables: PublishedTables, variable: str, sides: tuple[list[PatientGroup], ...]) -> Variants | None:
    if variable == "patients":
        rows = [[_patients(tables, side, outcome) for outcome in Outcome] for side in sides]
        return _from_counts([[_whole(cell) for cell in row] for row in rows], rows)
    levels = tables.levels(variable)
    if levels:
        found = [[_rows(tables, side, variable, level) for level in levels] for side in sides]
        return _from_counts([[_whole(cell) for cell in row] for row in found], found)
    summaries = [_summaries(tables, side, variable) for side in sides]
    if any(summary is None for summary in summaries):
        return None
    used = cells_of(*([part.n, part.mean, part.sd] for side in summaries for part in side))
    p = {test: t_test_range(function, *summaries) for test, function in MEAN_TESTS.items()}
    return Variants(rule=means.POOLED_T, p=p, cells=used)


def _from_counts(table: list[list[int | None]], used: list[list[list[Printed | None]]]) -> Variants | None:
    if any(count is None for row in table for count in row):
        return None
    return count_variants(table, cells=cells_of(*(cell for row in used for cell in row)))


def _whole(parts: list[Printed | None]) -> int | None:
    return None if not parts or None in parts else sum(part.count for part in parts)


def _patients(tables: PublishedTables, side: list[PatientGroup], outcome: Outcome) -> list[Printed | None]:
    return [tables.patients(group.arm, group.cohort, outcome) for group in side if group.outcome is outcome]


def _rows(tables: PublishedTables, side: list[PatientGroup], variable: str, level: str) -> list[Printed | None]:
    rows = [tables.table1.get((group, variable, level)) for group in side]
    return [row.n if row else None for row in rows]


def _summaries(tables: PublishedTables, side: list[PatientGroup], variable: str) -> list[Summary] | None:
    rows = [tables.table1.get((group, variable, "")) for group in side]
    if any(row is None or row.n is None or row.mean is None or row.sd is None for row in rows):
        return None
    return [Summary(row.n, row.mean, row.sd) for row in rows]


def _sides(comparison: str) -> tuple[list[PatientGroup], list[PatientGroup]] | None:
    """The two sets of patients that a comparison's name speaks of."""
    if match := _WITHIN_COHORT.match(comparison):
        if arm := _ARM_WORDS.get(match["arm"].lower()):
            cohort = Cohort(match["cohort"].lower())
            return [PatientGroup(arm, cohort, Outcome.NRT)], [PatientGroup(arm, cohort, Outcome.RT)]
    elif match := _BETWEEN_COHORTS.match(comparison):
        if arm := _ARM_WORDS.get(match["arm"].lower()):
            train, test = ([PatientGroup(arm, cohort, outcome) for outcome in Outcome] for cohort in Cohort)
            return train, test
    elif match := _BETWEEN_ARMS.match(comparison):
        arms = [_ARM_WORDS.get(match[side].lower()) for side in ("first", "second")]
        if None not in arms:
            first, second = ([PatientGroup(a, c, o) for c in Cohort for o in Outcome] for a in arms)
            return first, second
    return None


def _p_text(p: Interval) -> str:
    if p.high - p.low < 1e-12:
        return f"{p.low:.2e}" if p.low < 5e-5 else f"{p.low:.4f}"
    return f"{p.low:.4f} to {p.high:.4f}" if p.high >= 5e-5 else f"below {p.high:.1e}"


def _unchecked(name: str, printed: Printed, why: str) -> Claim:
    return Claim(name, printed.text, "", "", AuditVerdict.NOT_CHECKABLE, why, (printed.cell,))
