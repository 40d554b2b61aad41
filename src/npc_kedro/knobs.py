"""Which part of a pipeline's parameters a node depends on, said beside the node and held to by it.

A node's function validates one part of the parameters and works with nothing else::

    @reads(MaskParameters.model_validate)
    def predict_masks(slices, ..., parameters):
        settings = MaskParameters.model_validate(parameters)

A change elsewhere in the pipeline's parameters then leaves the node's results as they are.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Part = Callable[..., Any]
"""From the parameters, and whichever of the function's fixed arguments it names, to a pydantic model."""

_Function = TypeVar("_Function", bound=Callable[..., Any])
_ATTRIBUTE = "reads"


def reads(part: Part) -> Callable[[_Function], _Function]:
    """Marks a node's function as depending on ``part`` of its parameters only."""

    def mark(function: _Function) -> _Function:
        setattr(function, _ATTRIBUTE, part)
        return function

    return mark


def part_read_by(function: Any) -> Part | None:
    """The part that the function is marked with; a ``functools.partial`` carries the mark of what it wraps."""
    return getattr(function, _ATTRIBUTE, None) or getattr(getattr(function, "func", None), _ATTRIBUTE, None)
