"""Where a long computation tells how it is doing, without knowing who listens.

Training loops call :func:`current`; the tracking hook installs a listener for the node in hand. Outside a run the
listener does nothing, so that libraries need neither Kedro nor MLflow.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol


class Reporter(Protocol):
    """A listener of one computation.

    Attributes:
        run_id: of the MLflow run that keeps what it hears, "" where nothing is kept.
    """

    run_id: str

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Takes the metrics of one epoch (``step`` counts from 1)."""

    def progress(self, done: int, total: int) -> None:
        """Takes how many of the computation's steps are behind it."""


class Silence:
    """The listener when nobody listens."""

    run_id = ""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Forgets the values."""
        del values, step

    def progress(self, done: int, total: int) -> None:
        """Forgets the position."""
        del done, total


_listener: Reporter = Silence()


def current() -> Reporter:
    """The listener of the computation in hand."""
    return _listener


@contextmanager
def listening(listener: Reporter) -> Iterator[Reporter]:
    """Installs ``listener`` for the duration of the block."""
    before = install(listener)
    try:
        yield listener
    finally:
        install(before)


def install(listener: Reporter) -> Reporter:
    """Installs ``listener`` until the next call and returns the one it replaces."""
    global _listener
    before, _listener = _listener, listener
    return before
