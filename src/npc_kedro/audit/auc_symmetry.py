"""Table 2: is an AUC interval lopsided where all others of its unit are symmetric?

Wald intervals (Hanley-McNeil, DeLong) have the AUC in their middle; logit and bootstrap intervals need not. So other
intervals of the unit tell which kind the table prints, and one that differs grossly was misprinted at one end.
"""

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of
from npc_kedro.audit.tables import AVERAGE, PublishedTables, Table2Row
from npc_kedro.study import Arm, Unit

_FEWEST_OTHERS = 3
"""Fewer other intervals do not show a convention."""

_GROSS = 0.1
"""Share of the half-width by which the middle must miss the AUC: far above the noise of a bootstrap's ends."""

_Key = tuple[Arm, Unit, str]


def check_interval_symmetry(tables: PublishedTables) -> list[Claim]:
    """One claim for every interval that is not cut off at 0 or 1."""
    rows = {
        key: row
        for key, row in tables.table2.items()
        if key[2] != AVERAGE and None not in (row.auc, row.auc_lo, row.auc_hi) and not _cut_off(row)
    }
    return [_claim(key, row, rows) for key, row in rows.items()]


def _claim(key: _Key, row: Table2Row, rows: dict[_Key, Table2Row]) -> Claim:
    arm, unit, network = key
    others = [_symmetric(other) for place, other in rows.items() if place[1] is unit and place != key]
    convention = len(others) >= _FEWEST_OTHERS and all(others)
    middle = (row.auc_lo.value + row.auc_hi.value) / 2
    missed = abs(middle - row.auc.value) > _GROSS * abs(row.auc_hi.value - row.auc_lo.value) / 2
    if _symmetric(row):
        verdict, note = AuditVerdict.CONSISTENT, ""
    elif convention and missed:
        verdict, note = AuditVerdict.INCONSISTENT, f"every other {unit.value}-level interval is symmetric"
    else:
        verdict, note = AuditVerdict.NOT_CHECKABLE, "logit and bootstrap intervals need not be symmetric"
    return Claim(
        claim=f"Table 2, {arm.value} {unit.value} {network}: AUC is the middle of its interval",
        printed=f"{row.auc.text} ({row.auc_lo.text} to {row.auc_hi.text})",
        recomputed=f"{middle:.4f}",
        method="mean of the two ends, against the kind of interval that the rest of the unit has",
        verdict=verdict,
        note=note,
        cells=cells_of(row.auc, row.auc_lo, row.auc_hi),
    )


def _symmetric(row: Table2Row) -> bool:
    return (row.auc_lo.interval + row.auc_hi.interval).scaled(0.5).meets(row.auc.interval)


def _cut_off(row: Table2Row) -> bool:
    return row.auc_hi.high >= 1 or row.auc_lo.low <= 0
