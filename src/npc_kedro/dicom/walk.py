"""Every file below a folder, in an order that does not depend on the disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from npc_kedro.errors import CohortError


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below a folder of the cohort; the relative path may hold names and must not leave ``ingest``.

    Attributes:
        relative: path below the folder, with ``/``.
        location: absolute path.
        stamp: size in bytes and time of the last change, ns; None if the file system gives neither (a broken link).
    """

    relative: str
    location: str
    stamp: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        """``location`` as a path."""
        return Path(self.location)


def find_files(folder: Path) -> list[FoundFile]:
    """Every entry below ``folder`` that is not a directory, sorted by relative path.

    Links to files are followed. Links to directories count as one (unreadable) entry: following them could loop or
    count a file twice. A directory that may not be listed counts as one entry as well, so that nothing is lost in
    silence.

    Raises:
        CohortError: if ``folder`` is not there.
    """
    if not folder.is_dir():
        msg = (
            f"There is no folder {folder.name!r} in the cohort folder; expected <cohort_root>/{folder.name}/ with the "
            "DICOM files in any nesting. Put the export there, or correct cohort_root."
        )
        raise CohortError(msg)
    return sorted(_walk(str(folder), ""), key=lambda found: os.fsencode(found.relative))


def _walk(folder: str, relative: str) -> Iterator[FoundFile]:
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        yield FoundFile(relative.rstrip("/") or ".", folder)
        return
    for entry in listed:
        name = relative + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{name}/")
        else:
            yield FoundFile(name, entry.path, _stamp(entry))


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    try:
        status = entry.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
