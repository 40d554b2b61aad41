"""All checks in the order of the publication's tables."""

from collections.abc import Callable

from npc_kedro.audit import (
    accuracy,
    auc_symmetry,
    aucs,
    averages,
    counts,
    factual_predictions,
    headline_counts,
    headline_tallies,
    headline_values,
    means,
    orientation,
    pvalues,
    rates,
    situations,
    stages,
)
from npc_kedro.audit.claims import AuditVerdict, Claim
from npc_kedro.audit.tables import PublishedTables

Check = Callable[[PublishedTables], list[Claim]]

CHECKS: tuple[Check, ...] = (
    counts.check_sums,
    counts.check_percentages,
    stages.check_stages,
    means.check_means,
    means.check_deviations,
    pvalues.check_pvalues,
    orientation.check_orientation,
    rates.check_rates,
    accuracy.check_between,
    accuracy.check_counts,
    accuracy.check_common_mix,
    aucs.check_pairs,
    aucs.check_operating_points,
    aucs.check_interval_order,
    aucs.check_interval_widths,
    auc_symmetry.check_interval_symmetry,
    averages.check_averages,
    situations.check_rules,
    situations.check_distinct,
    situations.check_cases,
    situations.check_same_cases,
    situations.unknown_cases,
    factual_predictions.check_factual_predictions,
    headline_counts.check_patients,
    headline_counts.check_images,
    headline_counts.check_split,
    headline_counts.check_ratios,
    headline_counts.check_designs,
    headline_tallies.check_tallies,
    headline_tallies.check_rates,
    headline_tallies.check_p,
    headline_values.check_average_aucs,
    headline_values.check_estimates_in_intervals,
    headline_values.check_products,
    headline_values.check_field_of_view,
    headline_values.check_discussion,
)


def audit_tables(tables: PublishedTables) -> list[Claim]:
    """Every claim that the tables make and that some check can judge, then what could not be judged at all.

    Pure: the same tables give the same claims in the same order.

    Raises:
        CohortError: if a number has no meaning, such as a negative count.
    """
    claims = [claim for check in CHECKS for claim in check(tables)]
    return claims + _untouched(tables, claims) + _not_given(tables)


def _untouched(tables: PublishedTables, claims: list[Claim]) -> list[Claim]:
    """Numbers of the running text that no check speaks of."""
    touched = {cell for claim in claims for cell in claim.cells}
    return [
        Claim(
            f"Text, {row.key}", row.printed, "", "", AuditVerdict.NOT_CHECKABLE,
            "nothing in the tables determines it", (row.cell,),
        )
        for row in tables.headline.values()
        if row.cell not in touched
    ]  # fmt: skip


def _not_given(tables: PublishedTables) -> list[Claim]:
    absent = [
        Claim(f"{what}", "", "", "", AuditVerdict.NOT_CHECKABLE, "absent: claims that need it were not judged")
        for what in tables.absent
    ]
    ignored = [
        Claim(f"{what}", "", "", "", AuditVerdict.NOT_CHECKABLE, "not understood: the row was left out")
        for what in tables.ignored
    ]
    return absent + ignored
