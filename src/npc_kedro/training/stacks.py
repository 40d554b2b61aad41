"""A patient as one image with several slices on its channel axis, as in the publication's public code."""

import numpy as np


def stack_rows(patients: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """For each patient, which rows lie on the channels: evenly spaced over the patient's slices, in their order.

    A patient with fewer slices than channels has some repeated.

    Args:
        patients: (n,) key of each row, rows of a patient from inferior to superior.
        channels: slices in a stack.

    Returns:
        sorted keys (p,) and rows (p, channels).
    """
    keys = np.unique(patients)
    stacks = np.empty((len(keys), channels), dtype=np.int64)
    for position, key in enumerate(keys):
        rows = np.flatnonzero(patients == key)
        stacks[position] = rows[np.linspace(0, len(rows) - 1, channels).round().astype(int)]
    return keys, stacks
