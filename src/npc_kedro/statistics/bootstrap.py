"""Percentile bootstrap intervals by patient, for everything that is measured per slice.

Patients are drawn with replacement and come with all their rows (cluster bootstrap: Field & Welsh, J R Stat Soc B
2007;69:369). A resample on which the statistic is undefined is drawn again; the interval's ``method`` says how often.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import checks, roc
from npc_kedro.statistics.intervals import Interval
from npc_kedro.statistics.resampling import Seed, draw_counts, patient_index, percentile_bounds, resamples

if TYPE_CHECKING:
    import pandas as pd

_OnCounts = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def bootstrap_by_patient(
    frame: pd.DataFrame,
    patient: str,
    statistic: Callable[[pd.DataFrame], float],
    *,
    seed: Seed,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Return any statistic of a tidy table with its percentile interval, patients drawn with all their rows.

    Args:
        frame: one row per slice (or any smaller unit).
        patient: name of the column with the patients' keys.
        statistic: function of such a frame. In a resample the patient column holds numbers 0, 1, ..., one for each
            draw: a patient drawn twice counts as two. Where undefined it may raise StatisticsError or return NaN.
        seed: seed of the draws.
        n_resamples: bootstrap resamples, at least 100.
        level: confidence level.

    Raises:
        StatisticsError: where the statistic is undefined on the data or on most resamples, or on bad input.
    """
    if patient not in frame.columns:
        msg = f"no column {patient!r} among {list(frame.columns)}; name the column that holds the patients' keys"
        raise StatisticsError(msg)
    index, n_patients = patient_index(frame[patient].to_numpy())
    rows_of = np.split(np.argsort(index, kind="stable"), np.cumsum(np.bincount(index))[:-1])

    def on_counts(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([_defined(statistic, _resample(frame, patient, rows_of, drawn)) for drawn in counts])

    return _interval(
        float(statistic(frame)),
        on_counts,
        n_patients=n_patients,
        rows=len(frame),
        seed=seed,
        n_resamples=n_resamples,
        level=level,
    )


def clustered_auc_interval(
    outcome: ArrayLike,
    score: ArrayLike,
    patient: ArrayLike,
    *,
    seed: Seed,
    n_resamples: int = 2000,
    level: float = 0.95,
) -> Interval:
    """Return the AUC over all rows with a percentile interval, patients drawn with all their rows.

    The same as ``bootstrap_by_patient`` with ``roc.auc``, from one sort for all resamples together.

    Args:
        outcome: (n,) 0/1.
        score: (n,) finite numbers.
        patient: (n,) patient keys.
        seed: seed of the draws; the same seed gives the same interval whatever the order of rows.
        n_resamples: bootstrap resamples, at least 100.
        level: confidence level.

    Raises:
        StatisticsError: on bad input, or where most resamples have a single class.
    """
    truth, value = checks.outcome_and_score(outcome, score)
    index, n_patients = patient_index(patient)
    checks.same_length(index, value, names=("patient", "score"))
    order = np.argsort(value, kind="stable")
    positive, owner = truth[order].astype(np.float64), index[order]
    start_of_tie = np.flatnonzero(np.concatenate([[True], np.diff(value[order]) != 0]))

    def on_counts(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        weight = counts[:, owner]
        positives = np.add.reduceat(weight * positive, start_of_tie, axis=1)
        negatives = np.add.reduceat(weight * (1 - positive), start_of_tie, axis=1)
        wins = (positives * (np.cumsum(negatives, axis=1) - negatives / 2)).sum(axis=1)
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        return np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0)

    return _interval(
        roc.auc(outcome, score),
        on_counts,
        n_patients=n_patients,
        rows=len(value),
        seed=seed,
        n_resamples=n_resamples,
        level=level,
    )


def clustered_mean_interval(
    values: ArrayLike, patient: ArrayLike, *, seed: Seed, n_resamples: int = 2000, level: float = 0.95
) -> Interval:
    """Return the mean over all rows (such as the Dice of slices) with a percentile interval by patient.

    Args:
        values: (n,) finite numbers.
        patient: (n,) patient keys; one row per patient gives the ordinary bootstrap of a mean.
        seed: seed of the draws.
        n_resamples: bootstrap resamples, at least 100.
        level: confidence level.

    Raises:
        StatisticsError: on bad input.
    """
    value = checks.finite(values, name="values")
    index, n_patients = patient_index(patient)
    checks.same_length(index, value, names=("patient", "values"))
    sums, sizes = np.bincount(index, weights=value), np.bincount(index).astype(np.float64)
    return _interval(
        float(value.mean()),
        lambda counts: (counts @ sums) / (counts @ sizes),
        n_patients=n_patients,
        rows=n_patients,
        seed=seed,
        n_resamples=n_resamples,
        level=level,
    )


def _resample(
    frame: pd.DataFrame, patient: str, rows_of: list[NDArray[np.intp]], drawn: NDArray[np.float64]
) -> pd.DataFrame:
    chosen = [rows_of[which] for which in np.repeat(np.arange(len(rows_of)), drawn.astype(int))]
    draw_number = np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])
    return frame.iloc[np.concatenate(chosen)].assign(**{patient: draw_number}).reset_index(drop=True)


def _defined(statistic: Callable[[pd.DataFrame], float], resample: pd.DataFrame) -> float:
    try:
        return float(statistic(resample))
    except StatisticsError:
        return np.nan  # counted and drawn again by _interval


def _interval(
    estimate: float,
    on_counts: _OnCounts,
    *,
    n_patients: int,
    rows: int,
    seed: Seed,
    n_resamples: int,
    level: float,
) -> Interval:
    level, n_resamples = checks.level(level), resamples(n_resamples)
    if not np.isfinite(estimate):
        msg = f"the statistic of the {n_patients} patients is {estimate}; expected a finite number before resampling"
        raise StatisticsError(msg)
    rng = np.random.default_rng(seed)
    values = np.empty(0)
    undefined = 0
    while len(values) < n_resamples:
        wanted = n_resamples - len(values)
        drawn = np.concatenate(
            [on_counts(counts) for counts in draw_counts(n_patients, n_resamples=wanted, rows=rows, rng=rng)]
        )
        finite = drawn[np.isfinite(drawn)]
        undefined += len(drawn) - len(finite)
        values = np.concatenate([values, finite])
        if undefined > n_resamples:
            msg = (
                f"the statistic is undefined on {undefined} of {undefined + len(values)} resamples of {n_patients} "
                f"patients (usually one outcome only); there are too few patients for a bootstrap interval"
            )
            raise StatisticsError(msg)
    lo, hi = percentile_bounds(values, level=level)
    again = f", {undefined} undefined and drawn again" if undefined else ""
    return Interval(estimate, lo, hi, level, f"percentile bootstrap by patient, {n_resamples} resamples{again}")
