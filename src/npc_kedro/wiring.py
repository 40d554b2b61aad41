"""Nodes made from one function with some of its arguments fixed."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any


class _Fixed(partial):
    """A partial that reaches a worker under its function's name.

    ``multiprocessing`` pickles ``functools.partial`` itself without its attributes, a subclass with them.
    """


def with_fixed(function: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    """The function with some arguments fixed, still under its own name."""
    return update_wrapper(_Fixed(function, **fixed), function)
