"""Table 2: is each AUC possible with the patients there are, and with its own Se, Sp and interval?"""

import math

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of
from npc_kedro.audit.delong_bounds import (
    hanley_mcneil_standard_error,
    largest_standard_error,
    smallest_standard_error,
)
from npc_kedro.audit.fractions import nearest_fraction
from npc_kedro.audit.orientation import test_patients
from npc_kedro.audit.printed import FLOAT_SLACK, Interval, Printed
from npc_kedro.audit.tables import AVERAGE, HeadlineRow, PublishedTables, Table2Row
from npc_kedro.study import Arm, Cohort, Outcome, Unit

Z_95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""

IMAGES_KEY = {Arm.CCRT: "n_images_ccrt", Arm.IC_CCRT: "n_images_ic_ccrt"}


def check_pairs(tables: PublishedTables) -> list[Claim]:
    """Every patient-level AUC is a number of pairs, ties counting half, over RT x NRT patients."""
    claims = []
    for arm in Arm:
        residual, clear = _both(tables, arm)
        for network, row in tables.networks(arm, Unit.PATIENT).items():
            if row.auc is None:
                continue
            name = f"Table 2, {arm.value} patient {network}: AUC is a count of pairs"
            if residual is None or clear is None:
                claims.append(_unchecked(name, row.auc, "Table 1 does not give the test patients"))
            else:
                claims.append(_pairs_claim(name, row.auc, residual, clear))
    return claims


def _pairs_claim(name: str, auc: Printed, residual: Printed, clear: Printed) -> Claim:
    pairs = residual.count * clear.count
    if _some_whole(auc.interval.scaled(pairs)):
        verdict, note = AuditVerdict.REPRODUCED, ""
    elif _some_whole(auc.interval.scaled(2 * pairs)):
        verdict, note = AuditVerdict.CONSISTENT, "only with tied scores, which count half"
    else:
        verdict, note = AuditVerdict.INCONSISTENT, "no number of concordant and tied pairs gives it"
    return Claim(
        claim=name,
        printed=auc.text,
        recomputed=nearest_fraction(auc, pairs),
        method=f"concordant pairs over {residual.count} RT x {clear.count} NRT = {pairs}",
        verdict=verdict,
        note=note,
        cells=cells_of(auc, residual, clear),
    )


def check_operating_points(tables: PublishedTables) -> list[Claim]:
    """A ROC curve through the printed Se and Sp has an area between Se x Sp and 1 - (1 - Se)(1 - Sp)."""
    claims = []
    for (arm, unit, network), row in tables.table2.items():
        if network == AVERAGE or None in (row.auc, row.se, row.sp):
            continue
        low = max(row.se.low, 0) * max(row.sp.low, 0)
        high = 1 - max(1 - row.se.high, 0) * max(1 - row.sp.high, 0)
        possible = row.auc.interval.meets(Interval(low, high))
        claims.append(
            Claim(
                claim=f"Table 2, {arm.value} {unit.value} {network}: AUC is possible with this Se and Sp",
                printed=row.auc.text,
                recomputed=f"{low:.3f} to {high:.3f}",
                method="areas of monotone curves through the point (1 - Sp, Se)",
                verdict=AuditVerdict.CONSISTENT if possible else AuditVerdict.INCONSISTENT,
                cells=cells_of(row.auc, row.se, row.sp),
            )
        )
    return claims


def check_interval_order(tables: PublishedTables) -> list[Claim]:
    """Every AUC lies in its own interval, and within 0 and 1."""
    claims = []
    for (arm, unit, network), row in tables.table2.items():
        if None in (row.auc, row.auc_lo, row.auc_hi):
            continue
        ordered = row.auc_lo.low <= row.auc.high + FLOAT_SLACK and row.auc.low <= row.auc_hi.high + FLOAT_SLACK
        inside = ordered and row.auc.high >= 0 and row.auc.low <= 1
        middle = (row.auc_lo.value + row.auc_hi.value) / 2
        claims.append(
            Claim(
                claim=f"Table 2, {arm.value} {unit.value} {network}: AUC lies in its interval",
                printed=f"{row.auc.text} ({row.auc_lo.text} to {row.auc_hi.text})",
                recomputed=f"middle {middle:.4f}",
                method="lower end <= AUC <= upper end, AUC in [0, 1]",
                verdict=AuditVerdict.CONSISTENT if inside else AuditVerdict.INCONSISTENT,
                cells=cells_of(row.auc, row.auc_lo, row.auc_hi),
            )
        )
    return claims


def check_interval_widths(tables: PublishedTables) -> list[Claim]:
    """Is every AUC interval one that some ranking of the test cases can have?"""
    claims = []
    for (arm, unit, network), row in tables.table2.items():
        if network == AVERAGE or None in (row.auc, row.auc_lo, row.auc_hi):
            continue
        name = f"Table 2, {arm.value} {unit.value} {network}: width of the AUC interval"
        claims.append(
            _patient_width(tables, arm, name, row) if unit is Unit.PATIENT else _image_width(tables, arm, name, row)
        )
    return claims


def _patient_width(tables: PublishedTables, arm: Arm, name: str, row: Table2Row) -> Claim:
    residual, clear = _both(tables, arm)
    if residual is None or clear is None or min(residual.count, clear.count) < 2:
        return _unchecked(name, row.auc, "Table 1 does not give two test patients of either outcome")
    m, n = residual.count, clear.count
    printed = printed_standard_error(row)
    # A printed AUC may miss every count of pairs; the bound is then that of the nearest possible one.
    tolerance = max((row.auc.high - row.auc.low) / 2, 1 / (4 * m * n))
    auc = min(max(row.auc.value, 0.0), 1.0)
    delong = smallest_standard_error(auc, m, n, tolerance=tolerance)
    hanley = min(hanley_mcneil_standard_error(auc, m, n), hanley_mcneil_standard_error(auc, n, m))
    # The rounded AUC may stand for one with a slightly smaller spread.
    hanley_low = min(
        hanley_mcneil_standard_error(min(max(end, 0.0), 1.0), a, b)
        for end in (row.auc.low, auc, row.auc.high)
        for a, b in ((m, n), (n, m))
    )
    largest = max(largest_standard_error(min(max(end, 0.0), 1.0), m, n) for end in (row.auc.low, auc, row.auc.high))
    if printed.high < min(delong, hanley_low) - FLOAT_SLACK:
        verdict, note = AuditVerdict.INCONSISTENT, f"too narrow for {m} RT and {n} NRT patients, whatever their ranking"
    elif printed.low > largest + FLOAT_SLACK:
        verdict, note = AuditVerdict.INCONSISTENT, f"too wide for {m} RT and {n} NRT patients, whatever their ranking"
    else:
        verdict, note = AuditVerdict.CONSISTENT, ""
    return Claim(
        claim=name,
        printed=f"{row.auc_lo.text} to {row.auc_hi.text}",
        recomputed=(
            f"standard error {printed.low:.4f} to {printed.high:.4f} as printed; possible {delong:.4f} to "
            f"{largest:.4f} (DeLong), {hanley:.4f} (Hanley-McNeil)"
        ),
        method="95 % half-width / 1.96 against the least and largest DeLong variance of any ranking, ties allowed",
        verdict=verdict,
        note=note,
        cells=cells_of(row.auc, row.auc_lo, row.auc_hi, residual, clear),
    )


def printed_standard_error(row: Table2Row) -> Interval:
    """The standard errors that the interval's shorter and longer side stand for, with the rounding of all numbers.

    Logit, bootstrap and truncated intervals are lopsided: too narrow is judged by the longer side, too wide by the
    shorter.
    """
    below = Interval(row.auc.low - row.auc_lo.high, row.auc.high - row.auc_lo.low)
    above = Interval(row.auc_hi.low - row.auc.high, row.auc_hi.high - row.auc.low)
    return Interval(max(min(below.low, above.low), 0.0) / Z_95, max(below.high, above.high) / Z_95)


def _image_width(tables: PublishedTables, arm: Arm, name: str, row: Table2Row) -> Claim:
    """The test images are not given: says how many the interval needs, and whether the arm has them."""
    images = tables.headline.get(IMAGES_KEY[arm])
    train = [tables.patients(arm, Cohort.TRAIN, outcome) for outcome in Outcome]
    needed = images_needed(min(max(row.auc.value, 0.0), 1.0), printed_standard_error(row).high)
    claim = Claim(
        claim=name,
        printed=f"{row.auc_lo.text} to {row.auc_hi.text}",
        recomputed=f"needs about {needed} images" if needed else "",
        method="Hanley-McNeil for independent images, half of them RT; a patient's images are not, so more are needed",
        verdict=AuditVerdict.NOT_CHECKABLE,
        note="the number of images is not given",
        cells=cells_of(row.auc, row.auc_lo, row.auc_hi),
    )
    total = whole_number(images)
    if total is None or None in train or needed is None:
        return claim
    most = total - sum(number.count for number in train)
    enough = needed <= most
    return Claim(
        claim.claim, claim.printed, f"{claim.recomputed}; at most {most} can be test images", claim.method,
        AuditVerdict.CONSISTENT if enough else AuditVerdict.NOT_CHECKABLE,
        "" if enough else "fewer images can only do with scores that rank better than the approximation assumes",
        (*claim.cells, images.cell, *cells_of(train)),
    )  # fmt: skip


def images_needed(auc: float, standard_error: float, *, limit: int = 10_000_000) -> int | None:
    """The fewest cases, half of them positive, with a Hanley-McNeil standard error no larger; None beyond ``limit``."""
    low, high = 2, limit
    if hanley_mcneil_standard_error(auc, high, high) > standard_error:
        return None
    while low < high:
        middle = (low + high) // 2
        if hanley_mcneil_standard_error(auc, middle, middle) <= standard_error:
            high = middle
        else:
            low = middle + 1
    return 2 * low


def whole_number(row: HeadlineRow | None) -> int | None:
    """A headline's text as a whole number, None where it is none."""
    text = "" if row is None else row.printed.replace(",", "").removesuffix(".0")
    return int(text) if text.isdigit() else None


def _both(tables: PublishedTables, arm: Arm) -> tuple[Printed | None, Printed | None]:
    return test_patients(tables, arm, Outcome.RT), test_patients(tables, arm, Outcome.NRT)


def _some_whole(values: Interval) -> bool:
    slack = FLOAT_SLACK * max(1.0, values.high)
    return math.floor(values.high + slack) >= math.ceil(values.low - slack)


def _unchecked(name: str, printed: Printed, why: str) -> Claim:
    return Claim(name, printed.text, "", "", AuditVerdict.NOT_CHECKABLE, why, cells_of(printed))
