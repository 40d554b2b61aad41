"""Dice by epoch of the segmenters, training and validation."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Line, Panel, epoch_axis, numbers
from npc_kedro.figures.palette import inks, label
from npc_kedro.figures.tables import require


def dice_by_epoch(histories: Mapping[str, pd.DataFrame], *, simulated: bool) -> Figure:
    """Dice against epoch, one colour per segmenter: validation patients solid with markers, training patients thin.

    Args:
        histories: for each segmenter its history table: ``epoch``, ``train_dice``, ``validation_dice``.
        simulated: whether the cohort is simulated.
    """
    colors = inks(histories)
    marks = []
    for name, history in histories.items():
        require(history, ["epoch", "train_dice", "validation_dice"], f"{name}'s history")
        epochs, ink = numbers(history["epoch"]), colors[name]
        thin = replace(ink, dash="dot", marker="", width=0.9)
        marks.append(
            Line(epochs, numbers(history["validation_dice"]), replace(ink, dash="solid"), f"{label(name)}, validation")
        )
        marks.append(Line(epochs, numbers(history["train_dice"]), thin, f"{label(name)}, training"))
    longest = numbers(pd.concat([history["epoch"] for history in histories.values()]))
    panel = Panel(
        row=0,
        col=0,
        marks=tuple(marks),
        x=epoch_axis(longest),
        y=Axis("Dice coefficient", (0.0, 1.0)),
        legend="lower right",
    )
    return Figure(
        name="dice_by_epoch",
        title="Dice of the two segmenters by epoch",
        panels=(panel,),
        caption="Mean Dice of primary tumour and nodes together. Training and validation patients are disjoint.",
        simulated=simulated,
        width_in=4.6,
        height_in=2.8,
    )
