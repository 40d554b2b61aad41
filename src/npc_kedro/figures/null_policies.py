"""The models' and the physicians' rate of correct choices, beside policies that look at nothing."""

import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Ink, Line, Panel, Points, numbers
from npc_kedro.figures.palette import BLUE, GREY, LIGHT_GREY, VERMILLION, label
from npc_kedro.figures.tables import require

_INKS = {"model": Ink(BLUE, marker="circle"), "physician": Ink(VERMILLION, marker="square")}
_NULL = Ink(GREY, marker="diamond")
_NAMES = {"model": "models", "physician": "physicians", "other": "policies without images"}
_WORDS = {
    "model": "models",
    "physician": "physicians",
    "predict_nrt_for_all": "predict NRT for all",
    "t4_means_residual": "T4 means residual",
    "all_ccrt": "CCRT for all",
    "all_ic_ccrt": "IC+CCRT for all",
    "shuffled_models": "shuffled models",
    "clinical_baseline": "clinical baseline",
}


def null_policies(rates: pd.DataFrame, *, simulated: bool) -> Figure:
    """A dot plot of correct rates, best on top.

    Args:
        rates: ``policy`` ("model", "physician" and any other names), ``rate``, ``lo``, ``hi`` (proportions; nan
            where nobody could be judged). Where ``correct`` and ``wrong`` are given, the cases judged are printed
            beside the name.
        simulated: whether the cohort is simulated.
    """
    require(rates, ["policy", "rate", "lo", "hi"], "policies' correct rates")
    told = rates.assign(**{column: pd.to_numeric(rates[column]) for column in ("rate", "lo", "hi")})
    ordered = told.sort_values(["rate", "policy"], kind="stable", na_position="first").reset_index(drop=True)
    ticks = tuple((float(i), _words(row)) for i, row in enumerate(ordered.itertuples()))
    marks = [Line(numbers([row.rate] * 2), (-0.6, len(ordered) - 0.4), _guide(kind)) for row, kind in _named(ordered)]
    for kind, name in _NAMES.items():
        rows = ordered[[_kind(policy) == kind for policy in ordered["policy"]]]
        if rows.empty:
            continue
        lo, hi = rows["lo"].fillna(rows["rate"]), rows["hi"].fillna(rows["rate"])
        hover = tuple(f"{_words(r)}: {100 * r.rate:.1f}%" for r in rows.itertuples())
        limits = {"x_lo": numbers(lo), "x_hi": numbers(hi)}
        ink = _INKS.get(kind, _NULL)
        marks.append(Points(numbers(rows["rate"]), numbers(rows.index), ink, name, size=5.5, hover=hover, **limits))
    shuffled = any("shuffle" in str(policy) for policy in ordered["policy"])
    return Figure(
        name="null_policies",
        title="Correct choices: models, physicians and policies that look at no image",
        panels=(
            Panel(
                row=0,
                col=0,
                marks=tuple(marks),
                x=Axis("Correct among judged cases", (0.0, 1.0), tuple((i / 5, f"{20 * i}%") for i in range(6))),
                y=Axis("", (-0.6, len(ordered) - 0.4), ticks, grid=False),
            ),
        ),
        caption="Correct / (correct + wrong), undetermined cases left out, under the same 16-cell rules. "
        "Bars: 95% intervals"
        + ("; for shuffled models, the middle 95% of shuffles" if shuffled else "")
        + ". A verdict on a choice not made rests on a prediction that nothing verifies.",
        simulated=simulated,
        width_in=5.4,
        height_in=0.5 + 0.27 * len(ordered),
        shared_legend=True,
    )


def _kind(policy: str) -> str:
    name = str(policy).lower()
    return "model" if name in ("model", "models") else "physician" if name.startswith("physician") else "other"


def _named(ordered: pd.DataFrame) -> list[tuple]:
    return [(row, _kind(row.policy)) for row in ordered.itertuples() if _kind(row.policy) != "other"]


def _guide(kind: str) -> Ink:
    return Ink(_INKS[kind].color if kind in _INKS else LIGHT_GREY, "dot", width=0.7, alpha=0.7)


def _words(row: tuple) -> str:
    name = _WORDS.get(str(row.policy), label(row.policy))
    if not (hasattr(row, "correct") and hasattr(row, "wrong")):
        return name
    return f"{name} (n = {row.correct + row.wrong:.0f})"
