"""Crops in memory as one 8-bit array on the device, with the outcome and the patient of each."""

from dataclasses import dataclass

import numpy as np
import torch

from npc_kedro.networks.inputs import resize_grey


@dataclass(frozen=True)
class Examples:
    """What a classifier learns from, and what it is validated on.

    Attributes:
        images: uint8 (n, s, s), on the device.
        labels: int64 (n,), 1 for residual tumour.
        patients: (n,) patient keys.
        fit: rows to learn from.
        validation: rows of other patients, to validate on.
    """

    images: torch.Tensor
    labels: np.ndarray
    patients: np.ndarray
    fit: np.ndarray
    validation: np.ndarray

    @classmethod
    def from_arrays(
        cls,
        pixels: np.ndarray,
        *,
        labels: np.ndarray,
        patients: np.ndarray,
        is_fit: np.ndarray,
        image_size: int,
        device: torch.device,
    ) -> "Examples":
        """Resizes uint8 ``pixels`` (n, side, side) once, on the device; the other arrays have n entries."""
        return cls(
            images=resize_grey(torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(device), image_size),
            labels=np.asarray(labels, dtype=np.int64),
            patients=np.asarray(patients).astype(str),
            fit=np.flatnonzero(is_fit),
            validation=np.flatnonzero(~np.asarray(is_fit, dtype=bool)),
        )

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """The images of these rows in [0, 1]: float (b, s, s), or (b, c, s, s) for rows (b, c)."""
        index = torch.from_numpy(np.ascontiguousarray(rows)).to(self.images.device, non_blocking=True)
        return self.images[index].float() / 255.0
