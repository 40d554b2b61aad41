"""Draws a figure description with Plotly: the interactive twin of the printed figure.

Two decisions serve Kedro-Viz, which lays its own theme over a Plotly figure (plotly.js 2.35; light or dark, margins of
64 px above and 72 px below, height of the window): no text has a colour of its own unless it reads on both themes, and
header and footer are placed in pixels from the panels, within those margins.
"""

import html
import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from npc_kedro.figures import screen_marks
from npc_kedro.figures.canvas import Axis, Figure, Heatmap, Panel, Picture
from npc_kedro.figures.palette import VERMILLION
from npc_kedro.figures.screen_marks import Sheet
from npc_kedro.study import RESEARCH_USE

if TYPE_CHECKING:
    import plotly.graph_objects as go

PX_PER_INCH = 118
"""The screen is drawn larger than paper, for type that stays readable at its usual size."""

MARGIN = {"l": 72, "r": 40, "t": 64, "b": 72}
_WIDTH = 1000
_GRID = "rgba(128,128,128,0.25)"
_FONT, _TITLE, _ALERT, _CAPTION, _SMALL = 11, 15, 13, 11, 9
_AXIS_PX, _TICKS_PX, _PANEL_TITLE_PX, _LEGEND_PX, _LINE_PX = 44, 26, 20, 21, 15
_LETTER_PX, _ENTRY_PX = 6.2, 52
_LETTERS_PER_LINE = 185


@dataclass(frozen=True)
class _Stack:
    """What lies below the panels, as heights in px over the paper's lower edge; negative is in the margin."""

    small: float
    caption: float
    legend: float
    panels: float


def draw(figure: Figure) -> "go.Figure":
    """The figure as a Plotly figure. Its width follows the page; every colour of text follows the page's theme."""
    import plotly.graph_objects as go

    captions = textwrap.wrap(figure.caption, _LETTERS_PER_LINE)
    legend_lines = _legend_lines(figure)
    axes_shown = any(panel.x.visible for panel in figure.panels)
    stack = _stack(len(captions), legend_lines, _AXIS_PX if axes_shown else 6.0)
    inner = stack.panels + figure.height_in * PX_PER_INCH
    sheet = Sheet()
    sheet.layout.update(
        height=round(inner + MARGIN["t"] + MARGIN["b"]),
        margin=MARGIN,
        font={"size": _FONT, "family": "Helvetica, Arial, sans-serif"},
        paper_bgcolor="white",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        barmode="overlay",
        showlegend=True,
        legend=_bottom_legend(stack.legend / inner),
        meta={"name": figure.name, "simulated": figure.simulated, "alerts": list(figure.alerts)},
    )
    shown: set[str] = set()
    for number, panel in enumerate(figure.panels, start=1):
        _draw_panel(sheet, panel, number, _domain(figure, panel, stack.panels / inner, inner), figure, shown)
    _write_around(sheet, figure, captions, stack)
    layout = {**sheet.layout, "annotations": sheet.annotations, "shapes": sheet.shapes}
    # An empty template: Plotly's own would bring a look, and kilobytes, of its own.
    return go.Figure(data=sheet.traces, layout={**layout, "template": go.layout.Template()})


def _stack(captions: int, legend_lines: int, axis_px: float) -> _Stack:
    small = 6.0 - MARGIN["b"]
    caption = small + _LINE_PX
    legend = caption + _LINE_PX * captions + 4
    return _Stack(small, caption, legend, max(0.0, legend + _LEGEND_PX * legend_lines + axis_px))


def _legend_lines(figure: Figure) -> int:
    if not figure.shared_legend:
        return 0
    words = {mark.label for panel in figure.panels for mark in panel.marks if getattr(mark, "label", "")}
    widest = _ENTRY_PX + _LETTER_PX * max((len(word) for word in words), default=0)
    return math.ceil(len(words) / max(1, int((_WIDTH - MARGIN["l"] - MARGIN["r"]) / widest)))


def _bottom_legend(y: float) -> dict:
    return {
        "orientation": "h",
        "x": 0.5,
        "xanchor": "center",
        "y": y,
        "yanchor": "bottom",
        "font": {"size": _FONT},
        "bgcolor": "rgba(0,0,0,0)",
        "tracegroupgap": 0,
    }


def _domain(figure: Figure, panel: Panel, bottom: float, inner: float) -> dict[str, list[float]]:
    """The panel's place as fractions of the paper, gaps wide enough for tick labels, axis labels and titles."""
    bare = bool(figure.marks(Picture)) or not any(p.x.visible or p.y.visible for p in figure.panels)
    labelled = any(p.y.label for p in figure.panels if p.col > 0)
    width = _WIDTH - MARGIN["l"] - MARGIN["r"]
    gap_x = (14 if bare else 62 if labelled else 44) / width
    lead = max(0.0, _widest_tick(figure) - MARGIN["l"]) / width
    inner_titles = any(p.title for p in figure.panels if p.row > 0)
    inner_labels = any(p.x.label for p in figure.panels if p.row + p.row_span < figure.rows)
    gap_y = _PANEL_TITLE_PX * inner_titles + (0 if bare else _AXIS_PX if inner_labels else _TICKS_PX) + 4
    gap_y /= inner
    x = _spans(figure.cols, figure.column_widths, 1.0, gap_x)
    down = _spans(figure.rows, figure.row_heights, 1.0 - bottom, gap_y)
    last_row, last_col = panel.row + panel.row_span - 1, panel.col + panel.col_span - 1
    x = [(lead + (1.0 - lead) * start, lead + (1.0 - lead) * end) for start, end in x]
    return {"x": [x[panel.col][0], x[last_col][1]], "y": [1.0 - down[last_row][1], 1.0 - down[panel.row][0]]}


def _widest_tick(figure: Figure) -> float:
    """Width in px of the longest words on the left edge: an axis of words needs more room than the margin."""
    words = [word for p in figure.panels if p.col == 0 for _, word in p.y.ticks or ()]
    return 18 + _LETTER_PX * max((len(word) for word in words), default=0)


def _spans(count: int, ratios: tuple[float, ...], total: float, gap: float) -> list[tuple[float, float]]:
    """``count`` stretches of 0..total with ``gap`` between them, in the given ratios."""
    ratios = ratios or (1.0,) * count
    unit = (total - gap * (count - 1)) / sum(ratios)
    spans, start = [], 0.0
    for ratio in ratios:
        spans.append((start, min(total, start + ratio * unit)))
        start += ratio * unit + gap
    return spans


def _draw_panel(sheet: Sheet, panel: Panel, number: int, domain: dict, figure: Figure, shown: set[str]) -> None:
    suffix = "" if number == 1 else str(number)
    legend = "legend"
    if not figure.shared_legend and panel.legend:
        legend = "legend" + suffix
        sheet.layout[legend] = _corner_legend(panel.legend, domain)
        shown.clear()
    in_legend = figure.shared_legend or bool(panel.legend)
    screen_marks.draw_all(sheet, panel.marks, suffix=suffix, legend=legend if in_legend else None, shown=shown)
    x, y = _axis(panel.x, domain["x"]), _axis(panel.y, domain["y"])
    _fit_cells(panel, x, y)
    if panel.equal:
        y.update(scaleanchor=f"x{suffix}", constrain="domain")
        x.update(constrain="domain")
    sheet.layout[f"xaxis{suffix}"] = {**x, "anchor": f"y{suffix}"}
    sheet.layout[f"yaxis{suffix}"] = {**y, "anchor": f"x{suffix}"}
    if panel.title:
        middle = panel.equal
        _annotate(
            sheet,
            text=screen_marks.markup(panel.title),
            x=sum(domain["x"]) / 2 if middle else domain["x"][0],
            y=domain["y"][1],
            xanchor="center" if middle else "left",
            yshift=1,
            **_on_paper("bottom", _FONT + 1),
        )


def _axis(axis: Axis, domain: list[float]) -> dict:
    settings: dict = {
        "domain": domain,
        "visible": axis.visible,
        "title": {"text": screen_marks.markup(axis.label), "font": {"size": _FONT + 1}, "standoff": 6},
        "showgrid": axis.grid,
        "gridcolor": _GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": "rgba(128,128,128,0.8)",
        "ticks": "outside",
        "ticklen": 4,
        "tickfont": {"size": _FONT},
    }
    if axis.limits is not None:
        settings["range"] = list(axis.limits)
    if axis.ticks is not None:
        settings["tickmode"] = "array"
        settings["tickvals"] = [place for place, _ in axis.ticks]
        settings["ticktext"] = [screen_marks.markup(word) for _, word in axis.ticks]
    return settings


def _fit_cells(panel: Panel, x: dict, y: dict) -> None:
    """Axes of images and heatmaps: the first row on top, limits at the outer edges, a heatmap's own tick labels."""
    for mark in panel.marks:
        if isinstance(mark, Picture):
            height, width = mark.pixels.shape[:2]
        elif isinstance(mark, Heatmap):
            height, width = len(mark.values), len(mark.values[0])
        else:
            continue
        x.setdefault("range", [-0.5, width - 0.5])
        y.setdefault("range", [height - 0.5, -0.5])
        if isinstance(mark, Heatmap):
            for axis, labels in ((x, mark.x_labels), (y, mark.y_labels)):
                ticks = {"tickmode": "array", "tickvals": list(range(len(labels))), "ticktext": list(labels)}
                axis.update({name: value for name, value in ticks.items() if name not in axis})


def _corner_legend(corner: str, domain: dict) -> dict:
    vertical, horizontal = corner.split()
    right, upper = horizontal == "right", vertical == "upper"
    return {
        "orientation": "v",
        "x": domain["x"][1] if right else domain["x"][0] + 0.005,
        "xanchor": "right" if right else "left",
        "y": domain["y"][1] if upper else domain["y"][0] + 0.005,
        "yanchor": "top" if upper else "bottom",
        "font": {"size": _FONT - 1},
        "bgcolor": "rgba(0,0,0,0)",
        "tracegroupgap": 0,
    }


def _write_around(sheet: Sheet, figure: Figure, captions: list[str], stack: _Stack) -> None:
    left = {"x": 0.0, "xanchor": "left", "xshift": 12 - MARGIN["l"], "align": "left"}
    title = f"<b>{html.escape(figure.title)}</b>"
    _annotate(sheet, text=title, y=1.0, yshift=_PANEL_TITLE_PX + 17, **left, **_on_paper("bottom", _TITLE))
    if figure.alerts:
        alerts = f"<b>{html.escape('  |  '.join(figure.alerts))}</b>"
        style = _on_paper("bottom", _ALERT)
        style["font"] = {**style["font"], "color": VERMILLION}
        _annotate(sheet, text=alerts, y=1.0, yshift=_PANEL_TITLE_PX - 1, **left, **style)
    caption = "<br>".join(html.escape(line) for line in captions)
    _annotate(sheet, text=caption, y=0.0, yshift=stack.caption, **left, **_on_paper("bottom", _CAPTION))
    _annotate(sheet, text=RESEARCH_USE, y=0.0, yshift=stack.small, **left, **_on_paper("bottom", _SMALL))


def _annotate(sheet: Sheet, **settings: object) -> None:
    sheet.annotations.append(settings)


def _on_paper(yanchor: str, size: float) -> dict:
    return {"xref": "paper", "yref": "paper", "yanchor": yanchor, "showarrow": False, "font": {"size": size}}
