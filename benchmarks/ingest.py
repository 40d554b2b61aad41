"""How fast ``ingest`` is, beside a plain serial loop over ``pydicom.dcmread(path).pixel_array``.

    python -m benchmarks.ingest [--patients 160] [--slices 25] [--side 512] [--matrix 160] [--workers 0] [--repeats 7]
                                [--others 180 0] [--like FILE] [--compressed rle|jpeg-ls]
    python -m benchmarks.ingest --commands [--patients 160] [--slices 25] [--side 512] [--repeats 3]

Both read the same files from a warm cache; the loop only decodes, ``ingest`` also walks, checks, chooses, hashes,
resamples and stores. A second run finds the folder unchanged and only checks it. The three take turns, so that a host
that slows down slows all of them, and the median turn counts. Wall time is what a user waits, on an idle machine; CPU
time (all processes together) still says something on a busy one. Memory is the peak of this process and of the largest
of its children.

It measures two kinds of file: with 180 elements beside those that ingest asks for (an untouched file of GE or Siemens
has 170 to 210 of them) and, the hardest case since the loop reads it fastest, with none. ``--others`` asks for other
numbers. ``--like`` takes the elements of a DICOM file of your own instead: what ingest asks for and the pixels are the
benchmark's, all else is the file's. ``--compressed`` packs the pixels as archives do; without it they lie in the files
as they are.

``--commands`` measures what a user types instead, ``kedro run --pipelines=ingest``, twice: the second time the runner
finds the folder unchanged and leaves the pipeline out. It prints the time from start to end of the command, and that of
the pipeline as the command itself logs it: the rest is the start of Python, Kedro and MLflow, the same for any cohort.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pydicom
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from omegaconf import OmegaConf
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, MRImageStorage, RLELossless, generate_uid

from npc_kedro.cohort import CohortFolder
from npc_kedro.datasets.image_table import ImageTableDataset
from npc_kedro.pipelines.ingest import create_pipeline

CONFIGURATION = Path(__file__).parents[1] / "conf/base/ingest/parameters.yml"
_SYNTAXES = {"rle": RLELossless, "jpeg-ls": JPEGLSLossless}
_PRIVATE_GROUP = 0x0019
"""The group of private elements in which makers put how the image was acquired, behind block 10."""

_LOGGED = 0.1
"""Kedro logs a pipeline's seconds to one digit."""


def write_cohort(root: Path, given: argparse.Namespace, others: Dataset) -> None:
    """Writes axial series of noise with every tag that ingest asks for, and ``others`` besides."""
    rng = np.random.default_rng(1)
    lines = ["patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage"]
    for patient in range(given.patients):
        folder = root / "dicom" / f"{patient:04d}"
        folder.mkdir(parents=True)
        series = generate_uid()
        for index in range(given.slices):
            pixels = rng.integers(0, 2000, (given.side, given.side), dtype=np.uint16)
            dataset = _slice(str(patient), series, index, pixels, others)
            if given.compressed:
                dataset.compress(_SYNTAXES[given.compressed], generate_instance_uid=False)
            dataset.save_as(folder / f"{index}.dcm", enforce_file_format=True)
        lines.append(f"{patient},CCRT,{patient % 2},50,male,III,T3,N1")
    (root / "clinical.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def made_up(count: int) -> Dataset:
    """So many private elements."""
    dataset = Dataset()
    if count:
        dataset.add_new((_PRIVATE_GROUP, 0x0010), "LO", "BENCHMARK")
    for number in range(count):
        dataset.add_new((_PRIVATE_GROUP, 0x1000 + number), "DS", str(number / 7)[:16])
    return dataset


def taken_from(path: Path) -> Dataset:
    """All elements of a file but its pixels, and the tags that would say another size or range than the benchmark's."""
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    for name in ("NumberOfFrames", "RescaleSlope", "RescaleIntercept", "PixelPaddingValue"):
        if name in dataset:
            delattr(dataset, name)
    dataset.walk(lambda within, element: element.value)  # read now, not when it is written
    return Dataset(dataset)


def _slice(patient: str, series: str, index: int, pixels: np.ndarray, others: Dataset) -> Dataset:
    dataset = copy(others)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = series
    dataset.PatientID, dataset.Modality, dataset.SeriesDescription = patient, "MR", "Ax T1 FSE +C"
    dataset.ImageType, dataset.ScanningSequence = ["ORIGINAL", "PRIMARY"], "SE"
    dataset.RepetitionTime, dataset.EchoTime, dataset.ContrastBolusAgent = "500", "10", "Gd"
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 5 * index], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.5], "5"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.add_new("PixelData", "OW", pixels.tobytes())
    return dataset


def plain_loop(root: Path) -> None:
    """What a script does: decode every file, one after the other."""
    for path in sorted((root / "dicom").rglob("*.dcm")):
        _ = pydicom.dcmread(path).pixel_array


def shipped_parameters(store: Path, *, matrix: int, workers: int) -> dict[str, Any]:
    """The project's own parameters of ``ingest``."""
    written = OmegaConf.load(CONFIGURATION)["ingest"]
    written["matrix"], written["scratch"], written["workers"] = matrix, str(store / "scratch"), workers
    return OmegaConf.to_container(written, resolve=True)  # type: ignore[return-value]


def ingest(root: Path, store: Path, parameters: dict[str, Any]) -> int:
    """The pipeline with its slices on disk; returns their number."""
    catalog = DataCatalog(
        {
            "cohort": MemoryDataset(CohortFolder(root=root, simulated=True), copy_mode="assign"),
            "params:ingest": MemoryDataset(parameters),
            "slices": ImageTableDataset(filepath=str(store / "slices")),
            "outlines": ImageTableDataset(filepath=str(store / "outlines")),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    return len(catalog.load("slices"))


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of all processors together."""

    wall: float
    cpu: float


def cost(work: Callable[[], object]) -> Cost:
    """What one run costs."""
    wall, used = time.perf_counter(), os.times()
    work()
    cpu = [now - then for now, then in zip(os.times()[:4], used[:4], strict=True)]
    return Cost(time.perf_counter() - wall, sum(cpu))


def measure(root: Path, store: Path, given: argparse.Namespace) -> dict[str, list[Cost]]:
    """Turn by turn: the plain loop, the first run of ``ingest`` and a second one on the same folder."""
    run = partial(ingest, root, store, shipped_parameters(store, matrix=given.matrix, workers=given.workers))
    works = {"plain serial loop": partial(plain_loop, root), "ingest": run, "ingest again": run}
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(given.repeats):
        shutil.rmtree(store, ignore_errors=True)
        for name, work in works.items():
            costs[name].append(cost(work))
    return costs


@dataclass(frozen=True)
class Command:
    """Seconds of one ``kedro run``: from start to end, and of the pipeline by its own log."""

    whole: float
    pipeline: float


def command(root: Path, store: Path) -> Command:
    """``kedro run --pipelines=ingest`` on a cohort; key and maps stay out of the project's."""
    kept = {"NPC_DATA_ROOT": store / "data", "MLFLOW_TRACKING_URI": f"sqlite:///{store}.db", "NPC_COHORT_ROOT": root}
    start = time.perf_counter()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "kedro", "run", "--pipelines=ingest"),
            f"--params=ingest.pseudonym_key_file={store}.private/pseudonym.key",
        ],
        cwd=CONFIGURATION.parents[3],
        env=os.environ | {name: str(value) for name, value in kept.items()},
        check=True,
        capture_output=True,
        text=True,
    )
    whole = time.perf_counter() - start
    (seconds,) = re.findall(r"completed\s+successfully\s+in\s+([\d.]+)\s+sec", done.stdout + done.stderr)
    return Command(whole, float(seconds))


def measure_commands(folder: Path, given: argparse.Namespace) -> None:
    """Prints how long the command takes the first and the second time: the median of several, each from nothing."""
    root = folder / "cohort"
    write_cohort(root, given, made_up(0))
    pairs = [[command(root, folder / f"store {turn}") for _ in range(2)] for turn in range(given.repeats)]
    print(f"{given.patients * given.slices} slices of {given.side} x {given.side}")
    for what in ("whole", "pipeline"):
        first, again = (median(getattr(pair[turn], what) for pair in pairs) for turn in range(2))
        ratios = sorted(getattr(one, what) / max(getattr(two, what), _LOGGED) for one, two in pairs)
        print(
            f"{what:18} {first:7.2f} s, again {again:7.2f} s; first / again {median(ratios):6.1f}"
            f"    ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = {"patients": 160, "slices": 25, "side": 512, "matrix": 160, "workers": 0, "repeats": 7}
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--others", type=int, nargs="+", default=[180, 0])
    parser.add_argument("--like", type=Path)
    parser.add_argument("--compressed", choices=sorted(_SYNTAXES))
    parser.add_argument("--commands", action="store_true")
    given = parser.parse_args()
    if given.commands:
        with tempfile.TemporaryDirectory() as folder:
            measure_commands(Path(folder), given)
        return
    kinds = {f"{count} elements beside those asked for": made_up(count) for count in given.others}
    if given.like:
        others = taken_from(given.like)
        kinds = {f"{len(list(others.iterall()))} elements as in a file of {others.get('Manufacturer')}": others}
    for kind, others in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "cohort"
            write_cohort(root, given, others)
            costs = measure(root, Path(folder) / "store", given)
        report(costs, given, kind)


def report(costs: dict[str, list[Cost]], given: argparse.Namespace, kind: str) -> None:
    """Prints what :func:`measure` measured."""
    count = given.patients * given.slices
    sizes = f"{given.side} x {given.side}, stored at {given.matrix} x {given.matrix}"
    print(f"{count} slices of {sizes}; {kind}")
    for name, turns in costs.items():
        wall, cpu = (1000 * median(getattr(turn, clock) for turn in turns) / count for clock in ("wall", "cpu"))
        print(f"{name:18} {wall * count / 1000:7.2f} s  {wall:6.2f} ms a slice, {cpu:6.2f} ms of CPU")
    plain, first, second = ([turn.wall for turn in turns] for turns in costs.values())
    ratios = sorted(slow / fast for slow, fast in zip(plain, first, strict=True))
    print(f"{'plain / ingest':18} {median(ratios):7.2f}    (turns: {ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"{'first / again':18} {median(first) / median(second):7.2f}")
    peaks = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{'peak memory':18} {max(peaks):7.0f} MiB")


if __name__ == "__main__":
    main()
