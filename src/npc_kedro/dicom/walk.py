"""Every file below a folder, in an order that does not depend on the disk."""

import os
from pathlib import Path
from typing import NamedTuple

from npc_kedro.errors import CohortError


class FoundFile(NamedTuple):
    """A file below a folder of the cohort; the relative path may hold names and must not leave ``ingest``.

    A tuple, since thousands travel to the processes that read headers.

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
    found: list[FoundFile] = []
    waiting = [(str(folder), "")]
    while waiting:
        _list(*waiting.pop(), found, waiting)
    return sorted(found, key=lambda file: os.fsencode(file.relative))


_listings: dict[Path, list[FoundFile]] = {}
"""Listings on their way from one node to the next: they hold names and must not go through the catalog."""


def keep_listing(folder: Path, found: list[FoundFile]) -> None:
    """Keeps the listing of a folder for whoever needs it next in this process."""
    _listings[folder] = found


def kept_listing(folder: Path) -> list[FoundFile]:
    """The listing that was kept, with the stamps of then, and no longer keeps it; a new one if there is none.

    Raises:
        CohortError: if the folder has to be listed and is not there.
    """
    kept = _listings.pop(folder, None)
    return find_files(folder) if kept is None else kept


def _list(folder: str, relative: str, found: list[FoundFile], waiting: list[tuple[str, str]]) -> None:
    """Adds a folder's files to ``found`` and its folders to ``waiting``."""
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        found.append(FoundFile(relative.rstrip("/") or ".", folder))
        return
    for entry in listed:
        name = relative + entry.name
        if entry.is_dir(follow_symlinks=False):
            waiting.append((entry.path, f"{name}/"))
        else:
            found.append(FoundFile(name, entry.path, _stamp(entry)))


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    try:
        status = entry.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
