"""Time a slice and memory of ``crop`` at the publication's scale, as the number of slices grows.

    python -m benchmarks.crop [--slices 1000 7109] [--side 512]

The node is the project's own, with the parameters of ``conf/paper``: windows of every series, the largest part of every
predicted mask, its rectangle cut and resized, the crops written. Slices and masks lie on the disk, memory-mapped, as in
a run; they are smooth noise, with an ellipse and a stray part as mask on two slices of three. 7,109 slices are those of
the full simulated cohort. Memory is what the process itself holds at its peak: pages of mapped files, which the system
takes back when it needs them, do not count. Needs Linux, whose account of memory is read.
"""

import argparse
import logging
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.study_settings import parameters_of, textures
from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.pipelines.crop.nodes import crop_tumours

_PER_PATIENT = 17
_TEXTURES = 16


def write_study(folder: Path, n: int, side: int) -> tuple[ImageTable, ImageTable, pd.DataFrame]:
    """Slices, masks and patients as ``ingest`` and ``segment`` leave them."""
    rng, noise = np.random.default_rng(1), textures(_TEXTURES, side).astype(np.uint16) * 16
    keys = [f"{index // _PER_PATIENT:016x}" for index in range(n)]
    table = pd.DataFrame({"patient_key": keys, "series_key": keys, "spacing_row_mm": 0.43, "spacing_col_mm": 0.43})
    rows, columns = np.ogrid[:side, :side]
    with (
        ImageTableWriter(folder, shape=(side, side), dtype=np.uint16) as slices,
        ImageTableWriter(folder, shape=(side, side), dtype=np.uint8) as masks,
    ):
        for index in range(n):
            slices.append(np.roll(noise[index % _TEXTURES], index, axis=1))
            mask = np.zeros((side, side), dtype=np.uint8)
            if index % 3:
                (y, x), (a, b) = rng.integers(side // 4, 3 * side // 4, 2), rng.integers(side // 40, side // 8, 2)
                mask[((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 < 1] = 1
                mask[:4, :4] = 1
            masks.append(mask)
        patients = pd.DataFrame({"patient_key": sorted(set(keys))})
        return slices.finish(table), masks.finish(table[["patient_key"]]), patients


class OwnMemory:
    """Watches what this process holds beside mapped files; ``peak`` is bytes above the beginning."""

    def __enter__(self) -> "OwnMemory":
        self._begun, self.peak = _anonymous_bytes(), 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, _anonymous_bytes() - self._begun)


def _anonymous_bytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, nargs="+", default=[1000, 7109])
    parser.add_argument("--side", type=int, default=512)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    print(f"{'slices':>8}{'crops':>8}{'seconds':>9}{'ms a slice':>12}{'CPU ms a slice':>16}{'MiB':>7}")
    for n in given.slices:
        with tempfile.TemporaryDirectory() as folder:
            slices, masks, patients = write_study(Path(folder), n, given.side)
            parameters = parameters_of("crop", env="paper", changes={}) | {"scratch": folder}
            with OwnMemory() as memory:
                started, cpu = time.perf_counter(), time.process_time()
                crops, _ = crop_tumours(slices, masks, patients, parameters)
                took, used = time.perf_counter() - started, time.process_time() - cpu
        per_slice = f"{1000 * took / n:12.2f}{1000 * used / n:16.2f}"
        print(f"{n:8}{len(crops):8}{took:9.1f}{per_slice}{memory.peak / 2**20:7.0f}", flush=True)


if __name__ == "__main__":
    main()
