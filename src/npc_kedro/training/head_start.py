"""Fitting the head before anything else learns: linear probing, then fine-tuning.

A new head on top of a trained (or random) network sends wrong gradients into it until it has learnt; in a training of a
few dozen steps it never does. The head alone is a ridge-penalised logistic model of the pooled features: its optimum is
found at once, with all images, and the training proper starts there.
Source: Kumar et al., Fine-Tuning can Distort Pretrained Features, ICLR 2022, arXiv:2202.10054 ("LP-FT").
"""

from collections.abc import Callable, Iterable

import torch
from torch import nn

_ITERATIONS = 200
_SMALLEST_SPREAD = 1e-6
"""Features that never change are not scaled up into noise."""


@torch.no_grad()
def pooled_features(network: nn.Module, batches: Iterable[torch.Tensor]) -> torch.Tensor:
    """What the head receives: float64 (n, features) on the CPU, by the network in evaluation mode."""
    training = network.training
    network.eval()
    features = [network.forward_head(network.forward_features(batch), pre_logits=True) for batch in batches]
    network.train(training)
    return torch.cat(features).double().cpu()


def fit_head(
    head: nn.Linear, features: torch.Tensor, *, loss: Callable[[torch.Tensor], torch.Tensor], ridge: float
) -> None:
    """Sets a head of one logit to the minimum of ``loss + ridge / 2 * |w|^2``, w being per standard deviation.

    Args:
        head: (1, features) weights and one bias.
        features: float64 (n, features).
        loss: from logits (n,) to the summed loss of the items.
        ridge: penalty; the bias goes free.
    """
    mean, spread = features.mean(0), features.std(0).clamp_min(_SMALLEST_SPREAD)
    standardised = (features - mean) / spread
    weight = torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    bias = head.bias.detach().double().cpu().clone().requires_grad_()
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(standardised @ weight + bias) + ridge / 2.0 * weight.square().sum()
        value.backward()
        return value

    optimiser.step(closure)
    with torch.no_grad():
        head.weight.copy_((weight / spread)[None])
        head.bias.copy_(bias - (weight * mean / spread).sum())
