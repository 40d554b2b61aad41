"""The figure dataset: two files from one description, whole or not at all, and a preview for Kedro-Viz."""

import inspect

import numpy as np
import plotly.io
import pytest
from kedro.io import DatasetError
from PIL import Image

from npc_kedro.datasets.figure import FigureDataset
from npc_kedro.figures.canvas import Axis, Figure, Ink, Line, Panel
from npc_kedro.study import SIMULATED_MARK


@pytest.fixture
def figure() -> Figure:
    line = Line((0.0, 1.0), (0.0, 1.0), Ink("#0072B2"), "a line")
    return Figure("line", "A line", (Panel(0, 0, (line,), x=Axis("x"), y=Axis("y")),), "Caption.", simulated=True)


def test_saves_a_png_and_its_plotly_twin(tmp_path, figure):
    dataset = FigureDataset(filepath=(tmp_path / "deep" / "line").as_posix())
    assert not dataset.exists()
    dataset.save(figure)
    assert dataset.exists()
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["line.json", "line.png"]
    assert np.asarray(Image.open(dataset.png).convert("L")).std() > 10
    assert plotly.io.read_json(dataset.json).data[0].name == "a line"
    assert dataset.load()["layout"]["meta"]["alerts"] == [SIMULATED_MARK]


def test_two_saves_give_the_same_bytes(tmp_path, figure):
    first, second = (FigureDataset(filepath=(tmp_path / name).as_posix()) for name in ("a", "b"))
    first.save(figure)
    second.save(figure)
    assert first.png.read_bytes() == second.png.read_bytes()
    assert first.json.read_bytes() == second.json.read_bytes()


def test_kedro_viz_sees_a_plotly_preview(tmp_path, figure):
    dataset = FigureDataset(filepath=(tmp_path / "line").as_posix())
    dataset.save(figure)
    # Kedro-Viz decides by the name of the return annotation (kedro_viz.models.flowchart.node_metadata).
    assert inspect.signature(dataset.preview).return_annotation.__name__ == "PlotlyPreview"
    assert dataset.preview() == dataset.load()


def test_an_interrupted_save_leaves_the_old_figure_whole(tmp_path, figure, monkeypatch):
    dataset = FigureDataset(filepath=(tmp_path / "line").as_posix())
    dataset.save(figure)
    before = dataset.png.read_bytes(), dataset.json.read_bytes()

    def fail(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("npc_kedro.figures.screen.draw", fail)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(figure)
    assert (dataset.png.read_bytes(), dataset.json.read_bytes()) == before
    assert len(list(tmp_path.iterdir())) == 2


def test_other_things_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="got dict; expected a Figure"):
        FigureDataset(filepath=(tmp_path / "x").as_posix()).save({"data": []})
