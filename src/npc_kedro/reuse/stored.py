"""What a dataset has on disk, by content; files are read again only when their size, time or inode changed."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PIECE = 2**22
_DIGITS = 32
_SMALL = 2**26
"""Bytes up to which a file in a listed folder is read: more than any table of patients has."""

_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in any folder that somebody looks into; so do those whose names begin with ``._``."""

Stat = tuple[int, int, int]
"""Size, modification time in ns, inode."""


@dataclass(frozen=True)
class Place:
    """Where a dataset lives.

    Attributes:
        paths: its files and folders.
        listed: a folder too large to be read (a cohort of DICOM files) counts by its listing: relative paths, sizes
            and times. Small files that lie in it directly (a cohort's tables) count by content.
    """

    paths: tuple[Path, ...]
    listed: bool = False


@dataclass(frozen=True)
class Content:
    """What was found at a place: a hash, and the state of each file read for it, by path."""

    digest: str
    files: dict[str, Stat]


def place_of(dataset: Any) -> Place | None:
    """Where a dataset of the catalog lives; None for one that is only in memory.

    Datasets with more than one path, or that are only listed, say so by ``stored_at()`` and ``listed``.
    """
    told = getattr(dataset, "stored_at", None)
    if told is not None:
        return Place(tuple(Path(path) for path in told()), listed=bool(getattr(dataset, "listed", False)))
    path = getattr(dataset, "_filepath", None)
    return None if path is None else Place((Path(str(path)),))


class Contents:
    """Hashes of places, remembering those whose files did not change.

    Args:
        root: the data root. Files are known by their path below it, so that it can be moved and names no machine.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._digests: dict[tuple[tuple[str, Stat], ...], str] = {}
        self._listings: dict[Place, str] = {}

    def remember(self, content: Content) -> None:
        """Takes a hash that was worked out earlier for files in this state."""
        if content.files:
            self._digests[tuple(sorted(content.files.items()))] = content.digest

    def forget_listings(self) -> None:
        """Folders are to be listed anew: a node has run."""
        self._listings.clear()

    def of(self, place: Place) -> Content | None:
        """Hash of all that lies there; None where something is missing."""
        if not all(path.exists() for path in place.paths):
            return None
        if place.listed:
            if place not in self._listings:
                self._listings[place] = _listing_with_tables(place.paths)
            return Content(self._listings[place], {})
        files = {
            path: (_name(below, root), state_of(path))
            for root in place.paths
            for path, below in _files(root)
            if not _is_litter(below)
        }
        above = f"{self._root}{os.sep}"
        inside = all(path.startswith(above) for path in files)
        states = {path.removeprefix(above): state for path, (_, state) in files.items()} if inside else {}
        digest = self._digests.get(tuple(sorted(states.items()))) if states else None
        if digest is None:
            digest = _hash(f"{name}:{_file_hash(path)}" for path, (name, _) in files.items())
        content = Content(digest, states)
        self.remember(content)
        return content


def listing(paths: tuple[Path, ...]) -> str:
    """Hash of the relative path, size and time of every file under ``paths``."""
    return _hash(f"{below}:{state_of(path)[:2]}" for root in paths for path, below in _files(root))


def _listing_with_tables(paths: tuple[Path, ...]) -> str:
    """Hash like :func:`listing`, but of the content of small files that lie in a folder directly.

    A table that a program saves, or a copy that keeps the old time, may have another content of the same size.
    """
    files = ((path, below, state_of(path)) for root in paths for path, below in _files(root))
    return _hash(
        f"{below}:{_file_hash(path) if os.sep not in below and _is_readable(path, state) else state[:2]}"
        for path, below, state in files
    )


def _is_readable(path: str, state: Stat) -> bool:
    return state[0] <= _SMALL and Path(path).is_file() and os.access(path, os.R_OK)


def state_of(path: str) -> Stat:
    """A file's size, time and inode; those of the link itself where it leads nowhere."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of a cohort's files takes longer than looking at them
    except OSError:
        found = os.lstat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """The file, or all files below the folder, in order; and where each lies below it, "" for the file itself."""
    if root.is_file():
        yield str(root), ""
        return
    above = len(f"{root}{os.sep}")
    for folder, inner, names in os.walk(root):
        inner.sort()
        for name in sorted(names):
            path = f"{folder}{os.sep}{name}"
            yield path, path[above:]


def _is_litter(below: str) -> bool:
    name = below.rpartition(os.sep)[2]
    return name in _LITTER or name.startswith("._")


def _name(below: str, root: Path) -> str:
    return f"{root.name}/{below}" if below else root.name


def _file_hash(path: str) -> str:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _hash(lines: Iterator[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()[:_DIGITS]
