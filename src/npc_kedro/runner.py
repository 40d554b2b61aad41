"""The runner of ``kedro run``: independent nodes side by side in forked processes, longest first, with time left.

Each worker computes with a fixed number of threads, so the numbers do not depend on how many workers there are: one
worker gives what eight give, and Kedro's own SequentialRunner gives the same.
"""

import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from logging.handlers import QueueListener
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.runner import ParallelRunner
from kedro.runner.parallel_runner import ParallelRunnerManager
from kedro.runner.task import Task

from npc_kedro import board, devices, machine, stopping, worker
from npc_kedro.errors import WorkerError
from npc_kedro.forecast import Forecast
from npc_kedro.orphans import die_with
from npc_kedro.reuse import policy
from npc_kedro.reuse.ledger import Entry, Ledger
from npc_kedro.reuse.manifest import in_short
from npc_kedro.reuse.specs import ReuseSpecs
from npc_kedro.schedule import Schedule
from npc_kedro.scratch import scratch_folder

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

_MEMORY_PER_WORKER_BYTES = 1.5e9
"""What a worker that trains the largest default network needs, measured."""
_MAX_WORKERS = 16
_GLANCE_SECONDS = 0.5
_END_SECONDS = 5.0
"""For a killed worker to be gone, and for the last records of the log."""
_TRAINING = "training"
_BOARD = "npc-progress-"


class StudyRunner(ParallelRunner):
    """Kedro's ParallelRunner, forking, longest node first, with a progress line for the whole run.

    Args:
        max_workers: processes; by default one a core, at most what the free memory holds.
    """

    def __init__(self, max_workers: int | None = None, is_async: bool = False) -> None:
        super().__init__(max_workers=int(max_workers) if max_workers else default_workers(), is_async=is_async)
        self._running: dict[Future[Any], Node] = {}
        # Kedro's server of shared objects would outlive a killed run.
        self._manager.shutdown()
        self._manager = ParallelRunnerManager()
        self._manager.start(initializer=_start_manager, initargs=(os.getpid(),))

    def _get_executor(self, max_workers: int) -> Executor:
        # Hooks live in the parent's memory: only a forked worker has them. CUDA is safe as long as the parent, which
        # runs no node, never initialises it.
        context = multiprocessing.get_context("fork")
        self._records = context.Queue()
        places = None
        if devices.current():
            places = context.SimpleQueue()
            for device in devices.current():
                places.put(device)
        arguments = (self._records, os.getpid(), places)
        return ProcessPoolExecutor(
            max_workers=max_workers, mp_context=context, initializer=worker.start, initargs=arguments
        )

    def _run(self, pipeline: "Pipeline", catalog: Any, hook_manager: Any = None, run_id: str | None = None) -> None:
        nodes = pipeline.nodes
        self._running.clear()
        self._validate_nodes(nodes)
        self._validate_catalog(catalog)
        self._set_manager_datasets(catalog)
        if devices.current():
            self._max_workers = len(devices.current())
            logger.info("one worker process on each of %s", ", ".join(devices.current()))
        trainings = [node for node in nodes if _TRAINING in node.tags]
        if trainings:
            _load_networks()
        with scratch_folder(_BOARD) as folder, _board_in(folder), self._workers() as executor:
            reuse, forecast = _Reuse(nodes, catalog, hook_manager), Forecast(catalog, devices=devices.current())
            to_train = [node for node in trainings if not reuse.seems_done(node)]
            self._max_workers = forecast.workers_that_fit(to_train, workers=self._max_workers)
            schedule = Schedule([node.name for node in nodes], workers=self._max_workers)
            with schedule.shown():
                self._execute(pipeline, catalog, run_id, executor, schedule, reuse, forecast)

    @contextmanager
    def _workers(self) -> Iterator[Executor]:
        """The worker processes; a run that is told to stop ends them at once."""
        executor = self._get_executor(self._max_workers)
        others = set(multiprocessing.active_children())
        # All workers fork here, before this process has a thread that could hold a lock.
        executor.submit(os.getpid).result()
        workers = set(multiprocessing.active_children()) - others
        listener = QueueListener(self._records, *logging.getLogger().handlers, respect_handler_level=True)
        listener.start()
        try:
            with _explained(workers, self._running):
                yield executor
        except (KeyboardInterrupt, WorkerError):
            for process in workers:
                process.kill()
            for process in workers:
                process.join(_END_SECONDS)
            raise
        finally:
            executor.shutdown(wait=sys.exc_info()[0] is None, cancel_futures=True)
            self._end(listener)

    def _end(self, listener: QueueListener) -> None:
        """Writes the last records; does not wait for ever, as a killed worker may have taken the queue's lock along."""
        self._records.cancel_join_thread()
        ending = threading.Thread(target=listener.stop, daemon=True)
        ending.start()
        ending.join(_END_SECONDS)

    def _execute(
        self,
        pipeline: "Pipeline",
        catalog: Any,
        run_id: str | None,
        executor: Executor,
        schedule: Schedule,
        reuse: "_Reuse",
        forecast: Forecast,
    ) -> None:
        needs, running = pipeline.node_dependencies, self._running
        waiting, done = set(needs), set()
        while waiting or running:
            ready = [node for node in sorted(waiting) if needs[node] <= done]
            standing = {node for node in ready if reuse.stands(node)}
            for node in standing:
                schedule.leave_out(node.name)
            done |= standing
            waiting -= standing
            if standing:
                continue
            while ready and len(running) < self._max_workers:
                node = min(ready, key=lambda node: schedule.rank(node.name))
                ready.remove(node)
                waiting.discard(node)
                if _TRAINING in node.tags:
                    forecast.check(node)
                schedule.begin(node.name)
                task = Task(node=node, catalog=catalog, is_async=self._is_async, run_id=run_id, parallel=True)
                running[executor.submit(worker.run, task, reuse.entry(node))] = node
            if not running:
                self._raise_runtime_error(waiting, done, set(ready), None)
            finished, _ = wait(running, timeout=_GLANCE_SECONDS, return_when=FIRST_COMPLETED)
            stopping.require_going_on()
            for future in finished:
                try:
                    future.result()
                except BaseException:
                    self._suggest_resume_scenario(pipeline, done, catalog)
                    raise
                node = running.pop(future)
                done.add(node)
                reuse.learn(node)
                schedule.end(node.name)
            schedule.refresh()
        reuse.sum_up()


@contextmanager
def _board_in(folder: Path) -> Iterator[None]:
    """Workers write how far they are into ``folder``."""
    os.environ[board.VARIABLE] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(board.VARIABLE, None)


@contextmanager
def _explained(workers: Collection[BaseProcess], running: Mapping[Any, "Node"]) -> Iterator[None]:
    """Turns the end of a process that others wait for into an error that says what ran and what to do.

    Raises:
        WorkerError: if a worker, or a process that one of them started, was ended.
    """
    try:
        yield
    except BrokenProcessPool as error:
        time.sleep(_GLANCE_SECONDS)  # the signal that ended a worker may be on its way to this process, too
        codes = {process.exitcode for process in workers} - {None, 0}
        # The pool ends the others by SIGTERM.
        names = [signal.Signals(-code).name for code in codes - {-signal.SIGTERM} or codes if code and code < 0]
        msg = (
            f"a process was ended from outside{f' ({names[0]})' if names else ''} while these nodes ran: "
            f"{', '.join(sorted(node.name for node in running.values()))}. The usual cause is that memory ran out. Run "
            "the same command again: it goes on from the last finished epoch. Where memory is short, with --params "
            "devices=cpu (or devices=cuda:0: one node at a time), or with a smaller batch (classifier.batch_size, "
            "segmenter.batch_size: such a training begins anew)"
        )
        raise WorkerError(msg) from error


class _Reuse:
    """Which nodes of a run can be left out; tells the log and the hooks."""

    def __init__(self, nodes: Collection["Node"], catalog: Any, hook_manager: Any) -> None:
        told = policy.current()
        self._ledger = None if told is None else Ledger(told.root, catalog, nodes, enabled=told.enabled)
        self._hooks = hook_manager
        self._entries: dict[Node, Entry | None] = {}
        self._left_out = 0
        if hook_manager is not None:
            hook_manager.add_hookspecs(ReuseSpecs)

    def seems_done(self, node: "Node") -> bool:
        """Whether the node's stored outputs are right for its inputs as they are now, before any other node has run."""
        return self._ledger is not None and self._ledger.judge(node)[0].reuse

    def stands(self, node: "Node") -> bool:
        """Whether the node's stored outputs are what running it would give; each node is judged once."""
        if self._ledger is None or node in self._entries:
            return False
        verdict, self._entries[node] = self._ledger.judge(node)
        if verdict.reuse:
            self._left_out += 1
            logger.info("reused, nothing it depends on has changed: %s", node.name)
            self._hooks.hook.after_node_reused(node=node, run=verdict.run)
        elif verdict.reasons:
            logger.info("repeats %s: %s", node.name, in_short(verdict.reasons))
        return verdict.reuse

    def entry(self, node: "Node") -> Entry | None:
        """What the worker notes once the node has run."""
        return self._entries.get(node)

    def learn(self, node: "Node") -> None:
        """A worker has run the node."""
        entry = self._entries.get(node)
        if self._ledger is not None and entry is not None:
            self._ledger.learn(entry)

    def sum_up(self) -> None:
        """How much was left out, and how to have it repeated."""
        if self._ledger is not None:
            self._ledger.clear_up()
        if self._left_out:
            logger.info("%d nodes reused; --params reuse=false repeats all that is asked for", self._left_out)


def _start_manager(parent: int) -> None:
    """It goes in order when the runner does, or dies with it; a signal to the whole group is not meant for it."""
    die_with(parent)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _load_networks() -> None:
    """Loads, before the workers fork, what every training imports: once in memory instead of once a worker."""
    for module in ("torch", "timm", "segmentation_models_pytorch"):
        importlib.import_module(module)


def default_workers() -> int:
    """One process a core this process may use, but no more than the free memory holds."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    by_memory = int(machine.free_bytes() // _MEMORY_PER_WORKER_BYTES)
    return max(1, min(cores, by_memory, _MAX_WORKERS))
