"""Randomness under control: every draw of a training comes from its seed, and nothing leaks out."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def reproducible(seed: int, *, threads: int, device: torch.device) -> Iterator[None]:
    """Fixes seed and thread count for the block and restores what was before.

    Sums are ordered by the number of threads, so equal numbers need equal threads. Denormals are flushed: tiny
    activations would make a step several times slower.
    """
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
            torch.set_num_threads(before)


def epoch_generator(seed: int, epoch: int) -> np.random.Generator:
    """The generator of one epoch's draws (order, augmentation): known without having run the epochs before."""
    return np.random.default_rng([seed, epoch])
