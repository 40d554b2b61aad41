"""Which outcome the printed sensitivity is the recall of.

Publications rarely say. The printed rates tell: only one reading makes them counts over the patients of Table 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from npc_kedro.audit.claims import AuditVerdict, Claim
from npc_kedro.audit.fractions import counts_giving
from npc_kedro.audit.printed import Printed
from npc_kedro.audit.tables import PublishedTables
from npc_kedro.study import Arm, Cohort, Outcome, Unit


@dataclass(frozen=True)
class Orientation:
    """Se is the recall of ``sensitivity_of``, Sp of ``specificity_of``; ``fits`` of ``rates`` agree with Table 1."""

    sensitivity_of: Outcome
    specificity_of: Outcome
    fits: int
    rates: int


def find_orientation(tables: PublishedTables) -> Orientation:
    """The reading under which more of the printed patient-level rates are possible; NRT first where both do equally."""
    clear = _score(tables, Outcome.NRT, Outcome.RT)
    residual = _score(tables, Outcome.RT, Outcome.NRT)
    return residual if residual.fits > clear.fits else clear


def check_orientation(tables: PublishedTables) -> list[Claim]:
    """States the orientation found; depends on all patient-level rates together, so it names no single cell."""
    chosen = find_orientation(tables)
    if not chosen.rates:
        return []
    other = _score(tables, chosen.specificity_of, chosen.sensitivity_of)
    told = chosen.fits > other.fits
    return [
        Claim(
            claim="Table 2: outcome that the printed Se is the recall of",
            printed="",
            recomputed=chosen.sensitivity_of.value if told else "either",
            method=(
                "the reading under which more patient-level rates, accuracies and rows of Table 3 agree with Table 1: "
                f"{chosen.fits} of {chosen.rates} with {chosen.sensitivity_of.value}, {other.fits} with the other"
            ),
            verdict=AuditVerdict.CONSISTENT if told else AuditVerdict.NOT_CHECKABLE,
            note="all further checks use it",
        )
    ]


def test_patients(tables: PublishedTables, arm: Arm, outcome: Outcome) -> Printed | None:
    """The printed number of test patients of an arm with an outcome, None where absent or zero."""
    number = tables.patients(arm, Cohort.TEST, outcome)
    return number if number is not None and number.count else None


test_patients.__test__ = False  # the name is the study's; pytest must not collect it


def factual_counts(tables: PublishedTables, arm: Arm, outcome: Outcome) -> tuple[int, int] | None:
    """From Table 3, for patients given ``arm`` with ``outcome``: how many were predicted rightly, of how many."""
    rows = [row for row in tables.table3 if row.physician_arm is arm and row.actual_effect is outcome]
    if not rows or any(row.cases is None for row in rows):
        return None
    right = [row for row in rows if (row.ccrt_model_pred if arm is Arm.CCRT else row.ic_model_pred) is outcome]
    return sum(row.cases.count for row in right), sum(row.cases.count for row in rows)


def _score(tables: PublishedTables, first: Outcome, second: Outcome) -> Orientation:
    agreements = list(_agreements(tables, first, second))
    return Orientation(first, second, sum(agreements), len(agreements))


def _agreements(tables: PublishedTables, first: Outcome, second: Outcome) -> Iterator[bool]:
    for arm in Arm:
        n_first, n_second = test_patients(tables, arm, first), test_patients(tables, arm, second)
        if n_first is None or n_second is None:
            continue
        rows = tables.networks(arm, Unit.PATIENT).values()
        for row in rows:
            if row.se is None or row.sp is None:
                continue
            yield bool(counts_giving(row.se, n_first.count))
            yield bool(counts_giving(row.sp, n_second.count))
            if row.acc is not None:
                n = n_first.count + n_second.count
                right = row.se.interval.scaled(n_first.count) + row.sp.interval.scaled(n_second.count)
                yield row.acc.interval.scaled(n).meets(right)
        found = [factual_counts(tables, arm, outcome) for outcome in (first, second)]
        if None not in found and all(total for _, total in found):
            rates = [right / total for right, total in found]
            yield any(r.se and r.sp and r.se.stands_for(rates[0]) and r.sp.stands_for(rates[1]) for r in rows)
