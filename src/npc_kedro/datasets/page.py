"""The catalog type for a self-contained HTML page."""

from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_file


class PageDataset(AbstractDataset[str, str]):
    """One HTML file in UTF-8, written beside its final place and swapped in: an interrupted save leaves the old page.

    Args:
        filepath: the file.
        metadata: passed through for Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> str:
        """The page's text."""
        return Path(self._filepath).read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Replaces the file whole.

        Raises:
            DatasetError: if the text is no page.
        """
        if not isinstance(data, str) or not data.lstrip().lower().startswith("<!doctype html"):
            msg = f"expected a page that begins with <!doctype html>, found {str(data)[:40]!r}"
            raise DatasetError(msg)
        with replacing_file(Path(self._filepath)) as path:
            path.write_text(data, encoding="utf-8", newline="\n")

    def _exists(self) -> bool:
        return Path(self._filepath).is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath)}
