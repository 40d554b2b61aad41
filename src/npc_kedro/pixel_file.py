"""A ``.npy`` file of images that several processes fill, each its own rows, without handing pixels to one another."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HEADER_BYTES = 128
"""Magic string, version, length and description, padded with blanks (NumPy's format version 1.0)."""

_CHECKED_BYTES = 2**18
"""Bytes checked at a time: they stay in the processor's cache."""

_BLOCK = 64
"""Rows moved at a time, so that memory stays flat."""


@dataclass(frozen=True)
class PixelFile:
    """Images of one shape and type, one behind the other.

    Attributes:
        path: the file.
        shape: height and width.
        dtype: of a pixel.
    """

    path: Path
    shape: tuple[int, int]
    dtype: np.dtype

    @property
    def _row_bytes(self) -> int:
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def begin(self, rows: int) -> None:
        """Makes a file of ``rows`` images, all zero; space is taken on the disk as rows are written."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        with self.path.open("wb") as file:
            file.write(self._header(rows))
            file.truncate(_HEADER_BYTES + rows * self._row_bytes)

    def holds(self, rows: int) -> bool:
        """Whether the file is there with this many images."""
        try:
            with self.path.open("rb") as file:
                header = file.read(_HEADER_BYTES)
            return header == self._header(rows) and self.path.stat().st_size == _HEADER_BYTES + rows * self._row_bytes
        except FileNotFoundError:
            return False

    def write(self, row: int, images: np.ndarray) -> int:
        """Writes images from ``row`` on, in any process; returns their checksum."""
        if len(images) == 0:
            return zlib.crc32(b"")
        content = memoryview(np.ascontiguousarray(images, dtype=self.dtype)).cast("B")
        descriptor = os.open(self.path, os.O_WRONLY)
        try:
            at, done = _HEADER_BYTES + row * self._row_bytes, 0
            while done < len(content):
                done += os.pwrite(descriptor, content[done:], at + done)
        finally:
            os.close(descriptor)
        return zlib.crc32(content)

    def read(self, row: int, count: int) -> np.ndarray:
        """``count`` images from ``row`` on."""
        with self.path.open("rb") as file:
            file.seek(_HEADER_BYTES + row * self._row_bytes)
            content = file.read(count * self._row_bytes)
        return np.frombuffer(content, self.dtype).reshape(-1, *self.shape)

    def checksum(self, row: int, count: int) -> int:
        """The checksum that :meth:`write` returned for these rows, if they are still what was written."""
        checksum, left = zlib.crc32(b""), count * self._row_bytes
        block = memoryview(bytearray(min(left, _CHECKED_BYTES)))
        with self.path.open("rb", buffering=0) as file:
            file.seek(_HEADER_BYTES + row * self._row_bytes)
            while left and (got := file.readinto(block[:left])):
                checksum = zlib.crc32(block[:got], checksum)
                left -= got
        return checksum

    def move(self, source: int, target: int, count: int) -> None:
        """Moves images towards the beginning of the file."""
        for start in range(0, count, _BLOCK):
            rows = min(_BLOCK, count - start)
            self.write(target + start, self.read(source + start, rows))

    def flush(self) -> None:
        """Brings to the disk what any process has written; bit by bit, while others compute, it costs nothing."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def end(self, rows: int) -> np.ndarray:
        """Cuts the file to ``rows`` images, brings it to the disk and returns it, memory-mapped."""
        with self.path.open("r+b") as file:
            file.write(self._header(rows))
            file.truncate(_HEADER_BYTES + rows * self._row_bytes)
        self.flush()
        return self.mapped(rows)

    def mapped(self, rows: int) -> np.ndarray:
        """The images, read-only; an array in memory if there are none, since nothing cannot be mapped."""
        if rows == 0:
            return np.zeros((0, *self.shape), self.dtype)
        return np.load(self.path, mmap_mode="r")

    def _header(self, rows: int) -> bytes:
        about = {"descr": self.dtype.str, "fortran_order": False, "shape": (rows, *self.shape)}
        start = b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little")
        return (start + repr(about).encode()).ljust(_HEADER_BYTES - 1) + b"\n"
