"""The patient as a bag of slices: the loss is taken on the mean probability and goes back through every slice.

One label a patient; the patient's probability is the mean of the slices' probabilities, which is what the publication
feeds "into the model for learning". Several bags go through the network in one pass; memory is bounded whatever the
length of a bag.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from npc_kedro.training.batches import even_chunks, pack

Forward = Callable[[torch.Tensor], torch.Tensor]
"""From prepared images (t, c, s, s) to fp32 logits (t,)."""


def log_mean_probability(logits: torch.Tensor, sizes: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logarithms of each bag's mean probability of residual tumour, and of one minus it.

    In logarithms, so that a bag of confident slices keeps its gradient where a rounded probability of 0 or 1 has none.

    Args:
        logits: (t,) of all slices, bag after bag.
        sizes: slices of each bag; sum t.

    Returns:
        two tensors (bags,).
    """
    rows = logits.split(list(sizes))
    longest = max(sizes)
    padded = torch.stack([F.pad(row, (0, longest - len(row))) for row in rows])
    lengths = torch.tensor(list(sizes)).to(logits.device, non_blocking=True)
    outside = torch.arange(longest, device=logits.device)[None, :] >= lengths[:, None]
    positive = F.logsigmoid(padded).masked_fill(outside, -torch.inf).logsumexp(1) - lengths.log()
    negative = F.logsigmoid(-padded).masked_fill(outside, -torch.inf).logsumexp(1) - lengths.log()
    return positive, negative


def bag_losses(logits: torch.Tensor, sizes: Sequence[int], targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each bag's mean probability.

    Args:
        logits: (t,) of all slices, bag after bag.
        sizes: slices of each bag.
        targets: (bags,) in [0, 1].

    Returns:
        (bags,) losses in nats.
    """
    positive, negative = log_mean_probability(logits, sizes)
    return -(targets * positive + (1.0 - targets) * negative)


def accumulate_bag_gradients(
    network: nn.Module,
    images: torch.Tensor,
    sizes: Sequence[int],
    *,
    targets: torch.Tensor,
    weights: torch.Tensor,
    max_slices_per_pass: int,
    forward: Forward,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Adds the gradient of ``(weights * bag losses).sum()`` to the network's parameters.

    Whole bags share a pass while they fit. A bag that is longer than a pass goes through in chunks, twice: once without
    graph for the logits, once more for each chunk with the loss's gradient at them. The result is exact: both times
    draw the same random numbers, and running statistics count each slice once. (Batch normalisation sees one pass at
    a time, as it sees one batch at a time.)

    Args:
        network: in training mode.
        images: (t, c, s, s), bag after bag.
        sizes: slices of each bag.
        targets: (bags,) in [0, 1].
        weights: (bags,) each bag's share of the step's loss.
        max_slices_per_pass: bound on the slices whose activations are held at once.
        forward: calls the network.

    Returns:
        the weighted loss, a scalar on the device, and (bags,) mean probabilities, both detached.
    """
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    total = torch.zeros((), device=images.device)
    probabilities = []
    for group in pack(list(sizes), max_slices_per_pass):
        inside = slice(offsets[group[0]], offsets[group[-1] + 1])
        bags = slice(group[0], group[-1] + 1)
        group_sizes = [sizes[bag] for bag in group]

        def loss_of(logits: torch.Tensor, group_sizes: list[int] = group_sizes, bags: slice = bags) -> torch.Tensor:
            return (weights[bags] * bag_losses(logits, group_sizes, targets[bags])).sum()

        chunks = even_chunks(sum(group_sizes), max_slices_per_pass)
        backward = _backward_whole if len(chunks) == 1 else _backward_chunked
        loss, logits = backward(network, images[inside], chunks, loss_of=loss_of, forward=forward)
        total += loss
        probabilities.append(log_mean_probability(logits, group_sizes)[0].exp())
    return total, torch.cat(probabilities)


def _backward_whole(
    network: nn.Module, images: torch.Tensor, chunks: list[slice], *, loss_of: Forward, forward: Forward
) -> tuple[torch.Tensor, torch.Tensor]:
    del network, chunks
    logits = forward(images)
    loss = loss_of(logits)
    loss.backward()
    return loss.detach(), logits.detach()


def _backward_chunked(
    network: nn.Module, images: torch.Tensor, chunks: list[slice], *, loss_of: Forward, forward: Forward
) -> tuple[torch.Tensor, torch.Tensor]:
    statistics = [buffer.clone() for buffer in network.buffers()]
    devices = [images.device] if images.device.type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        logits = torch.cat([forward(images[chunk]) for chunk in chunks])
        for buffer, value in zip(network.buffers(), statistics, strict=True):
            buffer.copy_(value)
    logits.requires_grad_()
    loss = loss_of(logits)
    (gradient,) = torch.autograd.grad(loss, logits)
    for chunk in chunks:
        forward(images[chunk]).backward(gradient[chunk])
    return loss.detach(), logits.detach()
