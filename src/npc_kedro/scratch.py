"""Folders for the time that a process lives, also where it is killed: the next one that needs such a folder clears up.

Whose folder is in use is known by a lock that the operating system holds: it ends with the process, however that ends.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOCK = ".in-use"


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """An empty folder that goes at the end of the block; folders like it whose process is no more go before.

    Args:
        prefix: of its name.
        parent: the folder that holds it; left out: the system's folder for temporary files.
    """
    parent = Path(tempfile.gettempdir()) if parent is None else parent
    for other in parent.glob(f"{prefix}*"):
        _clear_if_abandoned(other)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    held = None
    try:
        held = _mark(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def lock(descriptor: int, *, shared: bool = False) -> bool:
    """Takes the lock of an open file, alone or with others; False where somebody else holds it.

    Raises:
        OSError: on a file system that knows no locks.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _mark(folder: Path) -> int | None:
    """Locks the folder. A file counts as its lock once it has its name: before that nobody takes it for abandoned."""
    unnamed = folder / f"{_LOCK}.new"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        lock(descriptor)
        unnamed.rename(folder / _LOCK)
    except OSError:  # no locks here: nobody will ever clear it but this process
        os.close(descriptor)
        return None
    return descriptor


def _clear_if_abandoned(folder: Path) -> None:
    with suppress(OSError):  # another user's, or cleared by another process, or no folder of ours
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
        try:
            if lock(descriptor):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)
