"""Freed memory that the process uses again, instead of handing it back and having it zeroed anew by the system.

By default glibc maps every large block on its own and unmaps it when it is freed: each activation of a training step is
then mapped, zeroed page by page and unmapped in every step, up to 40 % of the time of a training on a CPU. Other C
libraries are left as they are. Source: mallopt(3), malloc_trim(3).
"""

import ctypes
import os
from functools import cache
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Options of mallopt, by malloc.h."""
_NEVER = 2**31 - 1
_STATM = Path("/proc/self/statm")


def keep_blocks(n_bytes: int) -> bool:
    """Blocks of up to so many bytes (glibc allows 32 MiB) come from freed memory; False where there is no glibc."""
    return _set({_MMAP_THRESHOLD: n_bytes, _TRIM_THRESHOLD: n_bytes})


def keep_all() -> bool:
    """All blocks come from freed memory, none of which is handed back before :func:`release`; False without glibc.

    Blocks that do not fit the places of earlier ones lengthen the heap: watch it with a :class:`Bound`.
    """
    return _set({_MMAP_MAX: 0, _TRIM_THRESHOLD: _NEVER})


def release() -> None:
    """Hands all that is free back to the system."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


class Bound:
    """Keeps a process that repeats the same step from growing with the number of steps.

    Freed memory is handed back at first, and again when the process has become ``growth`` times as large as the largest
    step makes it that starts without any; so no sequence of steps holds more than that and one step's own need.

    Args:
        growth: above 1.
    """

    def __init__(self, growth: float = 1.25) -> None:
        self._growth = growth
        self._largest = 0
        self._fresh = True
        self.releases = 0
        release()

    def after_step(self) -> None:
        """Looks at the process's size; takes some microseconds."""
        size = resident_bytes()
        if self._fresh:
            self._largest, self._fresh = max(self._largest, size), False
        elif size > self._growth * self._largest:
            release()
            self._fresh = True
            self.releases += 1


def resident_bytes() -> int:
    """Memory of this process, pages of libraries included; 0 where the system does not say."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _set(options: dict[int, int]) -> bool:
    libc = _glibc()
    return libc is not None and all(libc.mallopt(option, value) == 1 for option, value in options.items())


@cache
def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
