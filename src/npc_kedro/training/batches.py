"""Which examples make up each step."""

from itertools import pairwise

import numpy as np


def shuffled_batches(n: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """0..n-1 in random order, cut into steps whose sizes differ by at most one and are at most ``batch_size``.

    Even sizes, because a short last batch would weigh its few examples more and starve batch normalisation.
    """
    return np.array_split(rng.permutation(n), -(-n // batch_size))


def pack(sizes: list[int], limit: int) -> list[list[int]]:
    """Consecutive bags grouped so that each group holds at most ``limit`` slices; a longer bag is a group of its own.

    Groups that would hold a single slice join the group before them, since batch normalisation needs two.

    Args:
        sizes: slices of each bag.
        limit: slices in one pass.

    Returns:
        positions in ``sizes``, in order.
    """
    groups: list[list[int]] = []
    load = 0
    for position, size in enumerate(sizes):
        if groups and (load + size <= limit or size == 1 or load == 1):
            groups[-1].append(position)
            load += size
        else:
            groups.append([position])
            load = size
    return groups


def even_chunks(n: int, limit: int) -> list[slice]:
    """0..n-1 in the fewest consecutive pieces of at most ``limit``, sizes differing by at most one."""
    edges = np.linspace(0, n, max(1, -(-n // limit)) + 1).round().astype(int)
    return [slice(int(start), int(stop)) for start, stop in pairwise(edges)]
