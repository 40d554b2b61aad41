"""What the tests of the heap do in processes of their own, whose memory nothing else has touched."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from npc_kedro import heap

GROWING_STEP_BYTES = 4 * 70e6
"""The largest of :func:`growing_steps`."""


def in_a_process_of_its_own(function: Callable[..., Any], **named: Any) -> Any:
    """What the function returns there."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, **named).result()


def faults_of_later_steps(keep: bool) -> int:
    """Pages that the system had to give after the second of eight equal steps."""
    import resource

    import numpy as np

    if keep:
        heap.keep_all()
    for step in range(8):
        blocks = [np.ones(8_000_000) for _ in range(3)]
        del blocks
        if step == 1:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def sizes_around_a_block() -> tuple[int, int, int]:
    """Bytes of the process before a block of 100 MB, after it is freed, and after freed memory is handed back."""
    import numpy as np

    heap.keep_all()
    before = heap.resident_bytes()
    block = np.ones(12_500_000)
    del block
    kept = heap.resident_bytes()
    heap.release()
    return before, kept, heap.resident_bytes()


def growing_steps(growth: float) -> tuple[int, int, int]:
    """Bytes of the process at the most and at first, and how often memory was handed back."""
    import torch

    heap.keep_all()
    before, largest = heap.resident_bytes(), 0
    bound = heap.Bound(growth)
    for step in range(50):  # aligned blocks, each a little larger than the place of the one before it
        held = [torch.ones(12_500_000 + 100_000 * step + 1_000 * i) for i in range(4)]
        del held
        bound.after_step()
        largest = max(largest, heap.resident_bytes())
    return largest, before, bound.releases
