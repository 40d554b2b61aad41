"""Files and folders that are replaced whole: a reader sees the old one or the new one, never half of one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder beside ``folder`` that takes its place when the block ends well; else nothing has changed.

    The name beside is always the same, so what a killed process left there goes at the next attempt.
    """
    partial, retired = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "retired"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear(partial, retired)
    partial.mkdir()
    try:
        yield partial
        if folder.exists():
            folder.replace(retired)
        partial.replace(folder)
    finally:
        _clear(partial, retired)


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its place when the block ends well; else nothing has changed."""
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _clear(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
