"""Time a crop and peak memory of a training as the number of crops grows, beside the memory predicted for it.

    python -m benchmarks.scaling [--crops 500 2000 8000] [--network resnet50] [--unit image] [--epochs 1]

Each number of crops has a process of its own, which trains from 8-bit crops to the kept weights, validation and the
fitting of the head included: nothing may cost more per crop when there are more of them. (From the second epoch on the
weights of the best one lie beside those that change, as in any real training.) Needs Linux, which knows the highest
memory that a process ever had. The crops are noise: a step costs the same whatever they show.
"""

import argparse
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.plain import own_process
from benchmarks.study_settings import parameters_of
from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.pipelines.train_classifiers.nodes import spec_of
from npc_kedro.pipelines.train_classifiers.parameters import one_training
from npc_kedro.study import NETWORKS, Unit
from npc_kedro.training.classification_loop import train_classifier
from npc_kedro.training.device import choose_compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.memory import classifier_need
from npc_kedro.training.settings import ClassifierSettings

_CROPS_OF_PATIENT = 5
_VALIDATED = 5
"""Every fifth patient validates."""


@dataclass(frozen=True)
class Task:
    """One training.

    Attributes:
        spec: network.
        settings: of the training.
        unit: image or patient.
        n_crops: to learn from and to validate on.
    """

    spec: ClassifierSpec
    settings: ClassifierSettings
    unit: str
    n_crops: int


@dataclass(frozen=True)
class Cost:
    """What a training took.

    Attributes:
        seconds: on the clock.
        cpu: seconds of processor time.
        predicted: bytes, by ``classifier_need``.
        measured: bytes at the peak, above what the process had before.
    """

    seconds: float
    cpu: float
    predicted: int
    measured: int


def train_once(task: Task) -> Cost:
    """Trains in this process, which must have trained nothing before."""
    rng = np.random.default_rng(1)
    side, patients = task.spec.image_size, np.arange(task.n_crops) // _CROPS_OF_PATIENT
    by_patient = task.unit == Unit.PATIENT
    sizes = np.unique(patients, return_counts=True)[1].tolist()
    need = classifier_need(task.spec, task.settings, by_patient=by_patient, bag_sizes=sizes, crop_size=side)
    compute = choose_compute("cpu", "fp32", architecture=task.spec.architecture)
    before, started, cpu = _memory("VmRSS"), time.perf_counter(), time.process_time()
    examples = Examples.from_arrays(
        rng.integers(0, 256, (task.n_crops, side, side), dtype=np.uint8),
        labels=patients % 2,
        patients=np.array([f"{patient:016x}" for patient in patients]),
        is_fit=patients % _VALIDATED != 0,
        image_size=side,
        device=torch.device("cpu"),
    )
    train_classifier(examples, task.spec, settings=task.settings, by_patient=by_patient, compute=compute)
    took, cpu_took = time.perf_counter() - started, time.process_time() - cpu
    return Cost(took, cpu_took, need.total, _memory("VmHWM") - before)


def _memory(field: str) -> int:
    """Bytes, from Linux's own account of this process (man 5 proc)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=int, nargs="+", default=[500, 2000, 8000])
    parser.add_argument("--network", choices=NETWORKS, default="efficientnet_b0")
    parser.add_argument("--unit", choices=[unit.value for unit in Unit], default="image")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--size", type=int, help="side of the crops in pixels; the default run's by default")
    parser.add_argument("--batch", type=int, help="crops in one step; the default run's by default")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    chosen = one_training(parameters_of("train_classifiers", env="base", changes={}), network=given.network)
    shape = chosen.network.model_copy(update={"image_size": given.size or chosen.network.image_size})
    settings = chosen.settings.model_copy(
        update={"epochs": given.epochs, "batch_size": given.batch or chosen.settings.batch_size}
    )
    spec = spec_of(chosen.model_copy(update={"network": shape}), unit=given.unit)
    print(
        f"{given.network}, unit {given.unit}, {spec.image_size} px, batch {settings.batch_size}, "
        f"{given.epochs} epoch(s)"
    )
    print(f"{'crops':>8}{'ms a crop':>12}{'CPU':>8}{'predicted MB':>15}{'measured MB':>14}{'ratio':>8}", flush=True)
    costs = []
    for n_crops in given.crops:
        with own_process() as process:
            cost = process.submit(train_once, Task(spec, settings, given.unit, n_crops)).result()
        costs.append(cost.cpu / n_crops)
        predicted, measured = cost.predicted / 1e6, cost.measured / 1e6
        each, cpu = 1000 * cost.seconds / n_crops, 1000 * cost.cpu / n_crops
        print(
            f"{n_crops:8}{each:12.2f}{cpu:8.2f}{predicted:15.0f}{measured:14.0f}{predicted / measured:8.2f}", flush=True
        )
    print(f"CPU time a crop: at most {max(costs) / median(costs):.2f} times the median")


if __name__ == "__main__":
    main()
