"""An append-only journal: what was learnt at some cost is written down at once, and a killed run loses next to nothing.

One line is one record: a checksum, a blank and JSON. A line that does not fit its checksum (the end of a file that was
being written when the power went, a damaged block) is passed over. The first line says under which circumstances the
journal was written; under any others it is of no use and is begun anew.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Journal:
    """The records of one file.

    Args:
        path: the journal; created at the first record.
        circumstances: anything that JSON holds; a journal written under others counts as empty.
    """

    def __init__(self, path: Path, circumstances: Any) -> None:
        self._path = path
        self._heading = _line({"journal": circumstances})
        self._goes_on = False  # whether the file is known to be mine and to end with a whole line

    def records(self) -> Iterator[Any]:
        """The sound records, oldest first."""
        try:
            with self._path.open("rb") as file:
                if file.readline() == self._heading:
                    yield from (record for line in file if (record := _sound(line)) is not None)
        except FileNotFoundError:
            return

    def append(self, records: Iterable[Any]) -> None:
        """Adds records at the end; they are on their way to the disk when this returns."""
        lines = b"".join(map(_line, records))
        if not lines:
            return
        if not self._goes_on:
            if not self._is_mine():
                self.replace(())
            elif not self._ends_whole():
                lines = b"\n" + lines  # a line that was cut must not swallow the next one
        with self._path.open("ab") as file:
            self._goes_on = False
            file.write(lines)
        self._goes_on = True

    def replace(self, records: Iterable[Any]) -> None:
        """Begins anew with these records; the old journal stays whole until the new one is."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(self._heading)
                file.writelines(map(_line, records))
            partial.replace(self._path)
        finally:
            partial.unlink(missing_ok=True)

    def forget(self) -> None:
        """Removes the journal: nothing in it counts any more."""
        self._path.unlink(missing_ok=True)
        self._goes_on = False

    def _is_mine(self) -> bool:
        try:
            with self._path.open("rb") as file:
                return file.readline() == self._heading
        except FileNotFoundError:
            return False

    def _ends_whole(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _line(record: Any) -> bytes:
    content = json.dumps(record, separators=(",", ":"), ensure_ascii=True).encode()
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _sound(line: bytes) -> Any | None:
    content = line[9:].rstrip(b"\n")
    if len(line) < len("00000000 {}") or line[:9] != b"%08x " % zlib.crc32(content):
        return None
    return json.loads(content)
