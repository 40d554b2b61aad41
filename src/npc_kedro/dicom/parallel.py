"""A map over processes that keeps order and never holds more than a few results."""

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from npc_kedro import heap

_IN_FLIGHT_PER_WORKER = 4
"""Tasks handed out per process: enough to keep it busy while results are brought to the disk, few enough that memory
does not grow with the cohort."""

_KEPT_BYTES = 2**25
"""Freed memory of a worker is used again, not handed back and zeroed anew by the system for every image."""

_COLLECTED_OBJECTS = 100_000
"""New objects after which the garbage collector looks for cycles: hardly any are made, and looking takes time."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def worker_count(workers: int) -> int:
    """The number of processes meant by a ``workers`` parameter: 0 is one per CPU that this process may use."""
    return workers or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


def ordered_map(function: Callable[[Task], Result], tasks: Iterable[Task], *, workers: int) -> Iterator[Result]:
    """``function`` of each task, in the order of the tasks, computed by ``workers`` forked processes.

    With one worker, a single task, or inside a process that may have no children, everything happens here.
    """
    waiting = iter(tasks)
    first = list(islice(waiting, 2))
    waiting = chain(first, waiting)
    if worker_count(workers) == 1 or len(first) < 2 or multiprocessing.current_process().daemon:
        yield from map(function, waiting)
        return
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(
        worker_count(workers), mp_context=context, initializer=heap.keep_blocks, initargs=(_KEPT_BYTES,)
    )
    # What exists now is left alone by the garbage collector, which would touch, and so copy, every page that is shared.
    gc.freeze()
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECTED_OBJECTS)  # the processes that are forked now inherit it
    try:
        in_flight: deque[Future[Result]] = deque(
            pool.submit(function, task) for task in islice(waiting, _IN_FLIGHT_PER_WORKER * worker_count(workers))
        )
        while in_flight:
            result = in_flight.popleft().result()
            in_flight.extend(pool.submit(function, task) for task in islice(waiting, 1))
            yield result
    finally:
        # The processes end by themselves; but a child that ends before they are told to would wait for them for ever.
        pool.shutdown(wait=multiprocessing.parent_process() is not None, cancel_futures=True)
        gc.set_threshold(*usual)
        gc.unfreeze()


def batches(items: list[Task], size: int) -> list[list[Task]]:
    """The items in runs of at most ``size``, in order."""
    return [items[start : start + size] for start in range(0, len(items), size)]
