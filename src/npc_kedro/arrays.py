"""Slices and their table: one array of images whose row number is an address, and one table row per image.

``slices``, ``outlines``, ``masks`` and ``crops`` all have this form. On disk it is a folder with ``pixels.npy``, which
is memory-mapped when read, and ``table.parquet``.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ImageTable:
    """Images with one table row each.

    Attributes:
        pixels: array of shape (n, height, width), any integer or float dtype; often a read-only memory map.
        table: n rows, index 0..n-1, so that ``table.iloc[i]`` describes ``pixels[i]``.

    Raises:
        ValueError: if the two lengths differ or the index is not 0..n-1.
    """

    pixels: np.ndarray
    table: pd.DataFrame

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3:
            msg = f"pixels have shape {self.pixels.shape}; expected (n, height, width)"
            raise ValueError(msg)
        if len(self.pixels) != len(self.table):
            msg = f"{len(self.pixels)} images but {len(self.table)} table rows; every image needs exactly one row"
            raise ValueError(msg)
        if not self.table.index.equals(pd.RangeIndex(len(self.table))):
            msg = "the table's index must be 0..n-1: the row number is the image's address"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.table)


class ImageTableWriter:
    """Collects images one by one without holding them in memory.

    The pixels go to a file without a name on the disk of ``folder``; :meth:`finish` maps it. The operating system frees
    its room as soon as neither the writer nor the map is left, also where the process is killed.
    """

    def __init__(self, folder: str | Path, *, shape: tuple[int, int], dtype: np.dtype | type | str) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._shape = shape
        self._dtype = np.dtype(dtype)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (open as long as the writer)
        self._count = 0

    def __enter__(self) -> "ImageTableWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, image: np.ndarray) -> int:
        """Adds one image of the writer's shape and returns its row number."""
        if image.shape != self._shape:
            msg = f"image of shape {image.shape} in a store of {self._shape}"
            raise ValueError(msg)
        self._file.write(np.ascontiguousarray(image, dtype=self._dtype).tobytes())
        self._count += 1
        return self._count - 1

    def finish(self, table: pd.DataFrame) -> ImageTable:
        """Closes the file and returns the images, memory-mapped, with their table."""
        shape = (self._count, *self._shape)
        if self._count == 0:
            pixels = np.zeros(shape, self._dtype)
        else:
            self._file.flush()
            pixels = np.memmap(self._file, dtype=self._dtype, mode="r", shape=shape)
        self._file.close()
        return ImageTable(pixels, table.reset_index(drop=True))
