"""ROC curves of the classifiers, by arm and unit."""

import pandas as pd

from npc_kedro.figures.canvas import Axis, Band, Figure, Line, Panel, numbers
from npc_kedro.figures.palette import REFERENCE, inks, label, plain
from npc_kedro.figures.tables import arms_in, networks_in, require, units_in, with_arm

_KEYS = ["arm", "unit", "network"]


def roc_curves(
    curves: pd.DataFrame, bands: pd.DataFrame | None = None, *, table2: pd.DataFrame | None = None, simulated: bool
) -> Figure:
    """One panel for each arm and unit: sensitivity against 1 - specificity, with confidence bands and AUCs.

    Args:
        curves: ``arm``, ``unit``, ``network``, ``specificity``, ``sensitivity``: the corners of each curve. Order
            within a curve is free; the ends (1, 0) and (0, 1) are added where they lack. ``network`` may hold a
            baseline's name.
        bands: ``arm``, ``unit``, ``network``, ``specificity``, ``lo``, ``hi``: pointwise limits
            of sensitivity at given specificities. None draws no bands.
        table2: ``model`` (or ``arm``), ``unit``, ``network``, ``auc``, ``auc_lo``, ``auc_hi`` for the legend, and
            ``auc_logit_lo``, ``auc_logit_hi``, which stay right near 1 and are taken where they are. None leaves the
            names alone.
        simulated: whether the cohort is simulated.
    """
    require(curves, [*_KEYS, "specificity", "sensitivity"], "ROC curves")
    if bands is not None:
        require(bands, [*_KEYS, "specificity", "lo", "hi"], "ROC bands")
    words = _legend_words(table2)
    cells = [(a, u) for a in arms_in(curves["arm"]) for u in units_in(curves["unit"])]
    cols = curves["unit"].nunique()
    panels = tuple(
        Panel(
            row=i // cols,
            col=i % cols,
            marks=_marks(_of(curves, arm, unit), None if bands is None else _of(bands, arm, unit), words, (arm, unit)),
            title=f"{arm}, {label(unit)}",
            x=Axis("1 - specificity", (-0.02, 1.02)),
            y=Axis("Sensitivity" if i % cols == 0 else "", (-0.02, 1.02)),
            legend="lower right",
        )
        for i, (arm, unit) in enumerate(cells)
    )
    caption = "Test patients; residual tumour is the positive class. Dotted: chance."
    if words:
        caption += " Legend: AUC [95% interval]."
    if bands is not None:
        caption += " Bands: pointwise 95% intervals of sensitivity."
    return Figure(
        name="roc_curves",
        title="ROC curves of the classifiers, by arm and unit",
        panels=panels,
        caption=caption,
        simulated=simulated,
        height_in=3.1 * max(1, len(cells) // cols),
    )


def _of(frame: pd.DataFrame, arm: str, unit: str) -> pd.DataFrame:
    return frame[(frame["arm"].astype(str) == arm) & (frame["unit"].astype(str) == unit)]


def _marks(curves: pd.DataFrame, bands: pd.DataFrame | None, words: dict, cell: tuple[str, str]) -> tuple:
    names = networks_in(curves["network"])
    colors = inks(names)
    chance = Line((0.0, 1.0), (0.0, 1.0), REFERENCE)
    areas, lines = [], []
    for name in names:
        corners = curves[curves["network"].astype(str) == name]
        points = {(1.0 - s, t) for s, t in zip(corners["specificity"], corners["sensitivity"], strict=True)}
        x, y = zip(*sorted(points | {(0.0, 0.0), (1.0, 1.0)}), strict=True)
        lines.append(Line(numbers(x), numbers(y), plain(colors[name]), words.get((*cell, name), label(name))))
        band = None if bands is None else bands[bands["network"].astype(str) == name].sort_values("specificity")
        if band is not None and len(band):
            across = numbers(1.0 - band["specificity"])
            areas.append(Band(across, numbers(band["lo"]), numbers(band["hi"]), colors[name]))
    return (chance, *areas, *lines)


def _legend_words(table2: pd.DataFrame | None) -> dict[tuple[str, str, str], str]:
    """(arm, unit, network) -> "ResNet-50 0.91 [0.86, 0.96]"; without the interval where it is missing."""
    if table2 is None:
        return {}
    table2 = require(with_arm(table2), [*_KEYS, "auc", "auc_lo", "auc_hi"], "Table 2")
    lows, highs = (_bounds(table2, end) for end in ("lo", "hi"))
    words = {}
    for row, lo, hi in zip(table2.itertuples(), lows, highs, strict=True):
        text = f"{label(row.network)} {row.auc:.2f}"
        if pd.notna(lo) and pd.notna(hi):
            text += f" [{lo:.2f}, {hi:.2f}]"
        words[(str(row.arm), str(row.unit), str(row.network))] = text
    return words


def _bounds(table2: pd.DataFrame, end: str) -> pd.Series:
    """The AUC's bounds on the logit scale where there are any."""
    usual, logit = table2[f"auc_{end}"], f"auc_logit_{end}"
    return table2[logit].fillna(usual) if logit in table2 else usual
