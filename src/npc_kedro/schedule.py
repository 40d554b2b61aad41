"""How long nodes take, which to start first, and how long the run still needs.

The weights are seconds on one core of an ordinary laptop at the default scale. They only order the nodes and give the
estimate its start: the estimate is then corrected by the speed seen in this run.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from npc_kedro.board import read_progress

logger = logging.getLogger(__name__)

_EXPECTED_SECONDS: tuple[tuple[str, float], ...] = (
    ("train_classifiers.*inception_resnet_v2", 58),
    ("train_classifiers.*resnet50", 29),
    ("train_classifiers.*xception", 28),
    ("train_classifiers.*efficientnet_b0", 23),
    ("train_classifiers", 30),
    ("segment.unet.train", 78),
    ("segment.deeplabv3.train", 47),
    ("predict_masks", 25),
    ("simulate", 30),
    ("decode", 10),
    ("evaluate.*predict", 3),
    ("predict_under", 8),
    ("grad_cam", 6),
)
_OTHERWISE_SECONDS = 1.5
_HEAVY = "train_classifiers.*inception_resnet_v2"
"""Needs far more memory than the rest: two of them side by side set the peak of the whole run."""
_LINE_SECONDS = 15.0


def expected_seconds(node: str) -> float:
    """The weight of a node by its name: the first entry whose parts all occur in it, in order."""
    return next((seconds for pattern, seconds in _EXPECTED_SECONDS if _fits(pattern, node)), _OTHERWISE_SECONDS)


def _fits(pattern: str, node: str) -> bool:
    position = 0
    for part in pattern.split("*"):
        found = node.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


class Schedule:
    """Keeps the run's account of time.

    Args:
        nodes: names of all nodes of the run.
        workers: how many run side by side.
    """

    def __init__(self, nodes: Sequence[str], *, workers: int) -> None:
        self._seconds = {node: expected_seconds(node) for node in nodes}
        self._workers = workers
        self._done: set[str] = set()
        self._running: set[str] = set()
        self._started = time.monotonic()
        self._last_line = self._started
        self._bar: Any = None
        self._task: Any = None

    def rank(self, node: str) -> tuple[bool, bool, float, str]:
        """The order in which ready nodes start: checks that may end the run, then the longest, equals by name.

        While a training that needs much memory runs, others like it wait as long as there is anything else to do.
        """
        check = node.rpartition(".")[2].startswith("check_")
        crowds = _fits(_HEAVY, node) and any(_fits(_HEAVY, other) for other in self._running)
        return (not check, crowds, -self._seconds[node], node)

    def begin(self, node: str) -> None:
        """A node starts."""
        self._running.add(node)

    def end(self, node: str) -> None:
        """A node is finished."""
        self._running.discard(node)
        self._done.add(node)
        logger.info("done %d of %d: %s", len(self._done), len(self._seconds), node)

    def leave_out(self, node: str) -> None:
        """A node need not run: neither its time nor its number counts."""
        del self._seconds[node]

    def share_done(self) -> float:
        """The share of the run's expected work that is behind it, in [0, 1]."""
        total = sum(self._seconds.values())
        behind = sum(self._seconds[node] for node in self._done)
        behind += sum(self._seconds[node] * read_progress(node) for node in self._running)
        return behind / total if total else 1.0

    def seconds_left(self) -> float:
        """The estimate: the expected rest at first, then more and more the speed seen."""
        share = self.share_done()
        elapsed = time.monotonic() - self._started
        expected = sum(self._seconds.values()) / self._workers * (1 - share)
        seen = elapsed * (1 - share) / share if share > 0 else expected
        trust = min(1.0, share * 4)
        return trust * seen + (1 - trust) * expected

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A bar on a terminal; a line every fifteen seconds where the output goes to a file."""
        import rich

        console = rich.get_console()
        if not console.is_terminal:
            yield
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        text = TextColumn("{task.description}")
        columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), text)
        with Progress(*columns, console=console, transient=True) as self._bar:
            self._task = self._bar.add_task("starting", total=1.0)
            yield
        self._bar = None

    def refresh(self) -> None:
        """Brings the bar, or the log, up to date."""
        text = f"about {_in_words(self.seconds_left())} left: {', '.join(sorted(self._running)) or 'starting'}"
        if self._bar is not None:
            self._bar.update(self._task, completed=self.share_done(), description=text)
        elif time.monotonic() - self._last_line >= _LINE_SECONDS:
            self._last_line = time.monotonic()
            logger.info("%3.0f %% done, %s", 100 * self.share_done(), text)


def _in_words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
