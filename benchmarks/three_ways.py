"""Options and printed lines of the benchmarks that compare (a) our step, (b) the bare network and (c) a plain loop."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from statistics import geometric_mean

import torch

from benchmarks.pace import Speed

_QUICK = {"size": 96, "batch": 8, "rounds": 1}
_HEADER = (
    f"{'':20}{'a ours':>9}{'b bare':>9}{'c plain':>9}{'a/b':>7}{'a/c':>7}   by CPU time:"
    f"{'a':>8}{'b':>8}{'c':>8}{'a/b':>7}{'a/c':>7}"
)


def options(description: str) -> argparse.ArgumentParser:
    """What the benchmarks take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small pictures and batches, one round: does it run?")
    parser.add_argument("--size", type=int, help="side of the pictures in pixels; the publication's by default")
    parser.add_argument("--batch", type=int, help="pictures in one step; the publication's by default")
    parser.add_argument("--threads", type=int, default=1, help="of torch; one, as in the study's own trainings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1, help="in each round")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    return parser


def read(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options of the command line; ``--quick`` only sets what was left at its default."""
    given = parser.parse_args()
    if given.quick:
        untouched = [name for name in _QUICK if getattr(given, name) == parser.get_default(name)]
        vars(given).update({name: _QUICK[name] for name in untouched})
    return given


def report(
    names: Sequence[str], measure: Callable[[str, argparse.Namespace], Mapping[str, Speed]], given: argparse.Namespace
) -> None:
    """Measures and prints one line a network as soon as it is there, and the means."""
    print(f"images a second; {_circumstances(given.threads)}\n{_HEADER}", flush=True)
    found = []
    for name in names:
        found.append(measure(name, given))
        print(_line(name, found[-1]), flush=True)
    for clock in ("wall", "cpu"):
        ratios = [_ratio(speeds, "plain", clock) for speeds in found]
        print(f"geometric mean of a/c by {clock}: {geometric_mean(ratios):.2f}")
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def _ratio(speeds: Mapping[str, Speed], other: str, clock: str) -> float:
    return float(getattr(speeds["ours"], clock) / getattr(speeds[other], clock))


def _line(name: str, speeds: Mapping[str, Speed]) -> str:
    text = f"{name:20}"
    for clock, width in (("wall", 9), ("cpu", 8)):
        text += "" if clock == "wall" else " " * 16
        text += "".join(f"{getattr(speeds[way], clock):{width}.2f}" for way in ("ours", "bare", "plain"))
        text += "".join(f"{_ratio(speeds, way, clock):7.2f}" for way in ("bare", "plain"))
    return text


def _circumstances(threads: int) -> str:
    """The machine in general words, how busy it is, and the threads used."""
    capability = torch.backends.cpu.get_cpu_capability()
    gpu = f"; {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} cores, {capability}{gpu}; {threads} thread(s); {load}; torch {torch.__version__}"
