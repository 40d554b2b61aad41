"""How Plotly draws each kind of mark of a figure description."""

import base64
import html
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import singledispatch

import numpy as np

from npc_kedro.figures import canvas
from npc_kedro.figures.palette import SCALES
from npc_kedro.figures.print_marks import BAND_ALPHA, ribbon_curve

DASHES = {"solid": "solid", "dash": "dash", "dot": "dot", "dashdot": "dashdot"}
MARKERS = {
    "": "circle",
    "circle": "circle",
    "square": "square",
    "triangle": "triangle-up",
    "diamond": "diamond",
    "cross": "x",
    "star": "star",
}
_EMPTY = [None]
"""Data of a mark without points: plotly.js drops an empty trace and its legend entry, but keeps a gap's."""
_BOX_ALPHA = 0.09
_SCREEN_POINT = 1.65
"""Screen pixels for a point of type on paper."""


@dataclass
class Sheet:
    """The parts of a Plotly figure while it is drawn; Plotly checks them once, when all are there."""

    traces: list[dict] = field(default_factory=list)
    annotations: list[dict] = field(default_factory=list)
    shapes: list[dict] = field(default_factory=list)
    layout: dict = field(default_factory=dict)


@dataclass
class _Pen:
    """Where marks go: a sheet, the suffix of the panel's axes, the legend (None: none), the labels in it."""

    sheet: Sheet
    suffix: str
    legend: str | None
    shown: set[str]

    def trace(self, kind: str, **settings: object) -> None:
        axes = {"xaxis": f"x{self.suffix}", "yaxis": f"y{self.suffix}"}
        self.sheet.traces.append({"type": kind, **settings, **axes})

    def annotation(self, **settings: object) -> None:
        self.sheet.annotations.append({**settings, **self.refs()})

    def refs(self) -> dict[str, str]:
        return {"xref": f"x{self.suffix}", "yref": f"y{self.suffix}"}

    def entry(self, label: str) -> dict:
        """Legend settings of a trace: each label enters a legend once and switches all its traces."""
        if not label or self.legend is None:
            return {"showlegend": False, "name": label}
        first = label not in self.shown
        self.shown.add(label)
        return {"showlegend": first, "name": label, "legendgroup": f"{self.legend} {label}", "legend": self.legend}


def draw_all(sheet: Sheet, marks: Iterable[canvas.Mark], *, suffix: str, legend: str | None, shown: set[str]) -> None:
    """Adds the marks to the axes ``x<suffix>``, ``y<suffix>``; ``shown`` collects the labels already in the legend."""
    pen = _Pen(sheet, suffix, legend, shown)
    for mark in marks:
        _draw(mark, pen)


@singledispatch
def _draw(mark: object, pen: _Pen) -> None:
    msg = f"{type(mark).__name__} is not a mark that the screen renderer knows; add it to screen_marks."
    raise TypeError(msg)


@_draw.register(canvas.Line)
def _line(mark: canvas.Line, pen: _Pen) -> None:
    ink = mark.ink
    pen.trace(
        "scatter",
        x=_plain(mark.x) or _EMPTY,
        y=_plain(mark.y) or _EMPTY,
        mode="lines+markers" if ink.marker else "lines",
        line={"color": ink.color, "dash": DASHES[ink.dash], "width": ink.width * 1.4},
        marker={"symbol": MARKERS[ink.marker], "size": 6},
        opacity=ink.alpha,
        **pen.entry(mark.label),
    )


@_draw.register(canvas.Band)
def _band(mark: canvas.Band, pen: _Pen) -> None:
    _area(pen, (*mark.x, *mark.x[::-1]), (*mark.lo, *mark.hi[::-1]), fill=_tint(mark.ink.color, BAND_ALPHA), mark=mark)


def _area(pen: _Pen, x: Iterable[float], y: Iterable[float], *, fill: str, mark: canvas.Band | canvas.Ribbon) -> None:
    hover = getattr(mark, "hover", "")
    pen.trace(
        "scatter",
        x=_plain(x),
        y=_plain(y),
        mode="lines",
        fill="toself",
        fillcolor=fill,
        line={"width": 0.5, "color": _tint(mark.ink.color, 0.5), "dash": DASHES[mark.ink.dash]},
        **({"hoveron": "fills", "hoverinfo": "text", "text": html.escape(hover)} if hover else {"hoverinfo": "skip"}),
        **pen.entry(getattr(mark, "label", "")),
    )


@_draw.register(canvas.Points)
def _points(mark: canvas.Points, pen: _Pen) -> None:
    ink = mark.ink
    bar = {"color": ink.color, "thickness": ink.width * 1.3, "width": 0}
    pen.trace(
        "scatter",
        x=_plain(mark.x) or _EMPTY,
        y=_plain(mark.y) or _EMPTY,
        mode="markers",
        marker={"symbol": MARKERS[ink.marker], "color": ink.color, "size": mark.size * 1.6, "opacity": ink.alpha},
        error_x={**bar, **_reach(mark.x, mark.x_lo, mark.x_hi)},
        error_y={**bar, **_reach(mark.y, mark.y_lo, mark.y_hi)},
        **({"text": [html.escape(text) for text in mark.hover], "hoverinfo": "text"} if mark.hover else {}),
        **pen.entry(mark.label),
    )


def _reach(middle: tuple, lo: tuple, hi: tuple) -> dict:
    if not (lo and hi):
        return {"visible": False}
    up = [max(0.0, high - value) for value, high in zip(middle, hi, strict=True)]
    down = [max(0.0, value - low) for value, low in zip(middle, lo, strict=True)]
    return {"type": "data", "symmetric": False, "array": _plain(up), "arrayminus": _plain(down)}


@_draw.register(canvas.Bars)
def _bars(mark: canvas.Bars, pen: _Pen) -> None:
    pen.trace(
        "bar",
        x=_plain(mark.x),
        y=_plain(mark.height),
        width=mark.width,
        marker={"color": mark.ink.color, "opacity": mark.ink.alpha, "line": {"width": 0}},
        **pen.entry(mark.label),
    )


@_draw.register(canvas.Heatmap)
def _heatmap(mark: canvas.Heatmap, pen: _Pen) -> None:
    colors = SCALES[mark.scale]
    text = {"text": [[markup(word) for word in row] for row in mark.text]}
    pen.trace(
        "heatmap",
        z=[_plain(row) for row in mark.values],
        zmin=0.0,
        zmax=1.0,
        colorscale=[[i / (len(colors) - 1), color] for i, color in enumerate(colors)],
        showscale=False,
        hoverinfo="text" if mark.text else "skip",
        **({**text, "texttemplate": "%{text}"} if mark.text else {}),
    )


@_draw.register(canvas.Picture)
def _picture(mark: canvas.Picture, pen: _Pen) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(mark.pixels).convert("RGB").save(buffer, format="png", optimize=True)
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    pen.trace("image", source=source, hoverinfo="skip")


@_draw.register(canvas.Ribbon)
def _ribbon(mark: canvas.Ribbon, pen: _Pen) -> None:
    x, lo, hi = ribbon_curve(mark)
    fill = _tint(mark.ink.color, mark.ink.alpha)
    _area(pen, (*x, *x[::-1]), (*lo, *hi[::-1]), fill=fill, mark=mark)


@_draw.register(canvas.Box)
def _box(mark: canvas.Box, pen: _Pen) -> None:
    shape = {
        "type": "rect",
        **{"x0": mark.x_lo, "x1": mark.x_hi, "y0": mark.y_lo, "y1": mark.y_hi},
        "line": {"color": mark.ink.color, "width": mark.ink.width * 1.3, "dash": DASHES[mark.ink.dash]},
        "fillcolor": _tint(mark.ink.color, _BOX_ALPHA if mark.text else mark.ink.alpha),
        "layer": "above",
        **pen.refs(),
    }
    pen.sheet.shapes.append(shape)
    if not mark.text:
        return
    # plotly.js draws no axes without a trace: each box is also a point that cannot be seen, with its words to hover.
    pen.trace(
        "scatter",
        x=[(mark.x_lo + mark.x_hi) / 2],
        y=[(mark.y_lo + mark.y_hi) / 2],
        mode="markers",
        opacity=0.0,
        text=markup(mark.text),
        hoverinfo="text",
        showlegend=False,
    )
    lines = [html.escape(line) for line in mark.text.split("\n")]
    if mark.heading:
        lines[0] = f"<b>{lines[0]}</b>"
    left = mark.align == "left"
    pen.annotation(
        x=mark.x_lo + 0.08 if left else (mark.x_lo + mark.x_hi) / 2,
        y=(mark.y_lo + mark.y_hi) / 2,
        xanchor="left" if left else "center",
        yanchor="middle",
        text="<br>".join(lines),
        align=mark.align,
        showarrow=False,
        font={"size": 6.5 * _SCREEN_POINT},
    )


@_draw.register(canvas.Arrow)
def _arrow(mark: canvas.Arrow, pen: _Pen) -> None:
    refs = pen.refs()
    pen.annotation(
        x=mark.x1,
        y=mark.y1,
        ax=mark.x0,
        ay=mark.y0,
        axref=refs["xref"],
        ayref=refs["yref"],
        text="",
        showarrow=True,
        arrowhead=2,
        arrowsize=1.2,
        arrowwidth=mark.ink.width * 1.3,
        arrowcolor=mark.ink.color,
    )


@_draw.register(canvas.Note)
def _note(mark: canvas.Note, pen: _Pen) -> None:
    text = markup(mark.text)
    pen.annotation(
        x=mark.x,
        y=mark.y,
        text=f"<b>{text}</b>" if mark.bold else text,
        xanchor=mark.align,
        yanchor="middle",
        align=mark.align,
        showarrow=False,
        font={"size": mark.size * _SCREEN_POINT, "shadow": "auto"},
    )


def markup(text: str) -> str:
    """Words as Plotly takes them: a subset of HTML."""
    return html.escape(text).replace("\n", "<br>")


def _plain(values: Iterable[float] | np.ndarray) -> list[float | None]:
    """Lists of Python numbers, None for a gap: JSON that every plotly.js reads, without binary blocks."""
    return [None if math.isnan(value) else float(value) for value in values]


def _tint(color: str, alpha: float) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
