"""How a run is stopped from outside: by Ctrl-C (SIGINT), or by SIGTERM, which a scheduler sends before it kills.

Either raises in the command's main thread. Ctrl-C goes to all processes of a terminal, and some schedulers' SIGTERM to
all of a job: what is to be done then is the command's business alone, which ends its workers.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ECHO_SECONDS = 2.0
"""A signal often comes twice, to the process and to its group. One that comes later than this means: at once."""


class Stopped(KeyboardInterrupt):
    """The run was told to stop.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return signal.Signals(self.number).name


_last_words: list[Callable[[], None]] = []


def before_the_end(do: Callable[[], None]) -> None:
    """What is to be done once a command has been told to stop and its workers are ended."""
    _last_words.append(do)


_told: int | None = None
"""The signal by which the block under way was told to stop."""


def require_going_on() -> None:
    """For work that waits: an exception that a signal raised within a destructor is lost, what it said is not.

    Raises:
        Stopped: if the block under way was told to stop and is still at it.
    """
    if _told is not None:
        raise Stopped(_told)


@contextmanager
def heeded() -> Iterator[None]:
    """A signal to stop raises in this block; a second one, after two seconds, ends the process at once.

    A signal that was ignored before, as SIGINT is in a background job of a script, stays so.

    Raises:
        Stopped: after the last words; in place of whatever other error code in between made of it.
    """
    global _told
    if threading.current_thread() is not threading.main_thread():  # which alone may set handlers
        yield
        return
    handler = _Handler()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {number: old for number, old in before.items() if old not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
        require_going_on()
    except BaseException:
        if _told is None:
            raise
        for do in _last_words:
            do()
        raise Stopped(_told) from None
    finally:
        _told = None
        _last_words.clear()
        for number, old in before.items():
            signal.signal(number, old)


def left_to_the_command() -> None:
    """For a worker: SIGINT does nothing in it, SIGTERM ends it without a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Handler:
    def __init__(self) -> None:
        self._process, self._first = os.getpid(), 0.0

    def __call__(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:  # a child that was forked just now
            self._at_once(number)
        elif not self._first:
            global _told
            self._first, _told = time.monotonic(), number
            raise Stopped(number)
        elif time.monotonic() - self._first > _ECHO_SECONDS:
            self._at_once(number)

    @staticmethod
    def _at_once(number: int) -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
