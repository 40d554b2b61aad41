"""What a worker process of the runner does: one node at a time, noted once its outputs are stored; trainings go on."""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from logging.handlers import QueueHandler
from typing import TYPE_CHECKING, Any

from npc_kedro import afresh, devices, heap, reporter, stopping
from npc_kedro.errors import wrapped_in
from npc_kedro.orphans import die_with
from npc_kedro.reuse.ledger import Entry

if TYPE_CHECKING:
    from kedro.runner.task import Task

_TRAINING = "training"


def start(records: Any, parent: int, places: Any = None) -> None:
    """Prepares a new worker: log records go to the parent, which alone writes to the terminal.

    Args:
        records: queue of log records.
        parent: process id of the runner.
        places: queue with one device a worker; left out: the worker is not pinned to one.
    """
    die_with(parent)
    stopping.left_to_the_command()
    if places is not None:
        devices.pin(places.get())
    # Nodes that decode or simulate have processes of their own.
    os.register_at_fork(after_in_child=partial(die_with, os.getpid()))
    logging.getLogger().handlers = [QueueHandler(records)]


def run(task: "Task", entry: Entry | None) -> None:
    """Runs one node, notes it, then returns its memory to the system, since the worker lives on."""
    with (
        _as_raised(),
        _resumable(task, entry),
        afresh.repeating() if entry is not None and entry.afresh else nullcontext(),
    ):
        task()
        if entry is not None:
            entry.write(reporter.current().run_id)
    gc.collect()
    heap.release()


@contextmanager
def _as_raised() -> Iterator[None]:
    """Kedro's words round an error of the project are taken off: what caused an error is lost between processes."""
    try:
        yield
    except Exception as error:
        known = wrapped_in(error)
        if known is None or known is error:
            raise
        raise known from None


@contextmanager
def _resumable(task: "Task", entry: Entry | None) -> Iterator[None]:
    """A training keeps its position after every epoch until its results are stored and noted."""
    if entry is None or _TRAINING not in task.node.tags:
        yield
        return
    from npc_kedro.training.progress import PositionFiles, kept_by

    files = PositionFiles(entry.positions, key=entry.conditions.key)
    if entry.afresh:
        files.forget()
    with kept_by(files):
        yield
    files.forget()
