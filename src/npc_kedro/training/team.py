"""Several processes that train one network together, each with its share of every batch.

All hold the same weights and go through the same steps. In a step each passes its own rows through the network; the
logits of all rows then go to everybody, who take the same loss and go back through their own rows; the gradients are
summed. So the gradient is that of the whole batch, whatever the loss: of slices, of bags whose slices lie in several
processes, weighted or not. Batch norm's statistics are those of the whole batch, too.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
import torch.distributed as dist
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.overrides import TorchFunctionMode

OfRows = Callable[[torch.Tensor], torch.Tensor]
"""From n images to n numbers, one for each by itself but for batch norm."""


class Members(Protocol):
    """Those who train together."""

    def numbers_of(self, rows: torch.Tensor, compute: OfRows) -> torch.Tensor:
        """``compute`` of all rows, wherever it is computed."""

    def sum_gradients(self, network: nn.Module) -> None:
        """Puts the sum of everybody's gradients in the place of one's own."""


class Alone:
    """One process trains by itself."""

    def numbers_of(self, rows: torch.Tensor, compute: OfRows) -> torch.Tensor:
        """Computed here."""
        return compute(rows)

    def sum_gradients(self, network: nn.Module) -> None:
        """Nobody else has any."""
        del network


class Team:
    """The processes of torch's default group, which must be there."""

    def __init__(self) -> None:
        self._rank, self._size = dist.get_rank(), dist.get_world_size()

    def numbers_of(self, rows: torch.Tensor, compute: OfRows) -> torch.Tensor:
        """Each computes its own consecutive share of the rows; gradients go back into these only."""
        n = len(rows)
        own = slice(n * self._rank // self._size, n * (self._rank + 1) // self._size)
        with _SharedNorms(n):
            numbers = compute(rows[own])
        gathered: torch.Tensor = _Gathered.apply(numbers, own, n)
        return gathered

    def sum_gradients(self, network: nn.Module) -> None:
        """In one piece, as each message has its latency."""
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        for gradient, piece in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(piece.view(gradient.shape))


_members: Members = Alone()


def current() -> Members:
    """Those who train with this process."""
    return _members


@contextmanager
def joined() -> Iterator[None]:
    """The processes of torch's default group train together for the duration of the block."""
    global _members
    before, _members = _members, Team()
    try:
        yield
    finally:
        _members = before


class _Gathered(torch.autograd.Function):
    """Everybody's rows, from one's own; the gradient of one's own rows comes back, taken from the whole loss."""

    @staticmethod
    def forward(ctx: Any, numbers: torch.Tensor, own: slice, n: int) -> torch.Tensor:
        ctx.own = own
        everybody = numbers.new_zeros(n)
        everybody[own] = numbers
        dist.all_reduce(everybody)
        return everybody

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return gradient[ctx.own], None, None


class _Summed(torch.autograd.Function):
    """The sum over the processes. What follows from it does so in each of them: its gradient is a sum, too."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


class _SharedNorms(TorchFunctionMode):
    """Batch norm over the rows of all processes, in every module that calls torch's function.

    torch's SyncBatchNorm does this on GPUs only.

    Args:
        n: rows of all processes together.
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self._n = n

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is F.batch_norm:
            return self._batch_norm(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))

    def _batch_norm(
        self,
        input: torch.Tensor,
        running_mean: torch.Tensor | None,
        running_var: torch.Tensor | None,
        weight: torch.Tensor | None = None,
        bias: torch.Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> torch.Tensor:
        """As ``torch.nn.functional.batch_norm``, with the mean and the variance of all rows."""
        if not training:
            return F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
        shape = [1, -1] + [1] * (input.ndim - 2)
        others = [0, *range(2, input.ndim)]
        count = self._n * input.shape[2:].numel()
        values = input.float() if input.dtype == torch.bfloat16 else input
        mean = _Summed.apply(values.sum(others)) / count
        centred = values - mean.view(shape)
        variance = _Summed.apply(centred.square().sum(others)) / count
        if running_mean is not None and running_var is not None:
            with torch.no_grad():
                running_mean.lerp_(mean, momentum)
                running_var.lerp_(variance * (count / (count - 1)), momentum)
        normed = centred * (variance + eps).rsqrt().view(shape)
        if weight is not None and bias is not None:
            normed = normed * weight.view(shape) + bias.view(shape)
        return normed.to(input.dtype)
