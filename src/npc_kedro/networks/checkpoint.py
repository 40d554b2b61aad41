"""A trained network as the catalog stores it: its weights, and all that is needed to rebuild and judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Checkpoint:
    """Weights of a trained network.

    Attributes:
        weights: parameters and buffers by name, on the CPU, contiguous.
        about: plain JSON. Always ``architecture``, ``image_size``, ``mean``, ``std``, ``threshold``, ``best_epoch``,
            ``seed``, ``patients`` (sorted keys that were fitted on or validated with), ``parameters``, ``precision``.
    """

    weights: Mapping[str, torch.Tensor]
    about: Mapping[str, Any] = field(default_factory=dict)


def weights_of(network: nn.Module, *, into: dict[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    """A copy of the network's parameters and buffers that later training steps do not touch.

    Args:
        network: on any device.
        into: an earlier copy of the same network to overwrite, so that only one is ever held.
    """
    state = network.state_dict()
    if not into:
        return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in state.items()}
    for name, value in state.items():
        into[name].copy_(value.detach())
    return into
