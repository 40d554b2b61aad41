"""Both drawings of every figure: they exist, carry the marks that they must, and never change by themselves."""

import io
import json
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import plotly.io
import pytest
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from PIL import Image

from figure_examples import EXAMPLES
from npc_kedro.figures import screen
from npc_kedro.figures.canvas import Figure, Ink, Line, Panel
from npc_kedro.figures.print import MAX_BYTES, compose, draw_png
from npc_kedro.study import RESEARCH_USE, SIMULATED_MARK

ALL = sorted(EXAMPLES)


@cache
def example(name: str) -> Figure:
    return EXAMPLES[name](True)


def printed_words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in compose(figure).findobj(Text))


def screen_words(figure: Figure) -> str:
    return " ".join(annotation["text"] for annotation in screen.draw(figure).to_plotly_json()["layout"]["annotations"])


def low_resolution(figure: Figure) -> np.ndarray:
    """The printed page in grey at 72 dpi, (height, width)."""
    page = compose(figure)
    page.set_dpi(72)
    page.canvas.draw()
    return np.asarray(page.canvas.buffer_rgba())[..., :3].mean(axis=-1)


@pytest.mark.parametrize("name", ALL)
def test_page_is_not_blank_and_nothing_is_cut_at_its_edge(name):
    grey = low_resolution(example(name))
    assert 0.005 < (grey < 128).mean() < 0.7
    edges = (grey[0], grey[-1], grey[:, 0], grey[:, -1])
    assert min(edge.min() for edge in edges) > 250


@pytest.mark.parametrize("name", ["calibration", "cohort_montage", "roc_curves"])
def test_png_opens_at_print_resolution_and_is_small(name):
    content = draw_png(example(name))
    image = Image.open(io.BytesIO(content))
    assert len(content) <= MAX_BYTES
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.width == pytest.approx(300 * example(name).width_in, abs=1)
    assert SIMULATED_MARK in image.text["Description"]
    assert RESEARCH_USE in image.text["Description"]


@pytest.mark.parametrize("name", ["attrition_flow", "segmentation_montage", "null_policies"])
def test_png_bytes_repeat(name):
    assert draw_png(EXAMPLES[name](True)) == draw_png(EXAMPLES[name](True))


def test_png_bytes_do_not_follow_the_last_bits_of_the_layout(monkeypatch):
    """kiwisolver orders its variables by their addresses: two layouts of one page differ by some 1e-16."""
    plain, random, laid_out = draw_png(example("segmentation_montage")), Random(0), ConstrainedLayoutEngine.execute

    def unsettled(engine, page):
        laid_out(engine, page)
        for axes in page.axes:
            axes.set_position(
                [edge + random.uniform(-1e-12, 1e-12) for edge in axes.get_position(original=True).bounds]
            )

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", unsettled)
    assert draw_png(example("segmentation_montage")) == plain


def test_png_does_not_follow_the_readers_matplotlibrc():
    import matplotlib

    plain = draw_png(example("dice_by_epoch"))
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 20, "figure.dpi": 50}):
        assert draw_png(example("dice_by_epoch")) == plain


def test_png_gives_up_resolution_for_size():
    full = draw_png(example("dice_by_epoch"))
    small = draw_png(example("dice_by_epoch"), max_bytes=len(full) // 8)
    assert len(small) <= len(full) // 8
    assert Image.open(io.BytesIO(small)).width < Image.open(io.BytesIO(full)).width


@pytest.mark.parametrize("name", ALL)
def test_plotly_twin_is_valid_and_plain(name):
    text = screen.draw(example(name)).to_json()
    figure = plotly.io.from_json(text)  # validates every property
    assert len(figure.data) > 0
    assert "bdata" not in text  # plotly.js of Kedro-Viz reads plain lists
    assert json.loads(text, parse_constant=pytest.fail)  # no NaN, which is not JSON
    assert figure.layout.meta["simulated"] is True
    assert text == screen.draw(EXAMPLES[name](True)).to_json()


@pytest.mark.parametrize("name", ALL)
def test_simulated_mark_and_research_use_are_on_both(name):
    figure = example(name)
    for words in (printed_words(figure), screen_words(figure)):
        assert SIMULATED_MARK in words
        assert RESEARCH_USE in words
    real = replace(figure, simulated=False)
    assert SIMULATED_MARK not in screen_words(real)


def test_real_data_carry_no_simulated_mark():
    real = EXAMPLES["null_policies"](False)
    assert SIMULATED_MARK not in printed_words(real) + screen_words(real)


def test_warnings_are_on_both():
    figure = replace(example("null_policies"), simulated=False, warnings=("Optimistic: chosen on the test cohort",))
    assert "Optimistic: chosen on the test cohort" in printed_words(figure)
    assert "Optimistic: chosen on the test cohort" in screen_words(figure)


@pytest.mark.parametrize("name", ["roc_curves", "decision_curves", "dice_by_epoch"])
def test_both_draw_the_same_lines(name):
    figure = example(name)
    described = [(line.x, line.y) for line in figure.marks(Line)]
    printed = [tuple(map(tuple, line.get_data())) for axes in compose(figure).axes for line in axes.get_lines()]
    traces = json.loads(screen.draw(figure).to_json())["data"]
    shown = [(tuple(t["x"]), tuple(t["y"])) for t in traces if t["mode"].startswith("lines") and "fill" not in t]
    assert printed == described
    assert shown == described


def test_gaps_break_lines_on_screen():
    line = Line((0.0, float("nan"), 2.0), (1.0, float("nan"), 1.0), Ink("#0072B2"))
    figure = Figure("gap", "Gap", (Panel(0, 0, (line,)),), "c", simulated=False)
    assert json.loads(screen.draw(figure).to_json())["data"][0]["x"] == [0.0, None, 2.0]


def test_markup_of_names_is_not_taken_for_html():
    panel = Panel(0, 0, (), title="a < b & <b>c</b>")
    words = screen_words(Figure("x", "p < 0.05", (panel,), "c", simulated=False))
    assert "a &lt; b &amp; &lt;b&gt;c&lt;/b&gt;" in words
    assert "p &lt; 0.05" in words


def test_unknown_mark_is_named():
    figure = Figure("x", "t", (Panel(0, 0, ("not a mark",)),), "c", simulated=False)
    with pytest.raises(TypeError, match="str is not a mark"):
        compose(figure)
    with pytest.raises(TypeError, match="str is not a mark"):
        screen.draw(figure)


def test_importing_figures_loads_no_drawing_library():
    import subprocess
    import sys

    code = (
        "import sys, pkgutil, importlib, npc_kedro.figures as f\n"
        "[importlib.import_module(m.name) for m in pkgutil.iter_modules(f.__path__, 'npc_kedro.figures.')]\n"
        "heavy = {'matplotlib', 'plotly', 'torch', 'kedro', 'pydicom', 'mlflow', 'contourpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
