"""The catalog type for :class:`npc_kedro.arrays.ImageTable`."""

import json
import logging
import os
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from kedro.io import AbstractDataset

from npc_kedro.arrays import ImageTable
from npc_kedro.datasets.shown import shown
from npc_kedro.datasets.whole import replacing_folder

_log = logging.getLogger(__name__)

_BLOCK = 64
"""Images copied at a time, so that memory stays flat whatever the number of slices."""


class ImageTableDataset(AbstractDataset[ImageTable, ImageTable]):
    """A folder with ``pixels.npy`` (memory-mapped on load), ``table.parquet`` and ``about.json``.

    Written beside its final place and swapped in at the end: an interrupted save leaves the old folder whole.

    Args:
        filepath: the folder.
        metadata: passed through for Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    def load(self) -> ImageTable:
        """Images (n, height, width), memory-mapped and read-only, with one row of the table for each."""
        folder = Path(self._filepath)
        table = pd.read_parquet(folder / "table.parquet")
        pixels = np.load(folder / "pixels.npy", mmap_mode="r" if len(table) else None)
        return ImageTable(pixels, table)

    def save(self, data: ImageTable) -> None:
        """Replaces the folder whole; images that are mapped from a finished file are linked, not copied."""
        with replacing_folder(Path(self._filepath)) as folder:
            _store_pixels(folder / "pixels.npy", data.pixels)
            data.table.to_parquet(folder / "table.parquet")
            about = {"n": len(data), "shape": list(data.pixels.shape), "dtype": str(data.pixels.dtype)}
            (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")

    def _exists(self) -> bool:
        folder = Path(self._filepath)
        return (folder / "pixels.npy").is_file() and (folder / "table.parquet").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": shown(self._filepath)}


def _store_pixels(path: Path, pixels: np.ndarray) -> None:
    """Puts ``pixels`` at ``path``: a second name for the file that they are mapped from where it holds just them."""
    if _is_whole_file(pixels):
        try:
            os.link(pixels.filename, path)  # type: ignore[attr-defined]
            return
        except OSError:
            _log.debug("no hard link from %s; its pixels are copied", path.name)
    _write_pixels(path, pixels)


def _is_whole_file(pixels: np.ndarray) -> bool:
    """Whether ``pixels`` are a ``.npy`` file, mapped read-only and whole: such a file is never changed in place."""
    if not isinstance(pixels, np.memmap) or pixels.mode != "r" or not str(pixels.filename).endswith(".npy"):
        return False
    whole = np.load(pixels.filename, mmap_mode="r")
    same = whole.shape == pixels.shape and whole.dtype == pixels.dtype and whole.strides == pixels.strides
    return bool(same and whole.offset == pixels.offset)


def _write_pixels(path: Path, pixels: np.ndarray) -> None:
    """Writes ``pixels`` as .npy block by block: a memory map is never pulled into memory whole."""
    header = {"descr": np.lib.format.dtype_to_descr(pixels.dtype), "fortran_order": False, "shape": pixels.shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        for start in range(0, len(pixels), _BLOCK):
            file.write(np.ascontiguousarray(pixels[start : start + _BLOCK]).tobytes())
