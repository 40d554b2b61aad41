"""Grad-CAM: where in a slice a classifier found its evidence for residual tumour.

Source: Selvaraju et al., Int J Comput Vis 2020;128:336-359, doi 10.1007/s11263-019-01228-7.
"""

import numpy as np
import torch
from torch import nn

from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.classifiers import restore_classifier
from npc_kedro.networks.inputs import normalise, resize_float, resize_grey

SMALLEST_MAP = 4
"""Side of the coarsest feature map worth showing: below it the overlay is a single blob."""


def grad_cam(checkpoint: Checkpoint, images: np.ndarray, *, smallest_map: int = SMALLEST_MAP) -> np.ndarray:
    """Evidence for residual tumour, pixel by pixel.

    The map is that of the network's last stage whose side is at least ``smallest_map``: the last stage of all at
    224 px, one earlier at 64 px. A network that takes a stack of slices gets the same slice in every channel.

    Args:
        checkpoint: a trained classifier.
        images: uint8 (b, side, side), as stored in ``crops``.

    Returns:
        float32 (b, side, side) in [0, 1], 1 where the evidence of that image is strongest, 0 everywhere if it has none.
    """
    network, spec = restore_classifier(checkpoint)
    side = images.shape[-1]
    grey = resize_grey(torch.from_numpy(np.array(images)), spec.image_size).float() / 255.0
    stages = _feature_maps(network, normalise(grey, spec))
    chosen = next((pair for pair in reversed(stages) if min(pair[0].shape[-2:]) >= smallest_map), stages[-1])
    cam = _weighted(*chosen)
    strongest = cam.flatten(1).amax(1)[:, None, None]
    cam = torch.where(strongest > 0, cam / strongest.clamp_min(torch.finfo(cam.dtype).tiny), 0.0)
    return resize_float(cam, side).clamp(0, 1).numpy().astype(np.float32)


def _weighted(features: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """The positive part of the feature maps' sum, each weighted by its mean gradient: (b, c, h, w) -> (b, h, w)."""
    importance = gradient.mean(dim=(2, 3), keepdim=True)
    return (importance * features).sum(1).clamp_min(0)


def _feature_maps(network: nn.Module, inputs: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Output of each stage that timm lists, first to last, and the logits' gradient with respect to it."""
    captured: list[torch.Tensor] = []

    def keep(_module: nn.Module, _inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        captured.append(output)
        return output.clone()  # what follows may work in place

    names = [stage["module"] for stage in network.feature_info]
    handles = [network.get_submodule(name).register_forward_hook(keep) for name in names]
    try:
        logits = network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    gradients = torch.autograd.grad(logits.sum(), captured)
    return [(features.detach(), gradient) for features, gradient in zip(captured, gradients, strict=True)]
