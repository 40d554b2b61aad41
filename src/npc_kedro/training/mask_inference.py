"""Tumour masks from trained segmenters."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.inputs import InputSpec, normalise, resize_float
from npc_kedro.networks.segmenters import restore_segmenter
from npc_kedro.training.body import Square, whole
from npc_kedro.training.device import Compute, choose_device


class MaskPredictor:
    """A trained segmenter ready to be shown slices, in fp32 whatever the training's precision.

    Args:
        checkpoint: the segmenter.
        device: auto, cpu, cuda or cuda:<index>.
    """

    def __init__(self, checkpoint: Checkpoint, *, device: str) -> None:
        network, self._spec = restore_segmenter(checkpoint)
        self._compute = Compute(choose_device(device), "fp32")
        self._network = self._compute.move(network)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self._compute.device

    def probabilities(self, images: np.ndarray, square: Square | None = None) -> np.ndarray:
        """Probability of tumour at every pixel.

        Args:
            images: uint8 (b, height, width).
            square: the part that the network is shown; all of it if left out.

        Returns:
            float32 (b, height, width), 0 outside the square.
        """
        rows, columns = (square or whole(images.shape[1:])).window
        batch = torch.from_numpy(np.ascontiguousarray(images[:, rows, columns])).to(self._compute.device)
        probabilities = np.zeros(images.shape, dtype=np.float32)
        probabilities[:, rows, columns] = mask_probabilities(self._network, batch, spec=self._spec).cpu().numpy()
        return probabilities


@torch.inference_mode()
def mask_probabilities(
    network: nn.Module, images: torch.Tensor, *, spec: InputSpec, size: tuple[int, int] | None = None
) -> torch.Tensor:
    """Probability of tumour at every pixel, the logits interpolated to that size.

    Args:
        network: in evaluation mode.
        images: uint8 (b, height, width), of any size, on the network's device.
        spec: size, mean and spread of the network's input.
        size: of the result; that of the images if left out.

    Returns:
        float32 (b, *size).
    """
    size = tuple(images.shape[-2:]) if size is None else size
    small = resize_float(images.float(), spec.image_size) / 255.0
    logits = network(normalise(small, spec))[:, 0].float()
    if size != (spec.image_size, spec.image_size):
        logits = nn.functional.interpolate(logits[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    return logits.sigmoid()


def blocks(n: int, size: int) -> Iterator[slice]:
    """0..n-1 in consecutive pieces of ``size``; the last may be shorter."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
