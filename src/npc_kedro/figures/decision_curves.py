"""Decision curves: the net benefit of acting on a prediction."""

import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Ink, Line, Panel, numbers
from npc_kedro.figures.palette import GREY, inks, label, plain
from npc_kedro.figures.tables import arms_in, networks_in, require, units_in

ACT_ON_ALL, ACT_ON_NONE = "treat_all", "treat_none"
_REFERENCES = {ACT_ON_ALL: Ink(GREY, "solid", width=0.9), ACT_ON_NONE: Ink(GREY, "dash", width=0.9)}
_FLOOR = -0.08
"""Net benefit below which curves are cut: acting on all falls without end as the threshold nears 1."""


def decision_curves(curves: pd.DataFrame, *, simulated: bool) -> Figure:
    """One panel for each arm and unit: net benefit against the threshold probability.

    Args:
        curves: ``arm``, ``unit``, ``strategy`` (a network, a baseline, ``treat_all`` or ``treat_none``), ``threshold``,
            ``net_benefit`` (per case).
        simulated: whether the cohort is simulated.
    """
    require(curves, ["arm", "unit", "strategy", "threshold", "net_benefit"], "decision curves")
    cells = [(a, u) for a in arms_in(curves["arm"]) for u in units_in(curves["unit"])]
    cols = curves["unit"].nunique()
    top = float(curves["net_benefit"].max())
    panels = tuple(
        Panel(
            row=i // cols,
            col=i % cols,
            marks=_marks(curves[(curves["arm"].astype(str) == arm) & (curves["unit"].astype(str) == unit)]),
            title=f"{arm}, {label(unit)}",
            x=Axis("Threshold probability", (0.0, 1.0)),
            y=Axis("Net benefit per case" if i % cols == 0 else "", (_FLOOR, max(0.1, 1.08 * top))),
        )
        for i, (arm, unit) in enumerate(cells)
    )
    return Figure(
        name="decision_curves",
        title="Decision curves of the classifiers, by arm and unit",
        panels=panels,
        caption="Net benefit of acting where the predicted probability of residual tumour reaches the threshold, on "
        "the test "
        "cohort. A model helps where its curve lies above acting on all and acting on none.",
        simulated=simulated,
        height_in=2.4 * max(1, len(cells) // cols),
        shared_legend=True,
    )


def _marks(curves: pd.DataFrame) -> tuple[Line, ...]:
    names = networks_in(curves["strategy"])
    models = [name for name in names if name not in _REFERENCES]
    colors = {**_REFERENCES, **{name: plain(ink) for name, ink in inks(models).items()}}
    lines = []
    for name in [*models, *(name for name in _REFERENCES if name in names)]:
        curve = curves[curves["strategy"].astype(str) == name].sort_values("threshold")
        lines.append(Line(numbers(curve["threshold"]), numbers(curve["net_benefit"]), colors[name], label(name)))
    return tuple(lines)
