"""Descriptions refuse what no renderer could draw rightly; the palette keeps its promises."""

import numpy as np
import pytest

from npc_kedro.figures.canvas import Band, Figure, Heatmap, Ink, Line, Panel, Picture, Points, epoch_axis
from npc_kedro.figures.palette import SCALES, SERIES, inks, label, scale_colors
from npc_kedro.study import NETWORKS, SIMULATED_MARK

INK = Ink("#0072B2")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Line((0.0, 1.0), (0.0,), INK),
        lambda: Band((0.0, 1.0), (0.0, 0.0), (1.0,), INK),
        lambda: Points((0.0,), (0.0,), INK, y_lo=(0.0, 1.0), y_hi=(1.0,)),
    ],
)
def test_unequal_columns_are_refused(make):
    with pytest.raises(ValueError, match="unequal lengths"):
        make()


@pytest.mark.parametrize("pixels", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros(4, np.uint8)])
def test_pictures_are_uint8_grey_or_rgb(pixels):
    with pytest.raises(ValueError, match="expected uint8"):
        Picture(pixels)


def test_alerts_put_the_simulated_mark_before_warnings():
    panel = Panel(1, 2, (), row_span=2)
    figure = Figure("n", "t", (panel,), "c", simulated=True, warnings=("optimistic: epoch chosen on the test cohort",))
    assert figure.alerts == (SIMULATED_MARK, "optimistic: epoch chosen on the test cohort")
    assert (figure.rows, figure.cols) == (3, 3)
    assert Figure("n", "t", (panel,), "c", simulated=False).alerts == ()


def test_marks_of_a_kind_are_found_in_all_panels():
    line, cells = Line((0.0,), (0.0,), INK), Heatmap(((0.0,),))
    figure = Figure("n", "t", (Panel(0, 0, (line, cells)), Panel(0, 1, (line,))), "c", simulated=False)
    assert figure.marks(Line) == [line, line]
    assert figure.marks(Heatmap) == [cells]


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [((1, 2, 3), [1, 2, 3]), (range(1, 13), [2, 4, 6, 8, 10, 12]), (range(1, 41), [10, 20, 30, 40]), ((1,), [1])],
)
def test_epoch_ticks_are_whole_and_few(epochs, ticks):
    assert [place for place, _ in epoch_axis(list(epochs)).ticks] == ticks


def test_names_keep_their_ink_and_strangers_take_a_free_one():
    alone, among = inks(["resnet50"]), inks([*NETWORKS, "clinical_baseline"])
    assert alone["resnet50"] == among["resnet50"]
    assert among["clinical_baseline"] not in [among[name] for name in NETWORKS]


def test_series_differ_without_their_colours():
    assert len({(ink.dash, ink.marker) for ink in SERIES}) == len(SERIES)


@pytest.mark.parametrize("scale", list(SCALES))
def test_scales_run_steadily_in_grey(scale):
    grey = scale_colors(np.linspace(0, 1, 65), scale) @ np.array([0.299, 0.587, 0.114])
    steps = np.diff(grey)
    assert (steps < 0).all() if scale == "blue" else (steps > 0).all()


def test_scale_ends_are_the_anchors():
    assert scale_colors(np.array([-1.0, 0.0, 1.0, 2.0]), "heat").tolist() == [[0, 0, 4]] * 2 + [[252, 255, 164]] * 2


def test_unknown_names_lose_underscores_only():
    assert label("resnet50") == "ResNet-50"
    assert label("my_net") == "my net"
