"""What the runs under way write and read, so that no two of them work on the same results.

Every run leaves a note below the data root, locked while it lives. Runs that share nothing but what they read go on
side by side, as the trainings of a cluster's jobs do.
"""

import fcntl
import json
import logging
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from npc_kedro.errors import BusyError
from npc_kedro.scratch import lock

logger = logging.getLogger(__name__)

_FOLDER = ".runs"
_SHOWN = 3


@dataclass(frozen=True)
class Work:
    """What a run is about to do.

    Attributes:
        writes: names of datasets.
        reads: names of datasets that others make.
    """

    writes: frozenset[str]
    reads: frozenset[str]

    def clash(self, other: "Work") -> list[str]:
        """Datasets that one of the two would write while the other writes or reads them."""
        return sorted(self.writes & (other.writes | other.reads) | self.reads & other.writes)


class Claim:
    """A run's note, until it is given up or the process ends."""

    def __init__(self, note: Path, descriptor: int) -> None:
        self._note, self._descriptor = note, descriptor

    def give_up(self) -> None:
        """The run has ended."""
        self._note.unlink(missing_ok=True)
        os.close(self._descriptor)


def claim(root: Path, work: Work, *, command: str) -> Claim | None:
    """Notes what a run will do; None, and a line in the log, where that cannot be noted or locked.

    Args:
        root: the data root.
        work: of the run.
        command: what others are told of it.

    Raises:
        BusyError: if another run that is under way writes the same, or either reads what the other writes.
    """
    folder = root / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            for note in sorted(folder.glob("*.json")):
                other = _living(note)
                if other is not None and (shared := work.clash(_work(other))):
                    raise BusyError(_told(other, shared))
            return _leave_note(folder, work, command)
    except OSError as error:
        logger.info("other runs on these results cannot be seen (%s): start none meanwhile", error.strerror or error)
        return None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time looks at the notes and leaves its own."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _living(note: Path) -> dict[str, Any] | None:
    """What a note says; None if its process is no more: then it goes."""
    try:
        with note.open(encoding="utf-8") as file:
            if not lock(file.fileno(), shared=True):
                found: dict[str, Any] = json.load(file)
                return found
    except FileNotFoundError:  # that run has just ended
        return None
    note.unlink(missing_ok=True)
    return None


def _leave_note(folder: Path, work: Work, command: str) -> Claim:
    about = {
        "command": command,
        "process": os.getpid(),
        "machine": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "writes": sorted(work.writes),
        "reads": sorted(work.reads),
    }
    note = folder / f"{uuid4().hex}.json"
    descriptor = os.open(note, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        lock(descriptor)
        os.write(descriptor, json.dumps(about).encode())
    except OSError:
        Claim(note, descriptor).give_up()
        raise
    return Claim(note, descriptor)


def _work(about: Mapping[str, Any]) -> Work:
    return Work(frozenset(about["writes"]), frozenset(about["reads"]))


def _told(about: Mapping[str, Any], shared: Iterable[str]) -> str:
    names = list(shared)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"another run is at work on the same results: {about['command']!r}, since {about['since']}, process "
        f"{about['process']} on {about['machine']}. One would write what the other writes or reads: "
        f"{', '.join(names[:_SHOWN])}{more}. Wait for its end or stop it, then run the same command again; or keep "
        "results apart with another NPC_DATA_ROOT"
    )
