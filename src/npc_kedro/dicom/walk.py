"""Every file below a folder, in an order that does not depend on the disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from npc_kedro.errors import CohortError


@dataclass(frozen=True)
class FoundFile:
    """A file below the cohort's DICOM folder; the relative path may hold names and must not leave ``ingest``."""

    relative: str
    path: Path


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
            f"There is no folder {folder.name!r} in the cohort folder. Expected: <cohort_root>/{folder.name}/ with the "
            "DICOM files in any nesting. Put the export there, or correct cohort_root."
        )
        raise CohortError(msg)
    return sorted(_walk(folder, folder), key=lambda found: os.fsencode(found.relative))


def _walk(folder: Path, root: Path) -> Iterator[FoundFile]:
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        yield FoundFile(folder.relative_to(root).as_posix(), folder)
        return
    for entry in listed:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root)
        else:
            yield FoundFile(path.relative_to(root).as_posix(), path)
