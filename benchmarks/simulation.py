"""How long the simulator takes beside bare writing of the same bytes: ``python -m benchmarks.simulation``."""

import argparse
import os
import tempfile
import time
from pathlib import Path

from npc_kedro.simulation import SimulationPlan, write_cohort
from npc_kedro.study import Arm


def main() -> None:
    """Writes a cohort, then its bytes again, and prints both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=64, help="in each arm")
    parser.add_argument("--matrix", type=int, default=160)
    parser.add_argument("--spacing-mm", type=float, default=9.0)
    parser.add_argument("--workers", type=int, default=0, help="0 is one per core")
    given = parser.parse_args()
    plan = SimulationPlan(
        patients={Arm.CCRT: given.patients, Arm.IC_CCRT: given.patients},
        outlined=min(24, given.patients),
        matrix=given.matrix,
        slice_spacing_mm=given.spacing_mm,
        workers=given.workers,
    )
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        cohort = write_cohort(Path(folder) / "cohort", plan)
        generated = time.perf_counter() - started
        contents = [path.read_bytes() for path in cohort.root.rglob("*") if path.is_file()]
        bare = _write_bare(contents, Path(folder) / "bare")
    size = sum(map(len, contents)) / 2**20
    print(f"{2 * given.patients} patients, {len(contents)} files, {size:.0f} MiB, {plan.processes} processes")
    print(f"generated in {generated:.2f} s ({1000 * generated / len(contents):.1f} ms a file)")
    print(f"bare writing {bare:.2f} s; ratio {generated / bare:.1f}")


def _write_bare(contents: list[bytes], folder: Path) -> float:
    """Seconds to write the files and to bring them to the disk."""
    folder.mkdir()
    started = time.perf_counter()
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    os.sync()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
