"""The loop that most people write: PNG files, PIL, torchvision transforms, loader processes, fp32, default memory.

It runs in a process of its own: what this project tells the allocator must not speed it up.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.pace import Pace, Turn, timing

_LOADER_PROCESSES = 2


@dataclass(frozen=True)
class PlainLoop:
    """What the loop does.

    Attributes:
        folder: with ``<n>.png`` and a ``<n>_label.png`` beside each: one pixel, or a mask.
        build: makes the network.
        optimiser: makes its optimiser.
        image_size: side that the network sees.
        batch_size: images in one step.
        threads: of torch.
        device: cpu or cuda.
    """

    folder: Path
    build: Callable[[], nn.Module]
    optimiser: Callable[..., torch.optim.Optimizer]
    image_size: int
    batch_size: int
    threads: int
    device: str


class _Pictures(Dataset):
    def __init__(self, folder: Path, size: int) -> None:
        self._files = sorted(path for path in folder.glob("*.png") if not path.stem.endswith("_label"))
        self._image = transforms.Compose(
            [
                transforms.Resize((size, size)),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )
        nearest = transforms.InterpolationMode.NEAREST
        self._mask = transforms.Compose([transforms.Resize((size, size), nearest), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        file = self._files[index]
        picture = Image.open(file).convert("RGB")
        label = Image.open(file.with_name(f"{file.stem}_label.png"))
        if torch.rand(1) < 0.5:
            picture = transforms.functional.hflip(picture)
            label = transforms.functional.hflip(label)
        if label.size == (1, 1):
            return self._image(picture), transforms.functional.to_tensor(label).flatten()
        return self._image(picture), self._mask(label)


def plain_turn(loop: PlainLoop, executor: ProcessPoolExecutor) -> Turn:
    """A turn of the loop in the executor's one process."""
    return lambda steps: executor.submit(_turn, loop, steps).result()


def own_process() -> ProcessPoolExecutor:
    """A fresh process, without this one's allocator settings; it keeps the network between turns."""
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"))


_kept: dict[str, tuple[nn.Module, torch.optim.Optimizer, DataLoader]] = {}


def _turn(loop: PlainLoop, steps: int) -> Pace:
    """The loader starts afresh and its first batch is not counted, so that it has no batches in store."""
    network, optimiser, loader = _made(loop)
    batches = iter(loader)
    next(batches)
    images = 0
    with timing() as watch:
        for _ in range(steps):
            pictures, labels = next(batches)
            logits = network(pictures.to(loop.device))
            loss = nn.functional.binary_cross_entropy_with_logits(logits, labels.to(loop.device))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss.item()  # a plain loop prints it
            images += len(pictures)
    return Pace(images, watch.wall, watch.cpu)


def _made(loop: PlainLoop) -> tuple[nn.Module, torch.optim.Optimizer, DataLoader]:
    if not _kept:
        torch.set_num_threads(loop.threads)
        network = loop.build().to(loop.device).train()
        pictures = _Pictures(loop.folder, loop.image_size)
        loader = DataLoader(pictures, batch_size=loop.batch_size, shuffle=True, num_workers=_LOADER_PROCESSES)
        _kept["loop"] = (network, loop.optimiser(network.parameters()), loader)
    return _kept["loop"]


def write_pictures(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """PNG files: uint8 images (n, s, s), and labels (n,) or masks (n, s, s), 0 or 1."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(folder / f"{index:04d}.png")
        shown = 255 * np.atleast_2d(label).astype(np.uint8)
        Image.fromarray(shown).save(folder / f"{index:04d}_label.png")


sgd = partial(torch.optim.SGD, lr=0.001, momentum=0.9, weight_decay=1e-4)
rmsprop = partial(torch.optim.RMSprop, lr=0.001, momentum=0.9, weight_decay=1e-8)
