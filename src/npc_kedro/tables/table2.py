"""Table 2: how well each of the sixteen classifiers does on the test cohort, with the uncertainty of every number.

Residual tumour is the positive class: ``se`` is the recall of RT. The publication's printed Se is the recall of *NRT*;
that orientation stands in ``se_published_orientation`` and ``sp_published_orientation``.

Unit ``image`` is measured slice by slice. Slices of one patient are not independent, so every interval there comes from
resampling patients. Unit ``patient`` is measured on the mean probability of a patient's slices: Wilson and DeLong.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.decisions.patient_probability import patient_means
from npc_kedro.decisions.rule import predicts_residual
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import bootstrap, calibration, classification, roc
from npc_kedro.study import NETWORKS, Arm, Unit

COLUMNS: tuple[str, ...] = (
    "model", "unit", "network", "acc", "se", "sp", "auc", "auc_lo", "auc_hi",
    "n", "n_positive", "n_patients", "threshold", "tp", "fp", "tn", "fn",
    "acc_lo", "acc_hi", "se_lo", "se_hi", "sp_lo", "sp_hi", "proportion_method",
    "auc_logit_lo", "auc_logit_hi", "auc_method", "calibration_intercept", "calibration_slope", "calibration_note",
    "brier", "ece",
    "se_published_orientation", "sp_published_orientation", "baseline_auc", "baseline_p",
)  # fmt: skip
"""The columns of ``published/table2.csv``, then ours."""

AVERAGED: tuple[str, ...] = (
    "acc", "se", "sp", "auc", "brier", "se_published_orientation", "sp_published_orientation",
)  # fmt: skip
"""What the ``average`` rows hold: the mean of the networks, as the publication averages."""

_BY_PATIENT = "bootstrap by patient"
_ALIKE = "all resamples alike"
"""Why a bootstrap has no interval."""

_FEWEST_PER_CLASS = 2
"""DeLong's variance needs two patients of each outcome; below that the interval is left empty and named so."""


@dataclass(frozen=True)
class Resampling:
    """How intervals at slice level are made: ``n_resamples`` draws of patients from ``seed``, at ``level``."""

    n_resamples: int
    seed: int
    level: float = 0.95


def table2(
    predictions: pd.DataFrame,
    *,
    thresholds: pd.DataFrame,
    baseline: pd.DataFrame,
    n_resamples: int,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Table 2 of the models in ``predictions``.

    Args:
        predictions: one row per model and test slice: arm, unit, network, patient_key, crop_row, residual_tumor (0/1),
            probability (of residual tumour).
        thresholds: arm, unit, network, threshold; one row per model.
        baseline: patient_key, probability of the clinical baseline under the treatment given
            (:func:`npc_kedro.decisions.clinical_baseline.baseline_scores`).
        n_resamples: patients' bootstrap draws for the intervals at slice level.
        seed: of the draws, the same for every model, so that models are compared on the same resamples.
        level: of every interval.

    Returns:
        :data:`COLUMNS`: per arm and unit the networks in the order of the study, then ``average``. Empty cells: bounds
        of averages, the baseline at slice level, what has too few patients to exist, and bounds by resampling where all
        resamples are the same, as with every slice right: that says nothing about certainty (``auc_method`` and
        ``proportion_method`` say so).

    Raises:
        StatisticsError: if a model has no threshold, a patient no baseline score, or a patient two outcomes.
    """
    resampling = Resampling(n_resamples=n_resamples, seed=seed, level=level)
    cuts = thresholds.set_index(["arm", "unit", "network"])["threshold"].to_dict()
    baseline_of = baseline.set_index("patient_key")["probability"]
    rows: list[dict[str, object]] = []
    for arm in Arm:
        for unit in Unit:
            here = predictions[(predictions["arm"] == arm.value) & (predictions["unit"] == unit.value)]
            group = []
            for network in _in_study_order(here["network"]):
                key = (arm.value, unit.value, network)
                if key not in cuts:
                    msg = f"no threshold for {key}; `thresholds` needs one row per arm, unit and network"
                    raise StatisticsError(msg)
                measured = _measure(here[here["network"] == network], unit, cuts[key], baseline_of, resampling)
                group.append({"model": arm.value, "unit": unit.value, "network": network, **measured})
            rows += group
            if group:
                rows.append(_average(group))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    counts = ["n", "n_positive", "n_patients", "tp", "fp", "tn", "fn"]
    return table.astype(dict.fromkeys(counts, "Int64"))


def _measure(
    slices: pd.DataFrame, unit: Unit, threshold: float, baseline_of: pd.Series, resampling: Resampling
) -> dict[str, object]:
    slices = slices.sort_values(["patient_key", "crop_row"], ignore_index=True)
    patients = patient_means(slices)
    cases = slices if unit is Unit.IMAGE else patients
    outcome, probability = cases["residual_tumor"].to_numpy(), cases["probability"].to_numpy(dtype=float)
    called = predicts_residual(probability, threshold=threshold)
    clusters = cases["patient_key"].to_numpy() if unit is Unit.IMAGE else None
    return {
        "n": len(cases),
        "n_positive": int(outcome.sum()),
        "n_patients": len(patients),
        "threshold": threshold,
        **_proportions(outcome == 1, called, clusters=clusters, resampling=resampling),
        **_discrimination(outcome, probability, clusters=clusters, resampling=resampling),
        **_calibration(outcome, probability),
        **(_against_baseline(patients, baseline_of) if unit is Unit.PATIENT else {}),
    }


def _proportions(
    positive: np.ndarray, called: np.ndarray, *, clusters: np.ndarray | None, resampling: Resampling
) -> dict[str, object]:
    counts = classification.confusion(positive, called)
    right = positive == called
    among = {"acc": np.ones_like(positive), "se": positive, "sp": ~positive}
    shares = {"acc": classification.accuracy, "se": classification.sensitivity, "sp": classification.specificity}
    result: dict[str, object] = {
        "tp": counts.true_positive,
        "fp": counts.false_positive,
        "tn": counts.true_negative,
        "fn": counts.false_negative,
        "proportion_method": "wilson" if clusters is None else _BY_PATIENT,
    }
    for name, denominator in among.items():
        share = shares[name](counts, level=resampling.level)
        bounds: tuple[float | None, float | None] = (share.lo, share.hi)
        if clusters is not None:
            bounds = _clustered_bounds(right[denominator], clusters=clusters[denominator], resampling=resampling)
        if bounds == (None, None):
            result["proportion_method"] = f"{_BY_PATIENT}; where empty, {_ALIKE} or one patient alone"
        result |= {name: share.estimate, f"{name}_lo": bounds[0], f"{name}_hi": bounds[1]}
    result["se_published_orientation"], result["sp_published_orientation"] = result["sp"], result["se"]
    return result


def _clustered_bounds(
    right: np.ndarray, *, clusters: np.ndarray, resampling: Resampling
) -> tuple[float | None, float | None]:
    """Bounds of a share of slices, patients resampled; None where one patient's slices, or one answer, are all."""
    if len(np.unique(clusters)) < _FEWEST_PER_CLASS or len(np.unique(right)) == 1:
        return None, None
    interval = bootstrap.clustered_mean_interval(
        right, clusters, seed=resampling.seed, n_resamples=resampling.n_resamples, level=resampling.level
    )
    return interval.lo, interval.hi


def _discrimination(
    outcome: np.ndarray, probability: np.ndarray, *, clusters: np.ndarray | None, resampling: Resampling
) -> dict[str, object]:
    area = roc.auc(outcome, probability)
    owners = np.arange(len(outcome)) if clusters is None else clusters
    if min(len(np.unique(owners[outcome == positive])) for positive in (0, 1)) < _FEWEST_PER_CLASS:
        return {"auc": area, "auc_method": "no interval: fewer than two patients of an outcome"}
    if clusters is not None:
        interval = bootstrap.clustered_auc_interval(
            outcome,
            probability,
            clusters,
            n_resamples=resampling.n_resamples,
            seed=resampling.seed,
            level=resampling.level,
        )
        if interval.lo == interval.hi:
            return {"auc": area, "auc_method": f"no interval: {_ALIKE}"}
        return {"auc": area, "auc_lo": interval.lo, "auc_hi": interval.hi, "auc_method": _BY_PATIENT}
    delong = roc.auc_interval(outcome, probability, level=resampling.level)
    return {
        "auc": area,
        "auc_lo": delong.lo,
        "auc_hi": delong.hi,
        "auc_logit_lo": delong.logit_lo,
        "auc_logit_hi": delong.logit_hi,
        "auc_method": "delong",
    }


def _calibration(outcome: np.ndarray, probability: np.ndarray) -> dict[str, object]:
    found = calibration.calibration(outcome, probability)
    return {
        "calibration_intercept": found.intercept,
        "calibration_slope": found.slope,
        "calibration_note": found.note or None,
        "brier": found.brier,
        "ece": found.ece,
    }


def _against_baseline(patients: pd.DataFrame, baseline_of: pd.Series) -> dict[str, object]:
    missing = int((~patients["patient_key"].isin(baseline_of.index)).sum())
    if missing:
        msg = f"{missing} test patients have no clinical baseline score; compute it for every patient of the cohorts"
        raise StatisticsError(msg)
    outcome = patients["residual_tumor"].to_numpy()
    score = baseline_of.loc[patients["patient_key"]].to_numpy(dtype=float)
    if min(outcome.sum(), len(outcome) - outcome.sum()) < _FEWEST_PER_CLASS:
        return {"baseline_auc": roc.auc(outcome, score)}
    comparison = roc.compare_aucs(outcome, patients["probability"].to_numpy(dtype=float), score)
    return {"baseline_auc": comparison.auc_b, "baseline_p": comparison.p}


def _average(group: list[dict[str, object]]) -> dict[str, object]:
    means: Mapping[str, float] = {name: float(np.mean([row[name] for row in group])) for name in AVERAGED}
    return {"model": group[0]["model"], "unit": group[0]["unit"], "network": "average", **means}


def _in_study_order(networks: pd.Series) -> list[str]:
    present = set(networks)
    return [name for name in NETWORKS if name in present] + sorted(present - set(NETWORKS))
