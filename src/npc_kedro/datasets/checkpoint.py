"""The catalog type for :class:`npc_kedro.networks.checkpoint.Checkpoint`."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset

from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_folder

if TYPE_CHECKING:
    from npc_kedro.networks.checkpoint import Checkpoint


class CheckpointDataset(AbstractDataset):
    """A folder with ``weights.safetensors`` and ``about.json``.

    Written beside its final place and swapped in at the end: an interrupted save leaves the old one whole.

    Args:
        filepath: the folder.
        metadata: passed through for Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> Checkpoint:
        """The weights, on the CPU, and what is known about them."""
        # torch is imported here: the catalog is also built by commands that never touch a network.
        from safetensors.torch import load_file

        from npc_kedro.networks.checkpoint import Checkpoint

        folder = Path(self._filepath)
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        return Checkpoint(load_file(folder / "weights.safetensors"), about)

    def save(self, data: Checkpoint) -> None:
        """Replaces the folder whole."""
        from safetensors.torch import save_file

        with replacing_folder(Path(self._filepath)) as folder:
            save_file(dict(data.weights), folder / "weights.safetensors")
            text = json.dumps(dict(data.about), indent=2, sort_keys=True, allow_nan=False)
            (folder / "about.json").write_text(text + "\n", encoding="utf-8")

    def _exists(self) -> bool:
        folder = Path(self._filepath)
        return (folder / "weights.safetensors").is_file() and (folder / "about.json").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath)}
