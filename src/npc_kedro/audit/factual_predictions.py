"""Table 3 against Table 2: the predictions for the treatment given are those of one of Table 2's networks.

Table 3 is made with one network per arm. Its predictions for the patients who had that arm give a Se, Sp and ACC, which
must be a line of Table 2.
"""

from npc_kedro.audit.claims import AuditVerdict, Claim, cells_of, verdict_if
from npc_kedro.audit.orientation import Orientation, factual_counts, find_orientation
from npc_kedro.audit.tables import PublishedTables
from npc_kedro.study import Arm, Unit


def check_factual_predictions(tables: PublishedTables) -> list[Claim]:
    """One claim per arm: some patient-level network of Table 2 has the rates that Table 3 shows."""
    orientation = find_orientation(tables)
    claims = []
    for arm in Arm:
        claim = _arm_claim(tables, arm, orientation)
        if claim is not None:
            claims.append(claim)
    return claims


def _arm_claim(tables: PublishedTables, arm: Arm, orientation: Orientation) -> Claim | None:
    first = factual_counts(tables, arm, orientation.sensitivity_of)
    second = factual_counts(tables, arm, orientation.specificity_of)
    rows = {k: r for k, r in tables.networks(arm, Unit.PATIENT).items() if r.se is not None and r.sp is not None}
    if first is None or second is None or not rows or not first[1] or not second[1]:
        return None
    se, sp = first[0] / first[1], second[0] / second[1]
    acc = (first[0] + second[0]) / (first[1] + second[1])
    fitting = [network for network, row in rows.items() if row.se.stands_for(se) and row.sp.stands_for(sp)]
    same_acc = [network for network, row in rows.items() if row.acc is not None and row.acc.stands_for(acc)]
    given = [row for row in tables.table3 if row.physician_arm is arm]
    prediction = "ccrt_model_pred" if arm is Arm.CCRT else "ic_model_pred"
    words = ("physician_arm", "actual_effect", prediction)
    note = f"{', '.join(fitting)} has them" if fitting else "no network of Table 2 has this Se and Sp"
    if not fitting and same_acc:
        note += f"; the ACC alone is that of {', '.join(same_acc)}"
    return Claim(
        claim=f"Table 3 against Table 2, {arm.value}: the predictions for the treatment given are those of a network",
        printed="; ".join(f"{network} Se {row.se.text} Sp {row.sp.text}" for network, row in rows.items()),
        recomputed=f"Se {first[0]}/{first[1]} = {se:.4f}, Sp {second[0]}/{second[1]} = {sp:.4f}, ACC {acc:.4f}",
        method=f"predictions of the {arm.value} model among the patients given {arm.value}, by outcome",
        verdict=verdict_if(bool(fitting), AuditVerdict.INCONSISTENT),
        note=note,
        cells=(
            *cells_of([row.cases for row in given], *([row.se, row.sp] for row in rows.values())),
            *(row.address("table3", column) for row in tables.table3 for column in words),
        ),
    )
