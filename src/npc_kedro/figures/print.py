"""Draws a figure description with Matplotlib: a PNG fit for paper, the same bytes every time.

The page is laid out from fixed sizes in inches: header (title, warnings), panels, legend, footer (caption, research
use). No pyplot: no global state, no window system, safe in worker processes.
"""

import io
import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from npc_kedro.figures import print_marks
from npc_kedro.figures.canvas import Axis, Figure, Panel
from npc_kedro.figures.palette import VERMILLION
from npc_kedro.study import RESEARCH_USE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as MatplotlibFigure
    from PIL.Image import Image

MAX_BYTES = 500_000
DPIS = (300, 220, 160, 120, 90)
"""Resolutions tried in turn, until a file fits into :data:`MAX_BYTES`; 300 is what journals ask for."""

PALETTES = (None, 256, 64)
"""Numbers of colours tried at each resolution, None for all of them."""

_MARGIN_IN = 0.08
_TITLE_PT, _ALERT_PT, _CAPTION_PT, _SMALL_PT = 9.0, 8.0, 7.0, 5.5
_LINE = 1.35 / 72
"""Inches of height per point of type."""
_ENTRY_IN, _LETTER_IN, _LEGEND_LINE_IN = 0.42, 0.056, 0.16
"""Width of a legend entry without its words, of one letter, and height of a legend line."""

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "grid.color": "#E2E2E2",
    "grid.linewidth": 0.5,
    "text.parse_math": False,
}


def draw_png(figure: Figure, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The figure as PNG, at the finest of :data:`DPIS` whose file stays within ``max_bytes``.

    Full colours where they fit, else a palette, and only then fewer dots: letters suffer from that more. Equal
    descriptions give equal bytes: no date, no version of software. Title, warnings and caption are PNG text chunks too,
    so that what a figure is stays readable by machines.
    """
    from matplotlib import rc_context

    content = b""
    with rc_context(_settings()):
        for dpi in DPIS:
            image = _render(_settled(_compose(figure), dpi))
            for colors in PALETTES:
                content = _encode(_reduced(image, colors), figure, dpi)
                if len(content) <= max_bytes:
                    return content
    return content


def _settled(page: "MatplotlibFigure", dpi: int) -> "MatplotlibFigure":
    """The page with its panels' places found and rounded.

    The solver behind the layout orders its variables by their addresses in memory, so that the last bits of a place
    differ from call to call, and a picture resampled into it by a few grey values.
    """
    page.set_dpi(dpi)
    page.get_layout_engine().execute(page)
    page.set_layout_engine("none")
    for axes in page.axes:
        axes.set_position([round(edge, 6) for edge in axes.get_position(original=True).bounds])
    return page


def _render(page: "MatplotlibFigure") -> "Image":
    from PIL import Image

    page.canvas.draw()
    return Image.fromarray(np.asarray(page.canvas.buffer_rgba())[..., :3].copy())


def _reduced(image: "Image", colors: int | None) -> "Image":
    """The image in a palette of so many colours; None leaves it alone."""
    from PIL import Image

    if colors is None:
        return image
    # Chosen to cover the range of colours: by frequency, small areas such as legend keys would change theirs.
    return image.quantize(colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _encode(image: "Image", figure: Figure, dpi: int) -> bytes:
    from PIL import PngImagePlugin

    words = PngImagePlugin.PngInfo()
    words.add_text("Title", figure.title)
    words.add_text("Description", " ".join([*figure.alerts, figure.caption, RESEARCH_USE]))
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True, dpi=(dpi, dpi), pnginfo=words)
    return buffer.getvalue()


def compose(figure: Figure) -> "MatplotlibFigure":
    """The figure as a Matplotlib figure, laid out but not yet rendered."""
    from matplotlib import rc_context

    with rc_context(_settings()):
        return _compose(figure)


def _settings() -> dict:
    """Matplotlib's own defaults under our style: a reader's matplotlibrc must not change a figure's bytes."""
    import matplotlib

    personal = {"backend", "interactive", "toolbar", "timezone", "datapath"}
    defaults = {
        name: matplotlib.rcParamsDefault[name]
        for name in matplotlib.rcParamsDefault
        if name.split(".")[0] not in personal | {"webagg", "tk", "macosx", "date", "keymap", "savefig", "figure"}
    }
    return {**defaults, **_STYLE}


def _compose(figure: Figure) -> "MatplotlibFigure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MatplotlibFigure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    titles = textwrap.wrap(figure.title, int(figure.width_in * 14))
    captions = textwrap.wrap(figure.caption, int(figure.width_in * 19.5))
    entries = _shared_entries(figure)
    columns, legend_in = _legend_grid(list(entries), figure.width_in)
    header_in = 2 * _MARGIN_IN + _LINE * (_TITLE_PT * len(titles) + _ALERT_PT * len(figure.alerts))
    footer_in = 2 * _MARGIN_IN + _LINE * (_CAPTION_PT * len(captions) + _SMALL_PT)
    height_in = header_in + figure.height_in + legend_in + footer_in

    page = MatplotlibFigure(figsize=(figure.width_in, height_in), facecolor="white")
    FigureCanvasAgg(page)
    bottom = (footer_in + legend_in) / height_in
    page.set_layout_engine(
        ConstrainedLayoutEngine(
            rect=(0.005, bottom, 0.99, figure.height_in / height_in), h_pad=0.04, w_pad=0.04, hspace=0.03, wspace=0.03
        )
    )
    grid = page.add_gridspec(
        figure.rows, figure.cols, height_ratios=figure.row_heights or None, width_ratios=figure.column_widths or None
    )
    for panel in figure.panels:
        place = grid[panel.row : panel.row + panel.row_span, panel.col : panel.col + panel.col_span]
        _draw_panel(page.add_subplot(place), panel, own_legend=not figure.shared_legend)
    if figure.shared_legend:
        _shared_legend(page, columns, bottom - _MARGIN_IN / height_in)
    _write_header(page, titles, figure.alerts)
    _write_footer(page, captions)
    return page


def _draw_panel(axes: "Axes", panel: Panel, *, own_legend: bool) -> None:
    axes.set_title(panel.title, loc="left")
    if panel.equal:
        axes.set_aspect("equal")
    for mark in panel.marks:
        print_marks.draw(axes, mark)
    _set_axis(axes, "x", panel.x)
    _set_axis(axes, "y", panel.y)
    if not (panel.x.visible or panel.y.visible):
        axes.set_axis_off()
    if own_legend and panel.legend:
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(
            handles, labels, loc=panel.legend, handlelength=2.4, borderpad=0.35, labelspacing=0.3, framealpha=0.85
        )


def _set_axis(axes: "Axes", which: str, axis: Axis) -> None:
    """Limits, ticks, label and grid of one axis; after the marks, which set their own where the axis is silent."""
    getattr(axes, f"set_{which}label")(axis.label)
    if axis.limits is not None:
        getattr(axes, f"set_{which}lim")(*axis.limits)
    if axis.ticks is not None:
        getattr(axes, f"set_{which}ticks")([place for place, _ in axis.ticks], [word for _, word in axis.ticks])
    if axis.grid and axis.visible:
        axes.grid(visible=True, axis=which)
    if not axis.visible:
        getattr(axes, f"{which}axis").set_visible(False)
        axes.spines["left" if which == "y" else "bottom"].set_visible(False)


def _shared_entries(figure: Figure) -> dict[str, None]:
    """The legend's words in order of first appearance, when the figure has one legend for all panels."""
    if not figure.shared_legend:
        return {}
    marks = [mark for panel in figure.panels for mark in panel.marks]
    return dict.fromkeys(mark.label for mark in marks if getattr(mark, "label", ""))


def _legend_grid(words: list[str], width_in: float) -> tuple[int, float]:
    """Columns that fit across the page, and the legend's height in inches."""
    if not words:
        return 1, 0.0
    widest = _ENTRY_IN + _LETTER_IN * max(len(word) for word in words)
    columns = min(len(words), max(1, int((width_in - 0.2) / widest)))
    return columns, _MARGIN_IN + _LEGEND_LINE_IN * math.ceil(len(words) / columns)


def _shared_legend(page: "MatplotlibFigure", columns: int, top: float) -> None:
    handles: dict[str, object] = {}
    for axes in page.axes:
        for handle, word in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(word, handle)
    legend = page.legend(
        list(handles.values()),
        list(handles),
        loc="upper center",
        bbox_to_anchor=(0.5, top),
        ncol=columns,
        frameon=False,
        borderpad=0.0,
        borderaxespad=0.0,
        handlelength=2.8,
        columnspacing=1.6,
        labelspacing=0.35,
    )
    legend.set_in_layout(False)


def _write_header(page: "MatplotlibFigure", titles: list[str], alerts: tuple[str, ...]) -> None:
    width, height = page.get_size_inches()
    x, y = _MARGIN_IN / width, 1 - _MARGIN_IN / height
    for text in titles:
        page.text(x, y, text, fontsize=_TITLE_PT, fontweight="bold", va="top", in_layout=False)
        y -= _LINE * _TITLE_PT / height
    for text in alerts:
        page.text(x, y, text, fontsize=_ALERT_PT, fontweight="bold", color=VERMILLION, va="top", in_layout=False)
        y -= _LINE * _ALERT_PT / height


def _write_footer(page: "MatplotlibFigure", captions: list[str]) -> None:
    width, height = page.get_size_inches()
    x, y = _MARGIN_IN / width, _MARGIN_IN / height
    small = {"fontsize": _SMALL_PT, "color": "#555555", "va": "bottom", "in_layout": False}
    page.text(x, y, RESEARCH_USE, **small)
    y += _LINE * _SMALL_PT / height
    for text in reversed(captions):
        page.text(x, y, text, fontsize=_CAPTION_PT, va="bottom", in_layout=False)
        y += _LINE * _CAPTION_PT / height
