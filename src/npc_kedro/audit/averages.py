"""Table 2: can each average be that of its networks, all of them rounded?"""

from npc_kedro.audit.claims import Claim, cells_of, verdict_if
from npc_kedro.audit.printed import Interval
from npc_kedro.audit.tables import AVERAGE, PublishedTables
from npc_kedro.study import Arm, Unit


def check_averages(tables: PublishedTables) -> list[Claim]:
    """One claim for every printed average of ACC, Se, Sp and AUC."""
    claims = []
    for arm in Arm:
        for unit in Unit:
            average = tables.table2.get((arm, unit, AVERAGE))
            rows = list(tables.networks(arm, unit).values())
            if average is None or not rows:
                continue
            for metric in ("acc", "se", "sp", "auc"):
                printed, parts = getattr(average, metric), [getattr(row, metric) for row in rows]
                if printed is None or None in parts:
                    continue
                n = len(parts)
                mean = Interval(sum(part.low for part in parts) / n, sum(part.high for part in parts) / n)
                claims.append(
                    Claim(
                        claim=f"Table 2, {arm.value} {unit.value}: average {metric}",
                        printed=printed.text,
                        recomputed=f"{sum(part.value for part in parts) / n:.5f} ({mean.low:.5f} to {mean.high:.5f})",
                        method=f"mean of {n} networks, over all values that round to the printed ones",
                        verdict=verdict_if(mean.meets(printed.interval)),
                        cells=cells_of(printed, parts),
                    )
                )
    return claims
