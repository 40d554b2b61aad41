"""Means and standard deviations: can whole numbers have this mean, and can ages have this spread?"""

import math

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of
from npc_kedro.audit.printed import FLOAT_SLACK, Printed, decimal_text
from npc_kedro.audit.tables import PatientGroup, PublishedTables, Table1Row

LARGEST_AGE_YEARS = 120.0
"""No patient is older; the spread of values between 0 and this bounds the standard deviation."""

_CHANCE = 0.01
"""GRIM says something of a single mean only if the others would all have passed with less than this chance, had ages
been measured in fractions of years."""


def grim_passes(mean: Printed, n: int) -> bool:
    """Whether some whole total over ``n`` gives the printed mean.

    Source: Brown & Heathers, Soc Psychol Personal Sci 2017;8:363.
    """
    return math.floor(mean.high * n + FLOAT_SLACK * n) >= math.ceil(mean.low * n - FLOAT_SLACK * n)


def grim_chance(mean: Printed, n: int) -> float:
    """The chance that a mean of values on a continuous scale passes: 1 where rounding hides everything."""
    return min(1.0, n * (mean.high - mean.low))


def check_means(tables: PublishedTables) -> list[Claim]:
    """GRIM for every mean of an age; the whole table decides whether ages are whole years."""
    rows = _mean_rows(tables)
    passes = {key: grim_passes(row.mean, row.n.count) for key, row in rows.items()}
    chance = {key: grim_chance(row.mean, row.n.count) for key, row in rows.items()}
    claims = []
    for key, row in rows.items():
        others = [other for other in rows if other != key and chance[other] < 1]
        whole_years = all(passes[o] for o in others) and math.prod(chance[o] for o in others) < _CHANCE
        claims.append(_grim_claim(key, row, passes=passes[key], chance=chance[key], whole_years=whole_years))
    return claims


def _grim_claim(
    key: tuple[PatientGroup, str, str], row: Table1Row, *, passes: bool, chance: float, whole_years: bool
) -> Claim:
    group, variable, _ = key
    n = row.n.count
    nearest = round(row.mean.value * n)
    if chance >= 1:
        verdict, note = (
            AuditVerdict.NOT_CHECKABLE,
            f"with {n} patients every printed mean is possible: GRIM says nothing",
        )
    elif passes:
        verdict, note = AuditVerdict.CONSISTENT, f"a mean of fractional values would pass with chance {chance:.2f}"
    elif whole_years:
        verdict, note = AuditVerdict.INCONSISTENT, "the other means are all those of whole numbers"
    else:
        verdict, note = (
            AuditVerdict.NOT_CHECKABLE,
            "no whole total gives it; values may have been recorded with decimals",
        )
    return Claim(
        claim=f"Table 1, {group}: mean {variable} is a mean of whole numbers",
        printed=row.mean.text,
        recomputed=f"{nearest}/{n} = {decimal_text(nearest / n, row.mean.decimals)}",
        method="GRIM: total = mean x n is whole",
        verdict=verdict,
        note=note,
        cells=cells_of(row.mean, row.n),
    )


def check_deviations(tables: PublishedTables) -> list[Claim]:
    """Every standard deviation is one that values between 0 and :data:`LARGEST_AGE_YEARS` with this mean can have."""
    claims = []
    for (group, variable, _), row in _mean_rows(tables).items():
        if row.sd is None:
            continue
        n, mean = row.n.count, row.mean.value
        inside = 0 <= mean <= LARGEST_AGE_YEARS
        spread = max(mean * (LARGEST_AGE_YEARS - mean), 0.0)
        largest = math.sqrt(spread * n / (n - 1)) if n > 1 else 0.0
        possible = inside and row.sd.high >= 0 and row.sd.low <= largest
        claims.append(
            Claim(
                claim=f"Table 1, {group}: standard deviation of {variable} is possible",
                printed=row.sd.text,
                recomputed=f"0 to {largest:.2f}",
                method=f"values between 0 and {LARGEST_AGE_YEARS:g} with the printed mean (Bhatia-Davis)",
                verdict=AuditVerdict.CONSISTENT if possible else AuditVerdict.INCONSISTENT,
                cells=cells_of(row.sd, row.mean, row.n),
            )
        )
    return claims


def _mean_rows(tables: PublishedTables) -> dict[tuple[PatientGroup, str, str], Table1Row]:
    return {
        key: row for key, row in tables.table1.items() if row.mean is not None and row.n is not None and row.n.count
    }
