"""Whether the node that runs was told to repeat everything: what it keeps from run to run then counts for nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

_asked = False


def asked() -> bool:
    """Whether ``reuse=false`` holds for the node that runs in this process."""
    return _asked


@contextmanager
def repeating() -> Iterator[None]:
    """The block in which everything is repeated."""
    global _asked
    before, _asked = _asked, True
    try:
        yield
    finally:
        _asked = before
