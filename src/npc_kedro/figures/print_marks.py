"""How Matplotlib draws each kind of mark of a figure description."""

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np

from npc_kedro.figures import canvas
from npc_kedro.figures.palette import scale_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DASHES = {"solid": "-", "dash": (0, (4.5, 1.6)), "dot": (0, (1.2, 1.2)), "dashdot": (0, (5, 1.4, 1.2, 1.4))}
MARKERS = {"": "", "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "X", "star": "*"}
BAND_ALPHA = 0.07
_FILL_ALPHA = 0.09
_CURVE_POINTS = 40


def draw(axes: "Axes", mark: canvas.Mark) -> None:
    """Draws one mark into ``axes``."""
    _draw(mark, axes)


@singledispatch
def _draw(mark: object, axes: "Axes") -> None:
    msg = f"{type(mark).__name__} is not a mark that the print renderer knows; add it to print_marks."
    raise TypeError(msg)


@_draw.register(canvas.Line)
def _line(mark: canvas.Line, axes: "Axes") -> None:
    ink = mark.ink
    axes.plot(
        mark.x,
        mark.y,
        color=ink.color,
        linestyle=DASHES[ink.dash],
        linewidth=ink.width,
        alpha=ink.alpha,
        marker=MARKERS[ink.marker],
        markersize=3.2,
        markeredgewidth=0,
        label=mark.label or None,
        solid_joinstyle="round",
    )


@_draw.register(canvas.Band)
def _band(mark: canvas.Band, axes: "Axes") -> None:
    color = mark.ink.color
    axes.fill_between(mark.x, mark.lo, mark.hi, color=color, alpha=BAND_ALPHA, linewidth=0, label=mark.label or None)
    for edge in (mark.lo, mark.hi):
        axes.fill_between(mark.x, edge, edge, color=color, alpha=0.45, linewidth=0.5, linestyle=DASHES[mark.ink.dash])


@_draw.register(canvas.Points)
def _points(mark: canvas.Points, axes: "Axes") -> None:
    style = {"color": mark.ink.color, "alpha": mark.ink.alpha}
    axes.errorbar(
        mark.x,
        mark.y,
        xerr=_reach(mark.x, mark.x_lo, mark.x_hi),
        yerr=_reach(mark.y, mark.y_lo, mark.y_hi),
        linestyle="none",
        marker=MARKERS[mark.ink.marker or "circle"],
        markersize=mark.size,
        markeredgewidth=0,
        elinewidth=mark.ink.width,
        label=mark.label or None,
        **style,
    )


def _reach(middle: tuple, lo: tuple, hi: tuple) -> np.ndarray | None:
    """Distances from the point to the ends of its error bar. A bar that does not hold its point starts at the point."""
    if not (lo and hi):
        return None
    middle_, lo_, hi_ = np.asarray(middle), np.asarray(lo), np.asarray(hi)
    return np.clip(np.stack([middle_ - lo_, hi_ - middle_]), 0.0, None)


@_draw.register(canvas.Bars)
def _bars(mark: canvas.Bars, axes: "Axes") -> None:
    axes.bar(
        mark.x,
        mark.height,
        width=mark.width,
        color=mark.ink.color,
        alpha=mark.ink.alpha,
        linewidth=0,
        label=mark.label or None,
    )


@_draw.register(canvas.Heatmap)
def _heatmap(mark: canvas.Heatmap, axes: "Axes") -> None:
    values = np.asarray(mark.values, dtype=float)
    colors = scale_colors(values, mark.scale)
    axes.imshow(colors, aspect="auto", interpolation="nearest")
    for row, words in enumerate(mark.text):
        for col, word in enumerate(words):
            dark = colors[row, col] @ np.array([0.299, 0.587, 0.114]) < 140
            axes.text(col, row, word, ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(mark.x_labels)), mark.x_labels)
    axes.set_yticks(range(len(mark.y_labels)), mark.y_labels)
    axes.tick_params(length=0)


@_draw.register(canvas.Picture)
def _picture(mark: canvas.Picture, axes: "Axes") -> None:
    axes.imshow(mark.pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


@_draw.register(canvas.Ribbon)
def _ribbon(mark: canvas.Ribbon, axes: "Axes") -> None:
    x, lo, hi = ribbon_curve(mark)
    axes.fill_between(x, lo, hi, color=mark.ink.color, alpha=mark.ink.alpha, linewidth=0.4, edgecolor="white")


def ribbon_curve(mark: canvas.Ribbon) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(x, lower, upper edge) of a ribbon: level at both ends, smooth between (3 t^2 - 2 t^3)."""
    t = np.linspace(0.0, 1.0, _CURVE_POINTS)
    ease = t * t * (3.0 - 2.0 * t)
    x = mark.x0 + (mark.x1 - mark.x0) * t
    return x, mark.lo0 + (mark.lo1 - mark.lo0) * ease, mark.hi0 + (mark.hi1 - mark.hi0) * ease


@_draw.register(canvas.Box)
def _box(mark: canvas.Box, axes: "Axes") -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    size = (mark.x_hi - mark.x_lo, mark.y_hi - mark.y_lo)
    axes.add_patch(
        Rectangle(
            (mark.x_lo, mark.y_lo),
            *size,
            facecolor=to_rgba(mark.ink.color, _FILL_ALPHA if mark.text else mark.ink.alpha),
            edgecolor=mark.ink.color,
            linewidth=mark.ink.width,
            linestyle=DASHES[mark.ink.dash],
        )
    )
    if not mark.text:
        return
    heading, _, rest = mark.text.partition("\n") if mark.heading else ("", "", mark.text)
    x = mark.x_lo + 0.08 if mark.align == "left" else (mark.x_lo + mark.x_hi) / 2
    middle = (mark.y_lo + mark.y_hi) / 2
    style = {"ha": mark.align, "va": "center", "fontsize": 6.5, "linespacing": 1.25}
    lines = mark.text.count("\n") + 1
    # Two texts of one block: each is padded with the other's empty lines, so that their baselines stay on one rhythm.
    if heading:
        axes.text(x, middle, heading + "\n" * (lines - 1), fontweight="bold", **style)
        axes.text(x, middle, "\n" + rest, **style)
    else:
        axes.text(x, middle, rest, **style)


@_draw.register(canvas.Arrow)
def _arrow(mark: canvas.Arrow, axes: "Axes") -> None:
    style = {"arrowstyle": "-|>", "color": mark.ink.color, "linewidth": mark.ink.width, "mutation_scale": 8}
    axes.annotate("", (mark.x1, mark.y1), (mark.x0, mark.y0), arrowprops={**style, "shrinkA": 0, "shrinkB": 0})


@_draw.register(canvas.Note)
def _note(mark: canvas.Note, axes: "Axes") -> None:
    from matplotlib import patheffects

    axes.text(
        mark.x,
        mark.y,
        mark.text,
        ha=mark.align,
        va="center",
        fontsize=mark.size,
        fontweight="bold" if mark.bold else "normal",
        path_effects=[patheffects.withStroke(linewidth=1.6, foreground="white", alpha=0.85)],
        linespacing=1.2,
        clip_on=False,
    )
