"""AJCC stage against T and N: which stages are possible, given the printed marginals?

AJCC/UICC 8th edition without distant metastasis: IVa is T4 or N3; III is T3 or N2 without those; T1-2 with N0-1 is
below III and not locally advanced (Amin et al., AJCC Cancer Staging Manual, 8th ed., 2017, nasopharynx).
"""

import numpy as np
from scipy.optimize import linprog

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of
from npc_kedro.audit.printed import Printed
from npc_kedro.audit.tables import PatientGroup, PublishedTables
from npc_kedro.study import Arm, Cohort, Outcome

T_STAGES: tuple[str, ...] = ("T1", "T2", "T3", "T4")
N_STAGES: tuple[str, ...] = ("N0", "N1", "N2", "N3")


def check_stages(tables: PublishedTables) -> list[Claim]:
    """For every group: is the number of IVa within its bounds, and does any T x N table give the printed stages?"""
    claims = []
    for arm in Arm:
        for cohort in Cohort:
            for outcome in Outcome:
                claims += _group_claims(tables, PatientGroup(arm, cohort, outcome))
    return claims


def _group_claims(tables: PublishedTables, group: PatientGroup) -> list[Claim]:
    t = _counts(tables, group, "t_stage", T_STAGES)
    n = _counts(tables, group, "n_stage", N_STAGES)
    ajcc = _counts(tables, group, "ajcc", ("III", "IVa"))
    if t is None or n is None or ajcc is None:
        return []
    third, fourth = ajcc
    t4, n3 = t[-1].count, n[-1].count
    total = sum(one.count for one in t)
    low, high = max(t4, n3), min(t4 + n3, total)
    within = low <= fourth.count <= high
    bounds = Claim(
        claim=f"Table 1, {group}: number of stage IVa",
        printed=fourth.text,
        recomputed=f"{low} to {high}",
        method="IVa is T4 or N3: at least the larger of the two, at most their sum",
        verdict=_bounded(within, exact=low == high),
        note="" if low == high else "T and N are printed apart, so their overlap is known only within bounds",
        cells=cells_of(fourth, t, n),
    )
    return [bounds, _joint_claim(group, t=t, n=n, third=third, fourth=fourth)]


def _bounded(within: bool, *, exact: bool) -> AuditVerdict:
    if not within:
        return AuditVerdict.INCONSISTENT
    return AuditVerdict.REPRODUCED if exact else AuditVerdict.CONSISTENT


def _joint_claim(group: PatientGroup, *, t: list[Printed], n: list[Printed], third: Printed, fourth: Printed) -> Claim:
    counts_t, counts_n = [one.count for one in t], [one.count for one in n]
    possible = joint_table_exists(counts_t, counts_n, fourth=fourth.count, third=third.count)
    below = counts_t[0] + counts_t[1]
    return Claim(
        claim=f"Table 1, {group}: T, N and AJCC stage together describe stage III-IVa patients",
        printed=f"III {third.text}, IVa {fourth.text}",
        recomputed="some T x N table fits" if possible else "no T x N table fits",
        method="feasibility of a T x N table with these margins where III is T3 or N2 and IVa is T4 or N3",
        verdict=AuditVerdict.CONSISTENT if possible else AuditVerdict.INCONSISTENT,
        note="" if possible else f"{below} patients with T1-2 need N2-3, which {counts_n[2] + counts_n[3]} have",
        cells=cells_of(t, n, third, fourth),
    )  # fmt: skip


def joint_table_exists(t: list[int], n: list[int], *, third: int, fourth: int) -> bool:
    """Whether counts of T1-4 and N0-3 can belong to ``third`` stage III and ``fourth`` stage IVa patients.

    The margins fix how many are both T4 and N3 (T4 + N3 - IVa). What is left is a transport problem, so a fractional
    solution implies a whole one.
    """
    both = t[3] + n[3] - fourth
    if sum(t) != sum(n) or third + fourth != sum(t) or not 0 <= both <= min(t[3], n[3]):
        return False
    margins = [np.outer(row, np.ones(4)) for row in np.eye(4)] + [np.outer(np.ones(4), row) for row in np.eye(4)]
    low, high = np.zeros((4, 4)), np.full((4, 4), float(sum(t)))
    high[:2, :2] = 0  # T1-2 with N0-1 is below stage III
    low[3, 3] = high[3, 3] = both
    answer = linprog(
        np.zeros(16),
        A_eq=np.array([margin.ravel() for margin in margins]),
        b_eq=np.array([*t, *n], dtype=float),
        bounds=np.column_stack([low.ravel(), high.ravel()]),
        method="highs",
    )
    return answer.status == 0


def _counts(
    tables: PublishedTables, group: PatientGroup, variable: str, levels: tuple[str, ...]
) -> list[Printed] | None:
    """A group's counts in the order of ``levels``; None where one is not given."""
    rows = [tables.table1.get((group, variable, level)) for level in levels]
    counts = [row.n if row else None for row in rows]
    return None if None in counts else counts
