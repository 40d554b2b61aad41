"""Drawing patients with replacement: slices of one patient are not independent, so a patient comes with all of them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks

Seed = int | Sequence[int]

ELEMENTS_AT_ONCE = 4_000_000
"""Resamples x rows held in memory together: 32 MB of float64, small beside a model and large enough to vectorise."""


def patient_index(patient: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Number the patients 0..k-1 in the order of their sorted keys.

    Returns:
        (n,) index of each row's patient, and k. The sorted order keeps a seeded draw independent of the rows' order.

    Raises:
        StatisticsError: if there are no rows, a key is missing, or there are fewer than two patients.
    """
    keys = np.asarray(patient)
    if keys.ndim != 1 or keys.size == 0:
        msg = f"patient keys have shape {keys.shape}; expected one key per row and at least one row"
        raise StatisticsError(msg)
    # NaN, None and pandas.NA are the only values here that are not equal to themselves or not there at all.
    absent = sum(key is None or str(key) in {"nan", "<NA>", "NaT"} for key in keys.tolist())
    if absent:
        msg = f"{absent} of {keys.size} rows have no patient key; every slice belongs to a patient"
        raise StatisticsError(msg)
    unique, index = np.unique(keys.astype(str) if keys.dtype.kind == "O" else keys, return_inverse=True)
    if len(unique) < 2:
        msg = f"all {keys.size} rows belong to one patient; a bootstrap by patient needs at least two"
        raise StatisticsError(msg)
    return index.reshape(-1), len(unique)


def draw_counts(
    n_patients: int, *, n_resamples: int, rows: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each patient was drawn, in chunks of shape (resamples, n_patients) that sum to n_resamples rows.

    Args:
        n_patients: patients to draw from, and drawn each time.
        n_resamples: resamples in total.
        rows: rows that the caller will weight per resample; sets the chunk so that memory stays bounded.
        rng: source of randomness; the sequence of draws does not depend on the chunk size.
    """
    chunk = max(1, ELEMENTS_AT_ONCE // max(rows, n_patients))
    for start in range(0, n_resamples, chunk):
        size = min(chunk, n_resamples - start)
        drawn = rng.integers(0, n_patients, size=(size, n_patients))
        drawn += n_patients * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n_patients).reshape(size, n_patients).astype(np.float64)


def percentile_bounds(values: NDArray[np.float64], *, level: float) -> tuple[float, float]:
    """Return the percentile bootstrap's two bounds of (n_resamples,) statistics."""
    lo, hi = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(lo), float(hi)


def resamples(n_resamples: int) -> int:
    """Return the number of resamples, refusing fewer than 100, whose percentiles would be noise."""
    return checks.count(n_resamples, name="n_resamples", at_least=100)
