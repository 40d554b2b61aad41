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
    return [*claims, _common_claim(arm, rates, patients, metric=metric, outcome=outcome, largest=largest)]


def _common_claim(
    arm: Arm, rates: dict[str, Printed], patients: Printed, *, metric: str, outcome: Outcome, largest: int
) -> Claim:
    common = common_denominators(rates.values(), largest)
    holds = patients.count in common
    return Claim(
        claim=f"Table 2, {arm.value} patient: number of {outcome.value} test patients behind the networks' {metric.title()}",
        printed=patients.text,
        recomputed=denominators_text(common),
        method=f"denominators up to {largest} over which every network's printed {metric.title()} is a count",
        verdict=verdict_if(holds),
        note="" if holds else f"the rates need {denominators_text(common)} patients; Table 1 has {patients.count}",
        cells=cells_of(rates.values(), patients),
    )


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
