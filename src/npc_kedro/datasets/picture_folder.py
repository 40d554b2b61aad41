"""The catalog type for pictures that belong together: one PNG each, in one folder."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_folder

_QUICK = 1
"""PNG compression level: the higher ones take ten times as long for a fifth of the size."""


Picture = np.ndarray | Callable[[], np.ndarray]
"""A picture, or what draws it when its turn to be saved has come, so that there is one in memory at a time."""


class PictureFolderDataset(AbstractDataset[Mapping[str, Picture], dict[str, np.ndarray]]):
    """A folder with ``<name>.png`` for each picture, uint8 (height, width, 3); replaced whole at every save.

    Args:
        filepath: the folder.
        metadata: passed through for Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, np.ndarray]:
        """The pictures, uint8 (height, width, 3), by name."""
        from PIL import Image

        return {path.stem: np.asarray(Image.open(path)) for path in sorted(Path(self._filepath).glob("*.png"))}

    def save(self, data: Mapping[str, Picture]) -> None:
        """Replaces the folder by these pictures, drawn one after the other.

        Raises:
            DatasetError: if a name is more than letters, digits and ``_``.
        """
        from PIL import Image

        strange = [name for name in data if not re.fullmatch(r"\w+", name, flags=re.ASCII)]
        if strange:
            msg = f"{len(strange)} names of pictures are not made of letters, digits and _ only; expected keys"
            raise DatasetError(msg)
        with replacing_folder(Path(self._filepath)) as folder:
            for name, picture in data.items():
                pixels = picture() if callable(picture) else picture
                Image.fromarray(np.ascontiguousarray(pixels)).save(folder / f"{name}.png", compress_level=_QUICK)

    def _exists(self) -> bool:
        return Path(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath)}
