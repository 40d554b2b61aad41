"""Slices and their table: one array of images whose row number is an address, and one table row per image.

``slices``, ``outlines``, ``masks`` and ``crops`` all have this form. On disk it is a folder with ``pixels.npy``, which
is memory-mapped when read, and ``table.parquet``.
"""

import os
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

    The pixels go to a temporary file inside ``folder``; :meth:`finish` maps it. Use it as a context manager: the
    temporary file disappears on an error, and the catalog moves it into place on success.
    """

    def __init__(self, folder: str | Path, *, shape: tuple[int, int], dtype: np.dtype | type | str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shape = shape
        self._dtype = np.dtype(dtype)
        descriptor, name = tempfile.mkstemp(prefix="pixels-", suffix=".partial", dir=self._folder)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb")
        self._count = 0

    def __enter__(self) -> "ImageTableWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if not self._file.closed:
            self._file.close()
        if kind is not None:
            self._path.unlink(missing_ok=True)

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
        self._file.close()
        shape = (self._count, *self._shape)
        if self._count == 0:
            self._path.unlink(missing_ok=True)
            return ImageTable(np.zeros(shape, self._dtype), table.reset_index(drop=True))
        pixels = np.memmap(self._path, dtype=self._dtype, mode="r", shape=shape)
        return ImageTable(pixels, table.reset_index(drop=True))
