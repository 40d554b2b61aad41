"""Images a second of several ways of doing the same thing, measured in turns on a machine that has other work."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True)
class Pace:
    """What some steps cost.

    Attributes:
        images: that went through.
        wall: seconds on the clock.
        cpu: seconds that the training process spent on its processors, all threads together. With one thread and on
            the CPU this is what the clock would show on an idle machine.
    """

    images: int
    wall: float
    cpu: float


Turn = Callable[[int], Pace]
"""Takes that many steps."""


class Stopwatch:
    """Both clocks over a block."""

    wall = cpu = 0.0


@contextmanager
def timing() -> Iterator[Stopwatch]:
    """Times the block until the device has finished its work."""
    watch = Stopwatch()
    _wait_for_device()
    wall, cpu = time.perf_counter(), _own_cpu()
    yield watch
    _wait_for_device()
    watch.wall, watch.cpu = time.perf_counter() - wall, _own_cpu() - cpu


def steps_of(step: Callable[[], int]) -> Turn:
    """A turn from one step, which returns its number of images."""

    def turn(steps: int) -> Pace:
        with timing() as watch:
            images = sum(step() for _ in range(steps))
        return Pace(images, watch.wall, watch.cpu)

    return turn


@dataclass(frozen=True)
class Speed:
    """Images a second, the median of the turns, by either clock."""

    wall: float
    cpu: float


def in_turns(ways: Mapping[str, Turn], *, rounds: int, steps: int) -> dict[str, Speed]:
    """One way after the other, ``rounds`` times, so that other work on the machine falls on all alike.

    The first step of each turn is not counted: a virtual machine's host may have taken back what was free meanwhile.
    """
    paces: dict[str, list[Pace]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, turn in ways.items():
            turn(1)
            paces[name].append(turn(steps))
    return {name: _speed(found) for name, found in paces.items()}


def _speed(paces: Sequence[Pace]) -> Speed:
    return Speed(median(pace.images / pace.wall for pace in paces), median(pace.images / pace.cpu for pace in paces))


def _own_cpu() -> float:
    return sum(os.times()[:2])


def _wait_for_device() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
