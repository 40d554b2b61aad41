"""What a figure says, before anybody draws it: panels, marks, axes, caption and the warnings that it must carry.

A description holds plain numbers and words only. Two renderers draw it, :mod:`npc_kedro.figures.print` (PNG) and
:mod:`npc_kedro.figures.screen` (Plotly), so that the two never tell different stories.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from npc_kedro.study import SIMULATED_MARK

Dash = Literal["solid", "dash", "dot", "dashdot"]
Marker = Literal["", "circle", "square", "triangle", "diamond", "cross", "star"]
Corner = Literal["", "lower right", "lower left", "upper right", "upper left"]
Scale = Literal["blue", "heat"]

GAP = float("nan")
"""A coordinate that lifts the pen: a line breaks there."""


@dataclass(frozen=True)
class Ink:
    """How a mark looks. Colour never carries meaning alone: dash and marker repeat it, for print in grey."""

    color: str
    dash: Dash = "solid"
    marker: Marker = ""
    width: float = 1.3
    alpha: float = 1.0


@dataclass(frozen=True)
class Line:
    """Points joined in the order given; :data:`GAP` breaks the line. ``label`` enters the legend when not empty."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    ink: Ink
    label: str = ""

    def __post_init__(self) -> None:
        _same_length("Line", x=self.x, y=self.y)


@dataclass(frozen=True)
class Band:
    """The area between ``lo`` and ``hi`` over ``x``, in the ink's colour, translucent."""

    x: tuple[float, ...]
    lo: tuple[float, ...]
    hi: tuple[float, ...]
    ink: Ink
    label: str = ""

    def __post_init__(self) -> None:
        _same_length("Band", x=self.x, lo=self.lo, hi=self.hi)


@dataclass(frozen=True)
class Points:
    """Markers, with error bars where ``*_lo`` / ``*_hi`` are given (the bars' ends, in data units)."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    ink: Ink
    label: str = ""
    x_lo: tuple[float, ...] = ()
    x_hi: tuple[float, ...] = ()
    y_lo: tuple[float, ...] = ()
    y_hi: tuple[float, ...] = ()
    size: float = 4.5
    hover: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _same_length("Points", x=self.x, y=self.y)
        for name in ("x_lo", "x_hi", "y_lo", "y_hi", "hover"):
            if getattr(self, name):
                _same_length("Points", x=self.x, **{name: getattr(self, name)})


@dataclass(frozen=True)
class Bars:
    """Vertical bars from zero, centred on ``x``, all ``width`` wide in data units."""

    x: tuple[float, ...]
    height: tuple[float, ...]
    width: float
    ink: Ink
    label: str = ""

    def __post_init__(self) -> None:
        _same_length("Bars", x=self.x, height=self.height)


@dataclass(frozen=True)
class Heatmap:
    """Cells of ``values`` in [0, 1], first row on top; ``text`` is written in the cells when given."""

    values: tuple[tuple[float, ...], ...]
    x_labels: tuple[str, ...] = ()
    y_labels: tuple[str, ...] = ()
    text: tuple[tuple[str, ...], ...] = ()
    scale: Scale = "blue"


@dataclass(frozen=True, eq=False)
class Picture:
    """An image, uint8 (h, w) grey or (h, w, 3) RGB; pixel centres on whole numbers, row 0 on top."""

    pixels: np.ndarray

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
            msg = f"Picture of {self.pixels.dtype} {shape}; expected uint8 (h, w) or (h, w, 3). Scale it first."
            raise ValueError(msg)


@dataclass(frozen=True)
class Ribbon:
    """A smooth band of a flow, from the edge (x0; lo0, hi0) to the edge (x1; lo1, hi1). ``value`` is what flows."""

    x0: float
    lo0: float
    hi0: float
    x1: float
    lo1: float
    hi1: float
    value: float
    ink: Ink
    hover: str = ""


@dataclass(frozen=True)
class Box:
    """A framed rectangle with text, in data units. The text's first line is bold when ``heading``."""

    x_lo: float
    x_hi: float
    y_lo: float
    y_hi: float
    ink: Ink
    text: str = ""
    align: Literal["left", "center"] = "center"
    heading: bool = False


@dataclass(frozen=True)
class Arrow:
    """A straight arrow from (x0, y0) to (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float
    ink: Ink


@dataclass(frozen=True)
class Note:
    """Words at a place in data units. ``size`` in points on paper; the screen adds half as much."""

    x: float
    y: float
    text: str
    align: Literal["left", "center", "right"] = "center"
    size: float = 6.5
    bold: bool = False


Mark = Line | Band | Points | Bars | Heatmap | Picture | Ribbon | Box | Arrow | Note


@dataclass(frozen=True)
class Axis:
    """One axis. ``limits`` may run downwards; ``ticks`` are (place, word) pairs, None leaves them to the renderer."""

    label: str = ""
    limits: tuple[float, float] | None = None
    ticks: tuple[tuple[float, str], ...] | None = None
    visible: bool = True
    grid: bool = True


HIDDEN = Axis(visible=False, grid=False)


@dataclass(frozen=True)
class Panel:
    """One pair of axes at a place in the grid. ``legend`` names the corner of the panel's own legend."""

    row: int
    col: int
    marks: tuple[Mark, ...]
    title: str = ""
    x: Axis = field(default_factory=Axis)
    y: Axis = field(default_factory=Axis)
    legend: Corner = ""
    equal: bool = False
    row_span: int = 1
    col_span: int = 1


@dataclass(frozen=True)
class Figure:
    """A whole figure. ``height_in`` is the panels' height; title, legend, caption and warnings are added around it.

    Args:
        name: file name without suffix.
        title: one line that says what is shown.
        panels: in reading order; rows and columns count from 0.
        caption: what a reader needs to read the figure: units, intervals, numbers of cases.
        simulated: whether the numbers come from the simulated cohort; its mark is then drawn.
        width_in: on paper; 7.1 in is a journal's double column.
        height_in: of the panels.
        row_heights: relative, empty for equal rows.
        column_widths: relative, empty for equal columns.
        shared_legend: one legend below the panels; labels that occur in several panels appear once.
        warnings: further lines drawn beside the simulated mark, e.g. that a profile is optimistic.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]
    caption: str
    simulated: bool
    width_in: float = 7.1
    height_in: float = 3.0
    row_heights: tuple[float, ...] = ()
    column_widths: tuple[float, ...] = ()
    shared_legend: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the grid of panels."""
        return max((panel.row + panel.row_span for panel in self.panels), default=1)

    @property
    def cols(self) -> int:
        """Columns of the grid of panels."""
        return max((panel.col + panel.col_span for panel in self.panels), default=1)

    @property
    def alerts(self) -> tuple[str, ...]:
        """What must stand out on every rendering: the simulated mark, then the warnings."""
        return ((SIMULATED_MARK,) if self.simulated else ()) + self.warnings

    def marks(self, kind: type) -> list:
        """Every mark of one kind, over all panels, in order."""
        return [mark for panel in self.panels for mark in panel.marks if isinstance(mark, kind)]


def epoch_axis(epochs: Sequence[float], *, label: str = "Epoch") -> Axis:
    """An axis for epochs: ticks on whole numbers only, at most seven of them."""
    first, last = int(min(epochs, default=0)), int(max(epochs, default=1))
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, last) if (last - first) / step <= 6)
    places = sorted(
        {first, *range(-(-first // step) * step, last + 1, step)} if step == 1 else range(0, last + 1, step)
    )
    pad = max(0.5, 0.04 * (last - first))
    return Axis(label, (first - pad, last + pad), tuple((float(p), str(p)) for p in places if p >= first))


def numbers(values: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """Plain floats from any column or array."""
    return tuple(float(value) for value in values)


def _same_length(what: str, **columns: Sequence) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        msg = f"{what} with columns of unequal lengths: {lengths}."
        raise ValueError(msg)
