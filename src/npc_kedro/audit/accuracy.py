"""Table 2: accuracy is a weighted mean of Se and Sp, and a count over the patients.

With w the share of the outcome that Se is the recall of, ACC = w Se + (1 - w) Sp. So ACC lies between the two, and w is
one number for all networks tested on the same cases. All this holds where the three come from one threshold.
"""

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.fractions import (
    allowed_denominators,
    counts_giving,
    denominators_text,
    nearest_fraction,
)
from npc_kedro.audit.orientation import Orientation, find_orientation, test_patients
from npc_kedro.audit.printed import Interval, Printed
from npc_kedro.audit.tables import AVERAGE, PublishedTables, Table2Row
from npc_kedro.study import Arm, Unit

_ONE_THRESHOLD = "if ACC, Se and Sp come from one threshold"


def check_between(tables: PublishedTables) -> list[Claim]:
    """Every ACC lies between its Se and Sp."""
    claims = []
    for (arm, unit, network), row in tables.table2.items():
        if network == AVERAGE or None in (row.acc, row.se, row.sp):
            continue
        low, high = sorted((row.se, row.sp), key=lambda rate: rate.value)
        inside = row.acc.interval.meets(Interval(low.low, high.high))
        claims.append(
            Claim(
                claim=f"Table 2, {arm.value} {unit.value} {network}: ACC lies between Se and Sp",
                printed=row.acc.text,
                recomputed=f"{low.text} to {high.text}",
                method="ACC is a weighted mean of Se and Sp",
                verdict=AuditVerdict.CONSISTENT if inside else AuditVerdict.INCONSISTENT,
                note="" if inside else f"impossible {_ONE_THRESHOLD}",
                cells=cells_of(row.acc, row.se, row.sp),
            )
        )
    return claims


def check_counts(tables: PublishedTables) -> list[Claim]:
    """Every patient-level ACC is a count over the test patients, the one that Se and Sp give."""
    orientation = find_orientation(tables)
    claims = []
    for arm in Arm:
        networks = tables.networks(arm, Unit.PATIENT)
        first = test_patients(tables, arm, orientation.sensitivity_of)
        second = test_patients(tables, arm, orientation.specificity_of)
        for network, row in networks.items():
            name = f"Table 2, {arm.value} patient {network}"
            if row.acc is None:
                continue
            if first is None or second is None:
                claims.append(_without_patients(f"{name}: ACC is a count of patients", row.acc))
                continue
            claims.append(_count_claim(name, row.acc, first, second))
            if row.se is not None and row.sp is not None:
                claims.append(_composed_claim(name, row, (first, second), orientation))
    return claims


def _without_patients(name: str, acc: Printed) -> Claim:
    why = "Table 1 does not give the test patients"
    return Claim(name, acc.text, "", "", AuditVerdict.NOT_CHECKABLE, why, cells_of(acc))


def _count_claim(name: str, acc: Printed, first: Printed, second: Printed) -> Claim:
    n = first.count + second.count
    allowed = denominators_text(allowed_denominators(acc, 2 * n))
    return Claim(
        claim=f"{name}: ACC is a count of patients",
        printed=acc.text,
        recomputed=nearest_fraction(acc, n),
        method=f"count over the {n} test patients of Table 1",
        verdict=verdict_if(bool(counts_giving(acc, n))),
        note=f"denominators up to {2 * n} that give it: {allowed}",
        cells=cells_of(acc, first, second),
    )


def _composed_claim(name: str, row: Table2Row, patients: tuple[Printed, Printed], orientation: Orientation) -> Claim:
    numbers = (patients[0].count, patients[1].count)
    composed = _composed(row, numbers)
    holds = composed.meets(row.acc.interval)
    verdict, note = verdict_if(holds), "" if holds else f"impossible {_ONE_THRESHOLD}"
    others = [] if holds else _other_patients(row, numbers)
    if others:
        verdict = AuditVerdict.CONSISTENT
        told = " or ".join(f"{a} and {b}" for a, b in others)
        note = f"only with other numbers of patients, which Se and Sp need as well: {told}"
    return Claim(
        claim=f"{name}: ACC follows from Se, Sp and the numbers of patients",
        printed=row.acc.text,
        recomputed=_range_text(composed),
        method=(
            f"(Se x {numbers[0]} {orientation.sensitivity_of.value} + Sp x {numbers[1]} "
            f"{orientation.specificity_of.value}) / {sum(numbers)}, over all Se and Sp that round to the printed ones"
        ),
        verdict=verdict,
        note=note,
        cells=cells_of(row.acc, row.se, row.sp, patients),
    )


def _other_patients(row: Table2Row, numbers: tuple[int, int]) -> list[tuple[int, int]]:
    """Other numbers of patients, with the same sum, that make Se, Sp and ACC of this row counts at once.

    None are sought where Se and Sp are counts over Table 1's own numbers: then ACC is what is wrong.
    """
    if counts_giving(row.se, numbers[0]) and counts_giving(row.sp, numbers[1]):
        return []
    n = sum(numbers)
    right = counts_giving(row.acc, n)
    return [
        (a, n - a)
        for a in range(1, n)
        if any(i + j in right for i in counts_giving(row.se, a) for j in counts_giving(row.sp, n - a))
    ]


def _composed(row: Table2Row, numbers: tuple[int, int]) -> Interval:
    right = row.se.interval.scaled(numbers[0]) + row.sp.interval.scaled(numbers[1])
    return right.scaled(1 / sum(numbers))


def check_common_mix(tables: PublishedTables) -> list[Claim]:
    """The networks of one arm saw the same test images, so one share of outcomes explains every image-level ACC."""
    claims = []
    for arm in Arm:
        networks = tables.networks(arm, Unit.IMAGE)
        rows = {network: row for network, row in networks.items() if None not in (row.acc, row.se, row.sp)}
        shares = {network: implied_share(row) for network, row in rows.items()}
        if len(shares) > 1:
            claims.append(_mix_claim(f"Table 2, {arm.value} image", rows, shares))
    return claims


def _mix_claim(name: str, rows: dict[str, Table2Row], shares: dict[str, Interval | None]) -> Claim:
    known = [share for share in shares.values() if share is not None]
    agree = len(known) == len(shares) and Interval(max(s.low for s in known), 1.0).meets(
        Interval(0.0, min(s.high for s in known))
    )
    told = "; ".join(f"{network} {_range_text(s) if s else 'none in [0, 1]'}" for network, s in shares.items())
    return Claim(
        claim=f"{name}: one mix of outcomes explains the ACC of every network",
        printed="",
        recomputed=told,
        method="share w of the outcome that Se is the recall of, from ACC = w Se + (1 - w) Sp",
        verdict=AuditVerdict.CONSISTENT if agree else AuditVerdict.INCONSISTENT,
        note="" if agree else f"one test set cannot have different mixes ({_ONE_THRESHOLD})",
        cells=cells_of(*((row.acc, row.se, row.sp) for row in rows.values())),
    )


def implied_share(row: Table2Row) -> Interval | None:
    """The shares w in [0, 1] with ACC = w Se + (1 - w) Sp for some numbers that round to the printed ones."""
    # w is feasible if the composed interval meets ACC's; its ends are linear in w, so the feasible w are an interval.
    low, high = 0.0, 1.0
    for slope, offset in (
        (row.se.high - row.sp.high, row.sp.high - row.acc.low),  # highest composed >= lowest ACC
        (row.sp.low - row.se.low, row.acc.high - row.sp.low),  # lowest composed <= highest ACC
    ):
        if abs(slope) < 1e-12:
            if offset < -1e-12:
                return None
        elif slope > 0:
            low = max(low, -offset / slope)
        else:
            high = min(high, -offset / slope)
    return Interval(low, high) if low <= high + 1e-12 else None


def _range_text(values: Interval) -> str:
    return f"{values.low:.4f} to {values.high:.4f}"
