"""Other numbers of the running text that something determines: averages, Dice, doses, field of view, discussion."""

import math
import re
from fractions import Fraction

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.printed import Interval, Printed, parse_printed
from npc_kedro.audit.tables import AVERAGE, DecisionRow, HeadlineRow, PublishedTables
from npc_kedro.errors import CohortError
from npc_kedro.study import Arm, Outcome, Unit

AVERAGE_KEYS = {
    (arm, unit): f"aauc_{short}_{unit.value}"
    for arm, short in ((Arm.CCRT, "ccrt"), (Arm.IC_CCRT, "ic"))
    for unit in Unit
}
LARGEST_FIELD_MM = 500.0
"""The largest field of view of clinical whole-body MR scanners; their bores are 600 to 700 mm wide."""

ABOUT = 0.05
"""How far a share may be from a fraction that the text calls "about"."""

_PRODUCT = re.compile(r"^\s*([\d.]+)\s*x\s*([\d.]+)\s*=\s*([\d.]+)\s*$")
_SIZE = re.compile(r"^\s*([\d.]+)\s*x\s*([\d.]+)\s*$")
_FRACTION = re.compile(r"^\s*(about\s+)?(\d+)\s*/\s*(\d+)\s*$", re.IGNORECASE)


def check_average_aucs(tables: PublishedTables) -> list[Claim]:
    """The text's average AUCs are those that Table 2 prints, and can be the averages of its networks."""
    claims = []
    for (arm, unit), key in AVERAGE_KEYS.items():
        row = tables.headline.get(key)
        if row is None:
            continue
        average = tables.table2.get((arm, unit, AVERAGE))
        aucs = [network.auc for network in tables.networks(arm, unit).values()]
        # The text may have fewer decimals than the table, and pandas may have dropped a trailing zero in either.
        decimals = average.auc.decimals if average is not None and average.auc is not None else 0
        printed = _number(row, decimals=decimals)
        if printed is None:
            continue
        if average is not None and average.auc is not None:
            claims.append(
                Claim(
                    claim=f"Text, {key}: as printed in Table 2",
                    printed=printed.text,
                    recomputed=average.auc.text,
                    method="comparison",
                    verdict=verdict_if(
                        printed.interval.meets(average.auc.interval) and printed.value == average.auc.value
                    ),
                    cells=(row.cell, average.auc.cell),
                )
            )
        if aucs and None not in aucs:
            mean = Interval(sum(auc.low for auc in aucs) / len(aucs), sum(auc.high for auc in aucs) / len(aucs))
            claims.append(
                Claim(
                    claim=f"Text, {key}: average of the networks of Table 2",
                    printed=printed.text,
                    recomputed=f"{mean.low:.5f} to {mean.high:.5f}",
                    method=f"mean of {len(aucs)} networks, over all values that round to the printed ones",
                    verdict=verdict_if(mean.meets(printed.interval)),
                    cells=(row.cell, *cells_of(aucs)),
                )
            )
    return claims


def check_estimates_in_intervals(tables: PublishedTables) -> list[Claim]:
    """A number of the text with an interval (Dice) lies in it, and within 0 and 1 where it is a Dice."""
    claims = []
    for row in tables.headline.values():
        printed = _number(row) if row.ci_lo is not None and row.ci_hi is not None else None
        if printed is None:
            continue
        inside = row.ci_lo.low <= printed.high and printed.low <= row.ci_hi.high
        possible = not row.key.startswith("dice") or (printed.high >= 0 and printed.low <= 1)
        claims.append(
            Claim(
                claim=f"Text, {row.key}: lies in its interval",
                printed=f"{printed.text} ({row.ci_lo.text} to {row.ci_hi.text})",
                recomputed=f"middle {(row.ci_lo.value + row.ci_hi.value) / 2:.4f}",
                method="lower end <= estimate <= upper end; a Dice is between 0 and 1",
                verdict=AuditVerdict.CONSISTENT if inside and possible else AuditVerdict.INCONSISTENT,
                cells=(row.cell, *cells_of(row.ci_lo, row.ci_hi)),
            )
        )
    return claims


def check_products(tables: PublishedTables) -> list[Claim]:
    """Products such as a dose, "2.24 x 33 = 73.92"."""
    claims = []
    for row in tables.headline.values():
        if match := _PRODUCT.match(row.printed):
            factors = (float(match[1]), float(match[2]))
            result = parse_printed(match[3], cell=row.cell)
            product = math.prod(factors)
            claims.append(
                Claim(
                    claim=f"Text, {row.key}: product",
                    printed=row.printed,
                    recomputed=f"{product:.6g}",
                    method="product",
                    verdict=verdict_if(result.stands_for(product)),
                    cells=(row.cell,),
                )
            )
    return claims


def check_field_of_view(tables: PublishedTables) -> list[Claim]:
    """Matrix times pixel size is a field of view that a scanner has."""
    matrix, pixel = tables.headline.get("matrix"), tables.headline.get("pixel_mm")
    sizes = [_SIZE.match(row.printed) if row is not None else None for row in (matrix, pixel)]
    if None in sizes:
        return []
    sides = [float(sizes[0][side]) * float(sizes[1][side]) for side in (1, 2)]
    possible = max(sides) <= LARGEST_FIELD_MM
    return [
        Claim(
            claim="Text, matrix and pixel_mm: the field of view is one that a scanner has",
            printed=f"{matrix.printed} of {pixel.printed} mm",
            recomputed=f"{sides[0]:g} x {sides[1]:g} mm",
            method=f"matrix x pixel size, against the {LARGEST_FIELD_MM:g} mm of whole-body scanners",
            verdict=AuditVerdict.CONSISTENT if possible else AuditVerdict.INCONSISTENT,
            note="" if possible else "wider than a whole-body scanner can image",
            cells=(matrix.cell, pixel.cell),
        )
    ]


def check_discussion(tables: PublishedTables) -> list[Claim]:
    """Fractions in the discussion of what the other arm's model said of patients, from Table 3.

    Read as written, the denominator is all patients with the arm and outcome. Other readings count only those whose own
    arm's model was right; a fraction that fits one of these alone is consistent.
    """
    settings = (
        ("discussion_ic_nrt_pred_nrt_by_ccrt_model", Arm.IC_CCRT, Outcome.NRT),
        ("discussion_ccrt_rt_pred_nrt_by_ic_model", Arm.CCRT, Outcome.RT),
    )
    claims = []
    for key, arm, effect in settings:
        row = tables.headline.get(key)
        match = _FRACTION.match(row.printed) if row is not None else None
        group = [r for r in tables.table3 if r.physician_arm is arm and r.actual_effect is effect]
        if match is None or not int(match[3]) or not group or any(r.cases is None for r in group):
            continue
        fraction = Fraction(int(match[2]), int(match[3]))
        claims.append(_discussion_claim(row, group, arm, float(fraction), about=match[1] is not None))
    return claims


def _discussion_claim(row: HeadlineRow, group: list[DecisionRow], arm: Arm, share: float, *, about: bool) -> Claim:
    def own(r: DecisionRow) -> Outcome:
        return r.ccrt_model_pred if arm is Arm.CCRT else r.ic_model_pred

    def other(r: DecisionRow) -> Outcome:
        return r.ic_model_pred if arm is Arm.CCRT else r.ccrt_model_pred

    effect = group[0].actual_effect
    everyone = sum(r.cases.count for r in group)
    foreseen = [r for r in group if own(r) is effect]
    hits = sum(r.cases.count for r in group if other(r) is Outcome.NRT)
    hits_foreseen = sum(r.cases.count for r in foreseen if other(r) is Outcome.NRT)
    n_foreseen = sum(r.cases.count for r in foreseen)
    readings = {
        f"all {everyone} patients": (hits, everyone),
        f"the {n_foreseen} whose own model was right": (hits_foreseen, n_foreseen),
        f"those whose own model was right, of all {everyone}": (hits_foreseen, everyone),
    }
    fits = {name: n > 0 and abs(k / n - share) <= (ABOUT if about else 0.005) for name, (k, n) in readings.items()}
    literal = next(iter(readings))
    if fits[literal]:
        verdict, note = AuditVerdict.REPRODUCED, ""
    elif any(fits.values()):
        verdict = AuditVerdict.CONSISTENT
        note = f"not of all patients, as the sentence reads, but {next(name for name, fit in fits.items() if fit)}"
    else:
        verdict, note = AuditVerdict.INCONSISTENT, "no reading of the sentence gives it"
    words = ("physician_arm", "actual_effect", "ccrt_model_pred", "ic_model_pred")
    return Claim(
        claim=f"Text, {row.key}",
        printed=row.printed,
        recomputed="; ".join(f"{k}/{n} = {k / n:.3f} ({name})" for name, (k, n) in readings.items() if n),
        method="shares of Table 3's cases predicted NRT by the other arm's model",
        verdict=verdict,
        note=note,
        cells=(row.cell, *cells_of(r.cases for r in group), *(r.address("table3", w) for r in group for w in words)),
    )


def _number(row: HeadlineRow, *, decimals: int = 0) -> Printed | None:
    """The headline's text as a printed number, None where it is none."""
    try:
        return parse_printed(row.printed, cell=row.cell, decimals=decimals)
    except CohortError:
        return None
