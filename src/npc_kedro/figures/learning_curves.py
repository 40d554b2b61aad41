"""Learning curves of the sixteen classifiers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from npc_kedro.figures.canvas import Axis, Figure, Line, Panel, epoch_axis, numbers
from npc_kedro.figures.palette import inks, label
from npc_kedro.figures.tables import arms_in, networks_in, require, units_in

_USUAL, _BEYOND_USUAL = 0.95, 2.0
"""The share of a figure's losses that are usual, and how many times the highest of these its axis reaches at most."""


@dataclass(frozen=True)
class _Measure:
    """What a row of panels shows: its name, the history's columns, whether it is a share between 0 and 1."""

    name: str
    train: str
    validation: str
    share: bool


_LOSS = _Measure("Loss", "train_loss", "validation_loss", share=False)
_MEASURES = (
    _LOSS,
    _Measure("Accuracy", "train_accuracy", "validation_accuracy", share=True),
    _Measure("AUC, patients", "", "validation_auc", share=True),
)


def learning_curves(histories: Mapping[tuple[str, str, str], pd.DataFrame], *, simulated: bool) -> Figure:
    """Small multiples: a column for each arm and unit, a row for loss, accuracy and AUC, four networks in each panel.

    Args:
        histories: keyed (arm, network, unit), e.g. ("CCRT", "resnet50", "image"); tables with ``epoch``,
            ``train_loss``, ``validation_loss``, ``train_accuracy``, ``validation_accuracy``, ``validation_auc``.
        simulated: whether the cohort is simulated.
    """
    keyed = {tuple(str(getattr(part, "value", part)) for part in key): frame for key, frame in histories.items()}
    columns = [(a, u) for a in arms_in(k[0] for k in keyed) for u in units_in(k[2] for k in keyed)]
    columns = [(arm, unit) for arm, unit in columns if any(k[0] == arm and k[2] == unit for k in keyed)]
    networks = networks_in(key[1] for key in keyed)
    needed = ["epoch", *(column for m in _MEASURES for column in (m.train, m.validation) if column)]
    for key, history in keyed.items():
        require(history, needed, f"the history of {', '.join(key)}")
    panels = []
    for row, measure in enumerate(_MEASURES):
        limits = _limits(keyed, measure)
        for col, (arm, unit) in enumerate(columns):
            own = {network: keyed[(arm, network, unit)] for network in networks if (arm, network, unit) in keyed}
            panel = _panel(own, networks, measure, (row, col), limits)
            panels.append(replace(panel, title=f"{arm}, {label(unit)}") if row == 0 else panel)
    return Figure(
        name="learning_curves",
        title="Learning curves of the classifiers",
        panels=tuple(panels),
        caption="Solid with markers: inner validation patients. Thin dotted: training patients. Accuracy is counted "
        "per "
        "image at image level and per patient at patient level; the AUC is that of patients' mean probabilities. "
        f"The test cohort takes no part.{_said_of_losses_beyond(keyed)}",
        simulated=simulated,
        height_in=4.9,
        shared_legend=True,
    )


def _limits(histories: Mapping[tuple, pd.DataFrame], measure: _Measure) -> tuple[float, float]:
    """One scale along a row, so that arms and units compare: 0 to 1 for shares, from 0 to the highest for a loss.

    A few losses far above all others do not flatten these: they leave the panel.
    """
    if measure.share:
        return (0.0, 1.02)
    losses = _losses(histories)
    highest = min(float(losses.max()), _BEYOND_USUAL * float(losses.quantile(_USUAL)))
    return (0.0, 1.05 * highest if highest > 0 else 1.0)


def _losses(histories: Mapping[tuple, pd.DataFrame]) -> pd.Series:
    columns = (_LOSS.train, _LOSS.validation)
    return pd.concat([history[column] for history in histories.values() for column in columns])


def _said_of_losses_beyond(histories: Mapping[tuple, pd.DataFrame]) -> str:
    losses = _losses(histories)
    beyond = int((losses > _limits(histories, _LOSS)[1]).sum())
    return f" Beyond the axis: {beyond} of {len(losses)} losses, up to {losses.max():.1f}." if beyond else ""


def _panel(
    histories: Mapping[str, pd.DataFrame],
    networks: list[str],
    measure: _Measure,
    place: tuple[int, int],
    limits: tuple[float, float],
) -> Panel:
    colors, marks, longest = inks(networks), [], (1.0,)
    for network, history in histories.items():
        ink = replace(colors[network], dash="solid", width=1.1)
        epochs = numbers(history["epoch"])
        longest = max(longest, epochs, key=len)
        if measure.train:
            thin = replace(ink, dash="dot", marker="", width=0.8)
            marks.append(Line(epochs, numbers(history[measure.train]), thin))
        marks.append(Line(epochs, numbers(history[measure.validation]), ink, label(network)))
    row, col = place
    return Panel(
        row=row,
        col=col,
        marks=tuple(marks),
        x=epoch_axis(longest, label="Epoch" if row == len(_MEASURES) - 1 else ""),
        y=Axis(measure.name if col == 0 else "", limits),
    )
