"""Confusion matrices of the sixteen classifiers."""

import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Heatmap, Panel
from npc_kedro.figures.palette import label
from npc_kedro.figures.tables import arms_in, networks_in, require, units_in, with_arm

_WORDS = ("RT", "NRT")


def confusion_matrices(counts: pd.DataFrame, *, simulated: bool) -> Figure:
    """Small matrices, a row for each arm and unit, a column for each network: count and share of the true class.

    Args:
        counts: ``arm`` (or ``model``), ``unit``, ``network``, ``tp``, ``fp``, ``fn``, ``tn``, residual tumour positive.
        simulated: whether the cohort is simulated.
    """
    counts = require(with_arm(counts), ["arm", "unit", "network", "tp", "fp", "fn", "tn"], "confusion counts")
    counts = counts[counts["tp"].notna()]
    rows = [(a, u) for a in arms_in(counts["arm"]) for u in units_in(counts["unit"])]
    networks = networks_in(counts["network"])
    panels = []
    for row in counts.itertuples():
        key = (str(row.arm), str(row.unit))
        if str(row.network) not in networks:
            continue
        i, j = rows.index(key), networks.index(str(row.network))
        panels.append(
            Panel(
                row=i,
                col=j,
                marks=(_matrix(int(row.tp), int(row.fn), int(row.fp), int(row.tn)),),
                title=label(row.network) if i == 0 else "",
                x=Axis("Predicted" if i == len(rows) - 1 else "", grid=False),
                y=Axis(f"{key[0]}, {label(key[1])}\nTrue" if j == 0 else "", grid=False),
            )
        )
    return Figure(
        name="confusion_matrices",
        title="Confusion matrices of the classifiers",
        panels=tuple(sorted(panels, key=lambda panel: (panel.row, panel.col))),
        caption="Test cohort. Rows of a matrix: what happened; columns: what was predicted. RT residual tumour, NRT "
        "none. Each cell: number, and share of its row, which the shade repeats (upper left: sensitivity; lower right: "
        "specificity).",
        simulated=simulated,
        height_in=1.35 * len(rows),
    )


def _matrix(tp: int, fn: int, fp: int, tn: int) -> Heatmap:
    shares = [[value / sum(row) if sum(row) else 0.0 for value in row] for row in ((tp, fn), (fp, tn))]
    text = tuple(
        tuple(f"{value}\n{100 * share:.0f}%" for value, share in zip(row, row_shares, strict=True))
        for row, row_shares in zip(((tp, fn), (fp, tn)), shares, strict=True)
    )
    return Heatmap(tuple(tuple(row) for row in shares), _WORDS, _WORDS, text)
