"""The benchmarks of training run, and their arithmetic is right."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mini_dicom import MiniSeries

ROOT = Path(__file__).parents[1]


def _pace():
    spec = importlib.util.spec_from_file_location("benchmarks_pace", ROOT / "benchmarks/pace.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_median_turn_counts_and_the_first_step_of_each_does_not():
    pace = _pace()
    order = []

    def way(name, seconds):
        costs = iter([cost for counted in seconds for cost in (99.0, counted)])

        def turn(steps):
            order.append((name, steps))
            return pace.Pace(images=10 * steps, wall=next(costs), cpu=4.0)

        return turn

    speeds = pace.in_turns({"slow": way("slow", [2, 40, 4]), "fast": way("fast", [1, 1, 50])}, rounds=3, steps=2)
    assert speeds["slow"].wall == 5.0  # 20 images in 4 s
    assert speeds["fast"].wall == 20.0
    assert speeds["fast"].cpu == 5.0
    assert order == [("slow", 1), ("slow", 2), ("fast", 1), ("fast", 2)] * 3


@pytest.mark.parametrize(
    ("benchmark", "network", "size"), [("training", "efficientnet_b0", "32"), ("segmentation", "unet", "64")]
)
def test_the_three_ways_are_measured(benchmark, network, size):
    options = ["--quick", "--size", size, "--batch", "4", "--networks", network, "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{benchmark}", *options], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(network))
    ours, bare, plain, to_bare, to_plain = map(float, line.split()[1:6])
    assert min(ours, bare, plain) > 0
    assert to_bare == pytest.approx(ours / bare, abs=0.05 * to_bare)
    assert to_plain == pytest.approx(ours / plain, abs=0.05 * to_plain)


def test_memory_is_as_predicted():
    options = ["--crops", "40", "--network", "efficientnet_b0", "--size", "96", "--epochs", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scaling", *options], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = (line for line in done.stdout.splitlines() if line.split()[0] == "40")
    predicted, measured, ratio = map(float, line.split()[3:6])
    assert ratio == pytest.approx(predicted / measured, abs=0.02)
    assert 1 / 1.33 < ratio < 1.33


def test_crops_are_timed():
    options = ["--slices", "30", "60", "--side", "96"]
    done = subprocess.run([sys.executable, "-m", "benchmarks.crop", *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    _, *lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["30", "20"], ["60", "40"]]  # two slices of three have a mask
    assert all(float(line.split()[3]) > 0 for line in lines)


def test_ingest_is_measured_on_files_like_one_of_the_users_own(tmp_path):
    like = tmp_path / "like.dcm"
    like.write_bytes(MiniSeries("A patient", tags={"Manufacturer": "A maker", "RescaleSlope": "3"}).content(0))
    options = ["--patients", "2", "--slices", "3", "--side", "32", "--matrix", "16", "--repeats", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest", "--like", str(like), *options],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "6 slices of 32 x 32, stored at 16 x 16; " in done.stdout
    assert "elements as in a file of A maker" in done.stdout
    assert "Slices: 6 of 2 patients" in " ".join((done.stdout + done.stderr).split())
    assert "A patient" not in done.stdout + done.stderr
