"""The catalog type for :class:`npc_kedro.figures.canvas.Figure`: a PNG for print and a Plotly twin for the screen."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_file
from npc_kedro.figures.canvas import Figure


class FigureDataset(AbstractDataset[Figure, dict[str, Any]]):
    """Two files, ``<filepath>.png`` and ``<filepath>.json``, drawn from one description.

    Both are drawn before either is put in its place, and each is swapped in whole. Loading gives the Plotly figure as a
    dict (``plotly.io.from_json`` takes the file's text); Kedro-Viz shows it.

    Args:
        filepath: path without suffix, e.g. ``data/08_reporting/figures/roc_curves``.
        metadata: passed through for Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    @property
    def png(self) -> Path:
        """The printed figure."""
        return Path(f"{self._filepath}.png")

    @property
    def json(self) -> Path:
        """The Plotly figure."""
        return Path(f"{self._filepath}.json")

    def stored_at(self) -> tuple[Path, ...]:
        """Both files."""
        return self.png, self.json

    def load(self) -> dict[str, Any]:
        """The Plotly figure: its ``data`` and ``layout``."""
        return json.loads(self.json.read_text(encoding="utf-8"))

    def save(self, data: Figure) -> None:
        """Draws the figure twice and replaces both files.

        Raises:
            TypeError: if it is not a description of a figure.
        """
        from npc_kedro.figures import print as printer
        from npc_kedro.figures import screen

        if not isinstance(data, Figure):
            msg = f"FigureDataset got {type(data).__name__}; expected a Figure of npc_kedro.figures.canvas."
            raise TypeError(msg)
        drawn = {self.png: printer.draw_png(data), self.json: screen.draw(data).to_json().encode("utf-8")}
        for path, content in drawn.items():
            with replacing_file(path) as partial:
                partial.write_bytes(content)

    def preview(self) -> PlotlyPreview:
        """The Plotly figure, for Kedro-Viz."""
        return PlotlyPreview(self.load())

    def _exists(self) -> bool:
        return self.png.is_file() and self.json.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath)}
