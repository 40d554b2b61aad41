"""Batch norm's statistics taken afresh, for networks that were trained in few steps.

Running averages still remember weights of many steps ago; a network of fifty steps is judged with statistics that were
never its own. Source: Wu & Johnson, Rethinking "Batch" in BatchNorm, arXiv:2105.07576, section 3 ("PreciseBN").
"""

from collections.abc import Iterable

import torch
from torch import nn


@torch.no_grad()
def refresh_norms(network: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Sets each running mean and variance to the average over the batches, by the network as it is now.

    The random state is left alone.

    Args:
        network: in training mode, on the batches' device.
        batches: network inputs of two or more images each.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over all batches from here on
    devices = [next(network.parameters()).device]
    with torch.random.fork_rng(devices=devices if devices[0].type == "cuda" else []):
        for batch in batches:
            network(batch)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
