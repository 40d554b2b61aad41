"""From grey 8-bit images to what a network takes: resized, normalised as the weights expect, repeated."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812

_RESIZED_AT_ONCE = 256
"""Images resized together: bounds the float copy."""


@dataclass(frozen=True)
class InputSpec:
    """What a network takes.

    Attributes:
        image_size: side in pixels.
        mean: per channel, of intensities in [0, 1].
        std: per channel.
    """

    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def spread_over(cls, channels: int, *, image_size: int, mean: Sequence[float], std: Sequence[float]) -> "InputSpec":
        """The spec for ``channels`` grey images in place of red, green and blue: each gets the colours' average."""
        if channels == len(mean):
            return cls(image_size, tuple(mean), tuple(std))
        return cls(image_size, (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels)


def resize_grey(images: torch.Tensor, size: int) -> torch.Tensor:
    """uint8 (n, height, width) as uint8 (n, size, size): bilinear, with antialiasing where it shrinks."""
    if images.shape[-2:] == (size, size):
        return images.contiguous()
    resized = [resize_float(block.float(), size) for block in images.split(_RESIZED_AT_ONCE)]
    return torch.cat([block.round_().clamp_(0, 255).to(torch.uint8) for block in resized])


def resize_float(images: torch.Tensor, size: int) -> torch.Tensor:
    """Floats (n, height, width) as (n, size, size): bilinear, with antialiasing where it shrinks."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images[:, None], size=(size, size), mode="bilinear", antialias=True, align_corners=False)[:, 0]


def normalise(images: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Intensities in [0, 1] as network input, channels last in memory.

    Args:
        images: float (b, s, s), repeated over the channels, or (b, channels, s, s).
        spec: mean and spread per channel.
    """
    mean = torch.tensor(spec.mean, dtype=images.dtype).to(images.device, non_blocking=True)
    std = torch.tensor(spec.std, dtype=images.dtype).to(images.device, non_blocking=True)
    channels = images[:, None] if images.ndim == 3 else images
    normalised = (channels - mean[:, None, None]) / std[:, None, None]
    return normalised.contiguous(memory_format=torch.channels_last)
