"""One training in several processes: started, watched and started again by torch's elastic agent.

A process that dies takes the others along; all are started again and go on after the last finished epoch, a few times.
The results are what the first process stores as its last position (``training/progress.py``).
"""

import logging
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from npc_kedro import reporter
from npc_kedro.errors import StudyError
from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.orphans import die_with
from npc_kedro.scratch import scratch_folder
from npc_kedro.training import progress, team
from npc_kedro.training.classification_loop import TrainedClassifier, train_classifier
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.settings import ClassifierSettings

logger = logging.getLogger(__name__)

_RESTARTS = 3
_PACKAGE = "npc_kedro"


class TogetherError(StudyError):
    """Processes that trained together died again and again."""


@dataclass(frozen=True)
class _Task:
    """What each process is told.

    Attributes:
        arrays: of ``Examples.from_arrays``: each process holds all images.
        spec: network.
        settings: of the training.
        by_patient: unit "patient".
        compute: device and precision; of several cards each process has one.
        keeper: of positions: all read, the first writes.
        listener: to whom the first reports.
        records: queue of the first one's log records.
        failure: file for an error that starting again would not mend.
        parent: process id of the agent.
    """

    arrays: Mapping[str, Any]
    spec: ClassifierSpec
    settings: ClassifierSettings
    by_patient: bool
    compute: Compute
    keeper: progress.Keeper
    listener: reporter.Reporter
    records: Any
    failure: Path
    parent: int


def train_together(
    arrays: Mapping[str, Any],
    spec: ClassifierSpec,
    *,
    settings: ClassifierSettings,
    by_patient: bool,
    compute: Compute,
) -> TrainedClassifier:
    """``train_classifier`` in ``settings.processes`` processes: the same steps, equal but for rounding.

    Args:
        arrays: what ``Examples.from_arrays`` takes, but for the device.
        spec: network and first weights.
        settings: optimiser, schedule, loss and length.
        by_patient: unit "patient", otherwise unit "image".
        compute: device and precision.

    Raises:
        TogetherError: if processes died more than three times.
        StudyError: what ``train_classifier`` raises.
    """
    with scratch_folder("npc-together-") as folder:
        keeper = progress.current()
        if isinstance(keeper, progress.NobodyKeeps):
            keeper = progress.PositionFiles(folder / "positions", key="")
        failure, records = folder / "failure", get_context("spawn").Queue()
        task = _Task(
            dict(arrays), spec, settings, by_patient, compute, keeper, reporter.current(), records, failure, os.getpid()
        )
        logger.info("%s: %d processes train together", spec.architecture, settings.processes)
        listener = QueueListener(records, *logging.getLogger().handlers, respect_handler_level=True)
        listener.start()
        try:
            elastic_launch(_configuration(settings.processes, folder=str(folder)), _member)(task)
        except ChildFailedError as error:
            if not failure.exists():
                raise TogetherError(_explained(error)) from error
        finally:
            listener.stop()
        if failure.exists():
            raise pickle.loads(failure.read_bytes())
        # Nothing is left to train: this reads the last position, whose epochs have been reported.
        examples = Examples.from_arrays(**arrays, device=torch.device("cpu"))
        with progress.kept_by(keeper), reporter.listening(reporter.Silence()):
            here = Compute(torch.device("cpu"), compute.precision)
            return train_classifier(examples, spec, settings=settings, by_patient=by_patient, compute=here)


def _configuration(processes: int, *, folder: str) -> LaunchConfig:
    """Processes of this machine only, which find each other over its loopback."""
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=_RESTARTS,
        logs_specs=DefaultLogsSpecs(log_dir=folder),
    )


def _member(task: _Task) -> None:
    """One of the processes, from its start to the end of the training."""
    die_with(task.parent)
    if task.failure.exists():
        return
    first = os.environ["RANK"] == "0"
    # The others would say the same.
    logging.getLogger().handlers = [QueueHandler(task.records) if first else logging.NullHandler()]
    logging.getLogger(_PACKAGE).setLevel(logging.INFO)
    compute = _own(task.compute)
    _meet("nccl" if compute.device.type == "cuda" else "gloo", task.failure.parent)
    try:
        examples = Examples.from_arrays(**task.arrays, device=compute.device)
        keeper = task.keeper if first else _ReadsOnly(task.keeper)
        listener = task.listener if first else reporter.Silence()
        with progress.kept_by(keeper), reporter.listening(listener), team.joined():
            train_classifier(examples, task.spec, settings=task.settings, by_patient=task.by_patient, compute=compute)
    except StudyError as error:
        _note(error, task.failure)
        raise
    finally:
        dist.destroy_process_group()


def _meet(backend: str, folder: Path) -> None:
    """In a file for each start: in the agent's store one may find the address of a process that died."""
    start = os.environ["TORCHELASTIC_RESTART_COUNT"]
    dist.init_process_group(
        backend,
        init_method=f"file://{folder}/start_{start}",
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
    )


def _own(compute: Compute) -> Compute:
    """On a machine with cards each process has one of its own."""
    if compute.device.type != "cuda":
        return compute
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return Compute(device, compute.precision)


def _note(error: StudyError, path: Path) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(pickle.dumps(error))
    partial.replace(path)


def _explained(error: ChildFailedError) -> str:
    rank, failure = error.get_first_failure()
    return (
        f"processes that train one network together died {_RESTARTS + 1} time(s), the last time number {rank} first "
        f"({failure.message}). Run the same command again: it goes on after the last finished epoch; where memory "
        "was short, with a smaller batch or fewer of them (--params processes_per_training=1)"
    )


class _ReadsOnly:
    """Positions that somebody else writes."""

    def __init__(self, keeper: progress.Keeper) -> None:
        self._keeper = keeper

    def newest(self) -> progress.Position | None:
        """As the others see it."""
        return self._keeper.newest()

    def keep(self, position: progress.Position) -> None:
        """Left to the first process."""
        del position
