"""What the stage, age and sex alone can predict: a ridge-stabilised logistic model for each arm.

T stage alone reaches a test AUC of 0.840 (CCRT) and 0.881 (IC + CCRT) in the publication's cohort, so this baseline
stands beside every image model. The ridge keeps the fit finite where a stage has only one outcome, as T1 has in the
publication.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.errors import StatisticsError
from npc_kedro.study import Arm, Cohort

FEATURES: tuple[str, ...] = ("t_stage", "n_stage", "age", "sex")
"""T and N enter as their number, age in years, sex as male / not male."""

_TOLERANCE = 1e-10
"""Largest change of a coefficient (per standard deviation) in the last Newton step."""
_MAX_STEPS = 100


@dataclass(frozen=True)
class LogisticModel:
    """A fitted logistic model on standardised features.

    Attributes:
        intercept: on the logit scale, for a patient of average features.
        coefficients: log odds ratio per standard deviation, one per feature.
        mean: of each feature in the fitting patients.
        scale: standard deviation of each (1 where it does not vary).
    """

    intercept: float
    coefficients: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Probabilities, shape (n,), for features of shape (n, k)."""
        logit = self.intercept + (np.asarray(features, dtype=float) - self.mean) / self.scale @ self.coefficients
        return _expit(logit)


def fit_logistic(features: np.ndarray, outcome: Sequence[int] | np.ndarray, *, ridge: float) -> LogisticModel:
    """Penalised maximum likelihood by Newton's method (le Cessie & van Houwelingen, Appl Stat 1992;41:191-201).

    Args:
        features: shape (n, k), finite.
        outcome: shape (n,), 0/1, both present.
        ridge: penalty ``ridge / 2 * sum(coefficients ** 2)`` on standardised features, above 0; the intercept is free.

    Raises:
        StatisticsError: if only one outcome is present, values are missing, or ``ridge`` is not positive.
    """
    x, y = np.asarray(features, dtype=float), np.asarray(outcome, dtype=float)
    _require_fittable(x, y, ridge=ridge)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(x)), (x - mean) / scale])
    penalty = np.diag([0.0] + [ridge] * x.shape[1])
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(y.mean() / (1 - y.mean()))
    for _ in range(_MAX_STEPS):
        step = _newton_step(beta, design=design, y=y, penalty=penalty)
        beta = beta + step
        if np.abs(step).max() < _TOLERANCE:
            return LogisticModel(float(beta[0]), beta[1:], mean, scale)
    msg = f"the logistic fit did not settle in {_MAX_STEPS} steps on {len(y)} patients; try a larger ridge than {ridge}"
    raise StatisticsError(msg)


def clinical_features(patients: pd.DataFrame) -> np.ndarray:
    """The features of :data:`FEATURES` as numbers, shape (n, 4).

    Raises:
        StatisticsError: if one is missing or not in the study's spelling ("T1".."T4", "N0".."N3", "male"/"female").
    """
    columns = [
        pd.to_numeric(patients["t_stage"].astype(str).str.removeprefix("T"), errors="coerce"),
        pd.to_numeric(patients["n_stage"].astype(str).str.removeprefix("N"), errors="coerce"),
        pd.to_numeric(patients["age"], errors="coerce"),
        patients["sex"].map({"male": 1.0, "female": 0.0}),
    ]
    features = np.column_stack([np.asarray(column, dtype=float) for column in columns])
    missing = ~np.isfinite(features)
    if missing.any():
        found = {name: int(count) for name, count in zip(FEATURES, missing.sum(axis=0), strict=True) if count}
        msg = f"clinical values missing or unreadable in {found} patients; ingest should have excluded them"
        raise StatisticsError(msg)
    return features


def baseline_scores(patients: pd.DataFrame, cohorts: pd.DataFrame, *, ridge: float = 1.0) -> pd.DataFrame:
    """The clinical baseline's probability of residual tumour under each arm, for every patient of the study.

    One model per arm, fitted on that arm's training patients (fit and validation part alike: nothing is chosen).

    Args:
        patients: patient_key and the columns of :data:`FEATURES`.
        cohorts: patient_key, arm, residual_tumor, cohort.
        ridge: see :func:`fit_logistic`.

    Returns:
        patient_key, arm, residual_tumor, cohort, p_ccrt, p_ic_ccrt, and probability (the one of the arm given),
        sorted by patient_key. Those of training patients are in-sample.
    """
    wanted = ["patient_key", "arm", "residual_tumor", "cohort"]
    table = cohorts[wanted].merge(patients[["patient_key", *FEATURES]], on="patient_key", validate="one_to_one")
    if len(table) != len(cohorts):
        msg = f"{len(cohorts) - len(table)} patients of the cohorts have no clinical row; rerun ingest and split"
        raise StatisticsError(msg)
    table = table.sort_values("patient_key", ignore_index=True)
    features = clinical_features(table)
    scores = table[wanted].copy()
    for arm in Arm:
        fitting = ((table["arm"] == arm.value) & (table["cohort"] == Cohort.TRAIN.value)).to_numpy()
        model = fit_logistic(features[fitting], table["residual_tumor"].to_numpy()[fitting], ridge=ridge)
        scores[f"p_{arm.slug}"] = model.predict(features)
    given_ic = (scores["arm"] == Arm.IC_CCRT.value).to_numpy()
    scores["probability"] = np.where(given_ic, scores["p_ic_ccrt"], scores["p_ccrt"])
    return scores


def _expit(logit: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * logit))


def _newton_step(beta: np.ndarray, *, design: np.ndarray, y: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """The Newton step, halved until the penalised likelihood does not fall: the full step can overshoot."""

    def loss(at: np.ndarray) -> float:
        logit = design @ at
        return float(np.logaddexp(0, logit).sum() - y @ logit + 0.5 * at @ penalty @ at)

    p = _expit(design @ beta)
    gradient = design.T @ (y - p) - penalty @ beta
    step = np.linalg.solve(design.T @ (design * (p * (1 - p))[:, None]) + penalty, gradient)
    before = loss(beta)
    while loss(beta + step) > before + 1e-9 * (1 + abs(before)):
        step = step / 2
    return step


def _require_fittable(x: np.ndarray, y: np.ndarray, *, ridge: float) -> None:
    if not ridge > 0:
        msg = f"ridge is {ridge}; it must be above 0, or the fit diverges where a stage has one outcome only"
        raise StatisticsError(msg)
    if x.ndim != 2 or len(x) != len(y) or not np.isfinite(x).all():
        msg = f"features of shape {x.shape} for {len(y)} outcomes; expected one finite row per patient"
        raise StatisticsError(msg)
    if set(np.unique(y)) != {0.0, 1.0}:
        msg = f"outcomes {sorted(np.unique(y).tolist())} among {len(y)} fitting patients; a fit needs both 0 and 1"
        raise StatisticsError(msg)
