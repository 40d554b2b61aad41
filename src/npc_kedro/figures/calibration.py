"""Calibration of the classifiers: predicted against observed."""

import pandas as pd

from npc_kedro.figures.canvas import Axis, Bars, Figure, Ink, Line, Note, Panel, Points, numbers
from npc_kedro.figures.palette import LIGHT_GREY, REFERENCE, inks, label, plain
from npc_kedro.figures.tables import arms_in, networks_in, require, units_in, with_arm

_KEYS = ["arm", "unit", "network"]
_LIMITS = (-0.02, 1.02)
_ROOM = (-0.02, 1.2)
"""The ordinate's limits where words stand above all that is drawn."""

_BAR = Ink(LIGHT_GREY, alpha=0.6)


def calibration(curve: pd.DataFrame, *, table2: pd.DataFrame | None = None, simulated: bool) -> Figure:
    """Small multiples, a row for each arm and unit, a column for each network: observed share against prediction.

    Args:
        curve: one row per bin: ``arm``, ``unit``, ``network``, ``predicted`` (mean probability of the bin),
            ``observed`` (share with residual tumour), ``n``; optional ``observed_lo``, ``observed_hi`` (limits of that
            share).
        table2: optional, for the words in each panel: ``model`` (or ``arm``), ``unit``, ``network``,
            ``calibration_intercept``, ``calibration_slope``; columns that lack are left out.
        simulated: whether the cohort is simulated.
    """
    require(curve, [*_KEYS, "predicted", "observed", "n"], "calibration")
    rows = [(a, u) for a in arms_in(curve["arm"]) for u in units_in(curve["unit"])]
    networks = networks_in(curve["network"])
    words = _words(table2)
    panels = []
    for i, (arm, unit) in enumerate(rows):
        for j, network in enumerate(networks):
            bins = curve[(curve["arm"].astype(str) == arm) & (curve["unit"].astype(str) == unit)]
            bins = bins[bins["network"].astype(str) == network].sort_values("predicted")
            if bins.empty:
                continue
            panels.append(
                Panel(
                    row=i,
                    col=j,
                    marks=_marks(bins, network, networks, words.get((arm, unit, network), "")),
                    title=label(network) if i == 0 else "",
                    x=Axis("Predicted probability" if i == len(rows) - 1 else "", _LIMITS),
                    y=Axis(f"{arm}, {label(unit)}\nObserved share" if j == 0 else "", _ROOM if words else _LIMITS),
                )
            )
    has_limits = {"observed_lo", "observed_hi"} <= set(curve.columns)
    return Figure(
        name="calibration",
        title="Calibration of the classifiers",
        panels=tuple(panels),
        caption="Share of test cases with residual tumour against the mean predicted probability of each bin"
        + (", with 95% intervals" if has_limits else "")
        + ". Dotted: perfect calibration. Grey bars: share of the cases in each bin."
        + (" a, b: calibration intercept and slope." if words else ""),
        simulated=simulated,
        height_in=1.55 * len(rows),
    )


def _marks(bins: pd.DataFrame, network: str, networks: list[str], words: str) -> tuple:
    ink = inks(networks)[network]
    x, y = numbers(bins["predicted"]), numbers(bins["observed"])
    limits = {}
    if {"observed_lo", "observed_hi"} <= set(bins.columns):
        limits = {"y_lo": numbers(bins["observed_lo"]), "y_hi": numbers(bins["observed_hi"])}
    counts = tuple(f"{int(n)} cases" for n in bins["n"])
    shares = numbers(bins["n"] / bins["n"].sum())
    note = (Note(0.0, 1.1, words, align="left", size=6.0),) if words else ()
    return (
        Bars(x, shares, 0.035, _BAR),
        Line((0.0, 1.0), (0.0, 1.0), REFERENCE),
        Line(x, y, plain(ink)),
        Points(x, y, ink, hover=counts, size=3.5, **limits),
        *note,
    )


def _words(table2: pd.DataFrame | None) -> dict[tuple[str, str, str], str]:
    columns = ["calibration_intercept", "calibration_slope"]
    if table2 is None or not set(columns) <= set(table2.columns):
        return {}
    table2 = require(with_arm(table2), _KEYS, "Table 2").dropna(subset=columns)
    return {
        (
            str(row.arm),
            str(row.unit),
            str(row.network),
        ): f"a {row.calibration_intercept:.2f}, b {row.calibration_slope:.2f}"
        for row in table2.itertuples()
    }
