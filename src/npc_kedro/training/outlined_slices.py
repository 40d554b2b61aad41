"""Slices and their outlines in memory, at the size that a segmenter sees, for learning and validation."""

from dataclasses import dataclass

import numpy as np
import torch

from npc_kedro.networks.inputs import resize_float, resize_grey

_AT_ONCE = 128


@dataclass(frozen=True)
class OutlinedSlices:
    """What a segmenter learns from, and what it is validated on.

    Attributes:
        images: uint8 (n, s, s), on the device.
        targets: uint8 (n, s, s), 1 inside the outlined tumour, on the device.
        truth: bool (n, height, width), the outline at full size, on the host.
        patients: (n,) patient keys.
        fit: rows to learn from.
        validation: rows of other patients, to validate on.
    """

    images: torch.Tensor
    targets: torch.Tensor
    truth: np.ndarray
    patients: np.ndarray
    fit: np.ndarray
    validation: np.ndarray

    @classmethod
    def from_arrays(
        cls,
        pixels: np.ndarray,
        truth: np.ndarray,
        *,
        patients: np.ndarray,
        parts: np.ndarray,
        image_size: int,
        device: torch.device,
    ) -> "OutlinedSlices":
        """Resizes once and moves to the device.

        Args:
            pixels: uint8 (n, height, width).
            truth: bool (n, height, width).
            patients: (n,) patient keys.
            parts: (n,) "train" and "validation"; rows of another part are in neither.
            image_size: side that the network sees.
            device: where the resized arrays live.
        """
        return cls(
            images=resize_grey(torch.from_numpy(np.array(pixels)).to(device), image_size),
            targets=resize_mask(truth, image_size, device=device),
            truth=truth,
            patients=np.asarray(patients).astype(str),
            fit=np.flatnonzero(parts == "train"),
            validation=np.flatnonzero(parts == "validation"),
        )


def resize_mask(masks: np.ndarray, size: int, *, device: torch.device) -> torch.Tensor:
    """bool (n, height, width) as uint8 (n, size, size): 1 where at least half of the pixel lies inside."""
    blocks = [
        resize_float(torch.from_numpy(np.array(masks[start : start + _AT_ONCE])).to(device).float(), size) >= 0.5
        for start in range(0, len(masks), _AT_ONCE)
    ]
    if not blocks:
        return torch.zeros((0, size, size), dtype=torch.uint8, device=device)
    return torch.cat(blocks).to(torch.uint8)
