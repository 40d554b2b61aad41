"""Random flips, shifts, turns, sizes and brightness for a whole batch at once, on the device."""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from npc_kedro.training.settings import AugmentationSettings


class Augmentation:
    """Draws and applies random changes.

    Args:
        settings: how large the changes may be.
        rng: source of every draw, on the host: the same numbers whatever the device.
    """

    def __init__(self, settings: AugmentationSettings, rng: np.random.Generator) -> None:
        self._settings = settings
        self._rng = rng

    def __call__(
        self, images: torch.Tensor, masks: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Changed copies of the images, and of their masks moved the same way.

        Args:
            images: float (b, s, s) in [0, 1].
            masks: float (b, s, s), 0 or 1.

        Returns:
            float (b, s, s) each; masks stay 0 or 1.
        """
        n = len(images)
        motion, gain = self._draw(n)
        if motion is not None:
            grid = F.affine_grid(motion.to(images.device, non_blocking=True), [n, 1, *images.shape[-2:]], False)
            images = _sample(images, grid, padding="border")
            masks = None if masks is None else (_sample(masks, grid, padding="zeros") >= 0.5).to(masks.dtype)
        if gain is not None:
            images = (images * gain.to(images.device, non_blocking=True)).clamp(0, 1)
        return images, masks

    def _draw(self, n: int) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Affine matrices (n, 2, 3) from output to input coordinates in [-1, 1], and gains (n, 1, 1)."""
        s, rng = self._settings, self._rng
        flip = np.where(rng.random(n) < s.horizontal_flip, -1.0, 1.0)
        shift = rng.uniform(-2.0 * s.shift, 2.0 * s.shift, size=(n, 2))
        zoom = 1.0 / (1.0 + rng.uniform(-s.scale, s.scale, size=n))
        angle = np.radians(rng.uniform(-s.rotation_degrees, s.rotation_degrees, size=n))
        gain = 1.0 + rng.uniform(-s.gain, s.gain, size=n)
        matrices = np.zeros((n, 2, 3))
        matrices[:, 0, 0], matrices[:, 0, 1] = flip * zoom * np.cos(angle), -flip * zoom * np.sin(angle)
        matrices[:, 1, 0], matrices[:, 1, 1] = zoom * np.sin(angle), zoom * np.cos(angle)
        matrices[:, :, 2] = shift
        moves = s.horizontal_flip or s.shift or s.scale or s.rotation_degrees
        return (
            torch.from_numpy(matrices).float() if moves else None,
            torch.from_numpy(gain).float()[:, None, None] if s.gain else None,
        )


def _sample(images: torch.Tensor, grid: torch.Tensor, *, padding: str) -> torch.Tensor:
    return F.grid_sample(images[:, None], grid, mode="bilinear", padding_mode=padding, align_corners=False)[:, 0]
