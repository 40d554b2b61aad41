"""Table 2: which denominators each printed Se and Sp allows, and whether they are Table 1's patients."""

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.fractions import (
    allowed_denominators,
    common_denominators,
    counts_giving,
    denominators_text,
    nearest_fraction,
)
from npc_kedro.audit.orientation import find_orientation, test_patients
from npc_kedro.audit.printed import Printed
from npc_kedro.audit.tables import AVERAGE, PublishedTables
from npc_kedro.study import Arm, Outcome, Unit


def check_rates(tables: PublishedTables) -> list[Claim]:
    """Every patient-level Se and Sp is a count over Table 1's test patients; so are those of all networks together."""
    orientation = find_orientation(tables)
    claims = []
    for arm in Arm:
        for metric, outcome in (("se", orientation.sensitivity_of), ("sp", orientation.specificity_of)):
            claims += _rate_claims(tables, arm, metric=metric, outcome=outcome)
    return claims + _unchecked_images(tables)


def _rate_claims(tables: PublishedTables, arm: Arm, *, metric: str, outcome: Outcome) -> list[Claim]:
    networks = tables.networks(arm, Unit.PATIENT)
    rates: dict[str, Printed] = {
        network: rate for network, row in networks.items() if (rate := getattr(row, metric)) is not None
    }
    patients = test_patients(tables, arm, outcome)
    both = [test_patients(tables, arm, each) for each in Outcome]
    if not rates:
        return []
    if patients is None or None in both:
        return [
            Claim(
                f"Table 2, {arm.value} patient {network}: {metric.title()} is a count of patients", rate.text, "", "",
                AuditVerdict.NOT_CHECKABLE, "Table 1 does not give the test patients", cells_of(rate),
            )
            for network, rate in rates.items()
        ]  # fmt: skip
    largest = sum(number.count for number in both)
    claims = [
        Claim(
            claim=f"Table 2, {arm.value} patient {network}: {metric.title()} is a count of patients",
            printed=rate.text,
            recomputed=nearest_fraction(rate, patients.count),
            method=f"count over the {patients.count} test patients with {outcome.value} in Table 1",
            verdict=verdict_if(bool(counts_giving(rate, patients.count))),
            note=f"denominators up to {largest} that give it: {denominators_text(allowed_denominators(rate, largest))}",
            cells=cells_of(rate, patients),
        )
        for network, rate in rates.items()
    ]
    pair = implied_pair(tables, arm)
    return [*claims, _common_claim(arm, rates, patients, metric=metric, outcome=outcome, largest=largest, pair=pair)]


def _common_claim(
    arm: Arm,
    rates: dict[str, Printed],
    patients: Printed,
    *,
    metric: str,
    outcome: Outcome,
    largest: int,
    pair: dict[Outcome, int] | None,
) -> Claim:
    common = common_denominators(rates.values(), largest)
    holds = patients.count in common
    return Claim(
        claim=f"Table 2, {arm.value} patient: number of {outcome.value} test patients that {metric.title()} needs",
        printed=patients.text,
        recomputed=denominators_text(common),
        method=f"denominators up to {largest} over which every network's printed {metric.title()} is a count",
        verdict=verdict_if(holds),
        note="" if holds else _needed(common, patients, outcome=outcome, total=largest, pair=pair),
        cells=cells_of(rates.values(), patients),
    )


def _needed(
    common: list[int], patients: Printed, *, outcome: Outcome, total: int, pair: dict[Outcome, int] | None
) -> str:
    note = f"the rates need {denominators_text(common)} patients with {outcome.value}; Table 1 has {patients.count}"
    if pair is None:
        return note
    told = " and ".join(f"{number} {each.value}" for each, number in pair.items())
    return f"{note}. Of {total} patients in all, Se and Sp together need {told}"


def implied_pair(tables: PublishedTables, arm: Arm) -> dict[Outcome, int] | None:
    """Other numbers of test patients by outcome, with Table 1's sum, that all printed Se and Sp of an arm need.

    None where Table 1's own numbers do, or where no pair or more than one does.
    """
    orientation = find_orientation(tables)
    outcomes = (orientation.sensitivity_of, orientation.specificity_of)
    printed = [test_patients(tables, arm, outcome) for outcome in outcomes]
    if None in printed:
        return None
    n = sum(number.count for number in printed)
    rows = tables.networks(arm, Unit.PATIENT).values()
    of_first = common_denominators([row.se for row in rows if row.se is not None], n)
    of_second = common_denominators([row.sp for row in rows if row.sp is not None], n)
    if printed[0].count in of_first and printed[1].count in of_second:
        return None
    pairs = [(a, n - a) for a in of_first if n - a in of_second]
    return dict(zip(outcomes, pairs[0], strict=True)) if len(pairs) == 1 else None


def _unchecked_images(tables: PublishedTables) -> list[Claim]:
    """Image-level rates: the test images of either outcome are not among the tables."""
    return [
        Claim(
            f"Table 2, {arm.value} image {network}: {metric.title()} is a count of images", rate.text, "", "",
            AuditVerdict.NOT_CHECKABLE, "the number of test images with either outcome is not given", cells_of(rate),
        )
        for (arm, unit, network), row in tables.table2.items()
        if unit is Unit.IMAGE and network != AVERAGE
        for metric in ("se", "sp")
        if (rate := getattr(row, metric)) is not None
    ]  # fmt: skip
