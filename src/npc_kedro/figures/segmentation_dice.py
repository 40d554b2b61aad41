"""Dice of the segmenters on training, validation and test patients."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Ink, Panel, Points, numbers
from npc_kedro.figures.palette import GREY, inks, label
from npc_kedro.figures.tables import require

_PARTS = ("train", "validation", "test")
_PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}
_SPREAD = 0.13
"""Half width, in axis units, over which a segmenter's patients are laid side by side."""


def segmentation_dice(
    segmentation: pd.DataFrame, dice: Mapping[str, pd.DataFrame] | None = None, *, simulated: bool
) -> Figure:
    """A panel for each part: the mean of the patients' Dice with its interval, and every patient's as a point.

    Args:
        segmentation: ``segmenter``, ``part``, ``level`` (rows with ``patient`` are drawn), ``n``, ``dice``,
            ``dice_lo``, ``dice_hi``, ``chosen`` (bool).
        dice: for each segmenter its slices: ``patient_key``, ``part``, ``dice`` (nan where outline and prediction are
            both empty), ``outline_area_px``, ``predicted_area_px``. None draws no patients.
        simulated: whether the cohort is simulated.
    """
    columns = ["segmenter", "part", "level", "n", "dice", "dice_lo", "dice_hi", "chosen"]
    rows = require(segmentation, columns, "segmentation results")
    rows = require(rows[rows["level"] == "patient"], columns, "segmentation results at patient level")
    names = list(dict.fromkeys(rows["segmenter"].astype(str)))
    parts = [part for part in _PARTS if (rows["part"] == part).any()]
    chosen = [label(name) for name in names if rows.loc[rows["segmenter"] == name, "chosen"].astype(bool).any()]
    panels = tuple(
        Panel(
            row=0,
            col=col,
            marks=_marks(rows[rows["part"] == part], names, dice, part),
            title=f"{_PART_WORDS[part]} patients",
            x=Axis("", (-0.5, len(names) - 0.5), _ticks(rows[rows["part"] == part], names), grid=False),
            y=Axis("Dice coefficient" if col == 0 else "", (0.0, 1.0)),
        )
        for col, part in enumerate(parts)
    )
    return Figure(
        name="segmentation_dice",
        title="Dice of the segmenters, per patient",
        panels=panels,
        caption="A patient's Dice is that of all pixels of all its slices together. Large markers: mean over patients "
        "with 95% interval (bootstrap by patient). Small grey points: single patients."
        + (f" Chosen on the validation patients: {', '.join(chosen)}." if chosen else ""),
        simulated=simulated,
        height_in=2.6,
        width_in=6.2,
    )


def _ticks(rows: pd.DataFrame, names: list[str]) -> tuple[tuple[float, str], ...]:
    counts = {str(row.segmenter): int(row.n) for row in rows.itertuples()}
    return tuple((float(i), f"{label(name)}\nn = {counts.get(name, 0)}") for i, name in enumerate(names))


def _marks(rows: pd.DataFrame, names: list[str], dice: Mapping[str, pd.DataFrame] | None, part: str) -> tuple:
    colors = inks(names)
    marks = []
    for i, name in enumerate(names):
        if dice is not None and name in dice:
            values = _of_patients(dice[name], name, part)
            spread = np.linspace(-_SPREAD, _SPREAD, len(values)) if len(values) > 1 else np.zeros(len(values))
            marks.append(Points(numbers(i + spread), numbers(values), Ink(GREY, alpha=0.55), size=2.4))
        row = rows[rows["segmenter"].astype(str) == name]
        place = numbers(np.full(len(row), i + 0.25))
        limits = {"y_lo": numbers(row["dice_lo"]), "y_hi": numbers(row["dice_hi"])}
        hover = tuple(f"{r.dice:.3f} [{r.dice_lo:.3f}, {r.dice_hi:.3f}]" for r in row.itertuples())
        marks.append(Points(place, numbers(row["dice"]), colors[name], size=6.0, hover=hover, **limits))
    return tuple(marks)


def _of_patients(slices: pd.DataFrame, name: str, part: str) -> pd.Series:
    """Each patient's Dice over all of its slices, by key; patients with nothing in outline and mask are left out."""
    columns = ["patient_key", "part", "dice", "outline_area_px", "predicted_area_px"]
    slices = require(slices, columns, f"{name}'s Dice per slice")
    slices = slices[slices["part"] == part]
    areas = slices["outline_area_px"] + slices["predicted_area_px"]
    overlaps = slices["dice"].fillna(0.0) * areas  # twice the overlap
    sums = pd.DataFrame({"overlap": overlaps, "area": areas}).groupby(slices["patient_key"], sort=True).sum()
    return (sums["overlap"] / sums["area"]).dropna()
