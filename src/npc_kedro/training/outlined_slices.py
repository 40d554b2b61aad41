"""Slices and their outlines in memory, at the size that a segmenter sees, for learning and validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from npc_kedro.networks.inputs import resize_float, resize_grey
from npc_kedro.training.body import Square

_AT_ONCE = 128


@dataclass(frozen=True)
class OutlinedSlices:
    """What a segmenter learns from, and what it is validated on.

    Attributes:
        images: uint8 (n, s, s), on the device.
        targets: uint8 (n, s, s), 1 inside the outlined tumour, on the device.
        truth: bool (n, height, width), the outline at full size, on the host.
        patients: (n,) patient keys.
        squares: (n,) the part of the slice that ``images`` and ``targets`` show.
        fit: rows to learn from.
        validation: rows of other patients, to validate on.
    """

    images: torch.Tensor
    targets: torch.Tensor
    truth: np.ndarray
    patients: np.ndarray
    squares: tuple[Square, ...]
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
        squares: Sequence[Square],
        image_size: int,
        device: torch.device,
    ) -> "OutlinedSlices":
        """Resizes once and moves to the device.

        Args:
            pixels: uint8 (n, height, width).
            truth: bool (n, height, width).
            patients: (n,) patient keys.
            parts: (n,) "train" and "validation"; rows of another part are in neither.
            squares: (n,) the part of each slice that the network sees.
            image_size: side that the network sees.
            device: where the resized arrays live.
        """
        images = torch.empty((len(pixels), image_size, image_size), dtype=torch.uint8, device=device)
        targets = torch.empty_like(images)
        for rows, square in by_square(np.arange(len(pixels)), squares):
            rows_down, columns = square.window
            seen = torch.from_numpy(np.ascontiguousarray(pixels[rows][:, rows_down, columns])).to(device)
            images[torch.from_numpy(rows).to(device)] = resize_grey(seen, image_size)
            outlined = truth[rows][:, rows_down, columns]
            targets[torch.from_numpy(rows).to(device)] = resize_mask(outlined, image_size, device=device)
        return cls(
            images=images,
            targets=targets,
            truth=truth,
            patients=np.asarray(patients).astype(str),
            squares=tuple(squares),
            fit=np.flatnonzero(parts == "train"),
            validation=np.flatnonzero(parts == "validation"),
        )


def by_square(rows: np.ndarray, squares: Sequence[Square]) -> Iterator[tuple[np.ndarray, Square]]:
    """The rows that share a square, squares in the order of their first row; ``squares`` is indexed by row."""
    of_rows = [squares[row] for row in rows]
    for square in dict.fromkeys(of_rows):
        yield rows[[other == square for other in of_rows]], square


def resize_mask(masks: np.ndarray, size: int, *, device: torch.device) -> torch.Tensor:
    """bool (n, height, width) as uint8 (n, size, size): 1 where at least half of the pixel lies inside."""
    blocks = [
        resize_float(torch.from_numpy(np.array(masks[start : start + _AT_ONCE])).to(device).float(), size) >= 0.5
        for start in range(0, len(masks), _AT_ONCE)
    ]
    if not blocks:
        return torch.zeros((0, size, size), dtype=torch.uint8, device=device)
    return torch.cat(blocks).to(torch.uint8)
