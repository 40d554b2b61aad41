"""The 16 cells as a flow: prediction, recommendation, what was done and happened, and both verdicts."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from npc_kedro.figures.canvas import Axis, Box, Figure, Ink, Mark, Note, Panel, Points, Ribbon
from npc_kedro.figures.palette import GREY, VERDICT_INKS
from npc_kedro.figures.tables import require
from npc_kedro.study import Arm, Recommendation, Verdict

_COLUMNS = (
    "ccrt_model_pred",
    "ic_model_pred",
    "recommendation",
    "physician_arm",
    "actual_effect",
    "model_verdict",
    "physician_verdict",
    "cases",
)
_GAP = 0.06
"""Empty height between neighbouring nodes of a stage, as a share of all cases."""
_NODE = 0.03
"""Half width of a node, in stages."""


@dataclass(frozen=True)
class _Stage:
    """A column of the flow: its heading, its nodes' names from top to bottom, and which of them a cell passes."""

    heading: str
    nodes: tuple[str, ...]
    of: Callable[[pd.Series], str]


_STAGES = (
    _Stage(
        "Predicted\nCCRT / IC+CCRT",
        ("NRT / NRT", "NRT / RT", "RT / NRT", "RT / RT"),
        lambda cell: f"{cell['ccrt_model_pred']} / {cell['ic_model_pred']}",
    ),
    _Stage("Recommended", tuple(r.value for r in Recommendation), lambda cell: str(cell["recommendation"])),
    _Stage(
        "Given, and\nwhat happened",
        tuple(f"{arm.value}, {effect}" for arm in Arm for effect in ("NRT", "RT")),
        lambda cell: f"{cell['physician_arm']}, {cell['actual_effect']}",
    ),
    _Stage("Verdict on\nthe models", tuple(v.value for v in Verdict), lambda cell: str(cell["model_verdict"])),
    _Stage("Verdict on\nthe physicians", tuple(v.value for v in Verdict), lambda cell: str(cell["physician_verdict"])),
)


def sixteen_cells_flow(table3: pd.DataFrame, *, simulated: bool) -> Figure:
    """An alluvial diagram. Each cell with cases is one thread through all five stages, as thick as its cases.

    Threads take the colour of the verdict on the models before the fourth stage, of the verdict on the physicians after
    it.

    Args:
        table3: the 16 cells (or the situations that occur): ``ccrt_model_pred``, ``ic_model_pred``, ``recommendation``,
            ``physician_arm``, ``actual_effect``, ``model_verdict``, ``physician_verdict``, ``cases``. Rows without
            cases, or of unknown cases, are left out.
        simulated: whether the cohort is simulated.
    """
    require(table3, _COLUMNS, "the 16 cells")
    cells = table3[table3["cases"].fillna(0) > 0].reset_index(drop=True)
    total = int(cells["cases"].sum())
    paths = [tuple(stage.nodes.index(stage.of(cell)) for stage in _STAGES) for _, cell in cells.iterrows()]
    sizes = [float(cases) for cases in cells["cases"]]
    edges = [_stack(paths, sizes, stage, _GAP * total) for stage in range(len(_STAGES))]
    marks: list[Mark] = []
    for i, (_, cell) in enumerate(cells.iterrows()):
        marks += _thread(cell, sizes[i], [stage[0][i] for stage in edges])
    for number, (stage, (_, spans)) in enumerate(zip(_STAGES, edges, strict=True)):
        marks += _nodes(number, stage, spans, total)
    top = max(hi for _, spans in edges for _, hi in spans.values())
    axis = {"visible": False, "grid": False}
    panel = Panel(
        row=0,
        col=0,
        marks=(*marks, *_legend()),
        x=Axis(limits=(-0.06, len(_STAGES) - 0.3), **axis),
        y=Axis(limits=(-0.02 * top, 1.14 * top), **axis),
    )
    return Figure(
        name="sixteen_cells_flow",
        title=f"From prediction to recommendation to verdict: {total} test patients",
        panels=(panel,),
        caption="Each thread is one of the 16 cells, as thick as its patients (numbers at the nodes). Left of the "
        "models' verdict threads take its colour, right of it that of the verdict on the physicians. RT residual "
        "tumour, NRT none, IBT individual-based treatment. A verdict on a treatment not given rests on an unverified "
        "prediction.",
        simulated=simulated,
        height_in=4.1,
        shared_legend=True,
    )


def _stack(paths: list[tuple[int, ...]], sizes: list[float], stage: int, gap: float) -> tuple[list, dict]:
    """Each thread's (lo, hi) at a stage, and each node's (lo, hi); the first node lies on top, stages are centred."""
    present = sorted({path[stage] for path in paths})
    height = sum(sizes) + gap * (len(present) - 1)
    threads: list[tuple[float, float]] = [(0.0, 0.0)] * len(paths)
    nodes: dict[int, tuple[float, float]] = {}
    tallest = sum(sizes) + gap * 3
    top = tallest - (tallest - height) / 2
    for node in present:
        y = top
        # Within a node threads lie as they lay at the stages before it, then as they go on: few crossings, same order
        # always.
        order = sorted(
            (i for i, path in enumerate(paths) if path[stage] == node),
            key=lambda i: (paths[i][:stage][::-1], paths[i][stage + 1 :], i),
        )
        for i in order:
            threads[i] = (y - sizes[i], y)
            y -= sizes[i]
        nodes[node] = (y, top)
        top = y - gap
    return threads, nodes


def _thread(cell: pd.Series, size: float, edges: list[tuple[float, float]]) -> list[Ribbon]:
    hover = (
        f"{size:.0f} patients: predicted {cell['ccrt_model_pred']} under CCRT and {cell['ic_model_pred']} under "
        f"IC+CCRT, "
        f"recommended {cell['recommendation']}, given {cell['physician_arm']}, {cell['actual_effect']}; "
        f"models {cell['model_verdict']}, physicians {cell['physician_verdict']}"
    )
    ribbons = []
    for stage in range(len(edges) - 1):
        verdict = Verdict(cell["physician_verdict" if stage == len(edges) - 2 else "model_verdict"])
        (lo0, hi0), (lo1, hi1) = edges[stage], edges[stage + 1]
        ink = replace(VERDICT_INKS[verdict], alpha=0.75)
        ribbons.append(Ribbon(stage + _NODE, lo0, hi0, stage + 1 - _NODE, lo1, hi1, size, ink, hover))
    return ribbons


def _nodes(number: int, stage: _Stage, spans: dict[int, tuple[float, float]], total: int) -> list[Mark]:
    top = 1.0 * total + 3 * _GAP * total
    marks: list[Mark] = [Note(number - _NODE, 1.08 * top, stage.heading, align="left", bold=True, size=7.0)]
    for node, (lo, hi) in spans.items():
        marks.append(Box(number - _NODE, number + _NODE, lo, hi, Ink(GREY, width=0.5)))
        marks.append(Note(number + 1.6 * _NODE, (lo + hi) / 2, f"{stage.nodes[node]}: {hi - lo:.0f}", align="left"))
    return marks


def _legend() -> list[Points]:
    """Legend entries only: marks without a point."""
    return [
        Points((), (), replace(VERDICT_INKS[verdict], marker="square"), f"verdict: {verdict.value}")
        for verdict in Verdict
    ]
