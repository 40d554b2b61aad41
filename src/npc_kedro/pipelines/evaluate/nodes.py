"""Evaluation as the method section tells it: predict the test patients, fill Table 2, trace the curves."""

from typing import Any

import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.decisions.patient_probability import patient_means
from npc_kedro.knobs import reads
from npc_kedro.leaks import require_disjoint
from npc_kedro.pipelines.evaluate.parameters import (
    BaselineParameters,
    CurveParameters,
    PredictionParameters,
    ResamplingParameters,
)
from npc_kedro.study import Arm, Unit

_MODEL = ["arm", "unit", "network"]


@reads(PredictionParameters.model_validate)
def predict_test_patients(
    crops: ImageTable, test_crops: pd.DataFrame, classifier: Any, parameters: dict[str, Any], *, arm: str
) -> pd.DataFrame:
    """One classifier's probability of residual tumour for every crop of its arm's test patients.

    Returns:
        crop_row, patient_key, residual_tumor, arm, probability, threshold (fixed without the test cohort).

    Raises:
        LeakError: if the classifier learnt from one of these patients.
    """
    from npc_kedro.training.inference import predict

    settings = PredictionParameters.model_validate(parameters)
    rows = test_crops[test_crops["arm"] == Arm(arm).value].reset_index(drop=True)
    require_disjoint(classifier.about["patients"], rows["patient_key"], "the classifier's training and test patients")
    probability = predict(
        classifier,
        crops.pixels,
        rows["crop_row"].to_numpy(),
        device=settings.device,
        batch_size=settings.batch_size,
        threads=settings.threads,
        patients=rows["patient_key"].to_numpy(),
    )
    columns = ["crop_row", "patient_key", "residual_tumor", "arm"]
    return rows[columns].assign(probability=probability, threshold=float(classifier.about["threshold"]))


def gather_predictions(*predictions: pd.DataFrame, names: list[tuple[str, str, str]]) -> pd.DataFrame:
    """All sixteen predictions in one table; ``names`` holds (arm, network, unit) of each, in order."""
    frames = [
        frame.assign(arm=arm, network=network, unit=unit)
        for frame, (arm, network, unit) in zip(predictions, names, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


@reads(BaselineParameters.model_validate)
def score_clinical_baseline(patients: pd.DataFrame, cohorts: pd.DataFrame, parameters: dict[str, Any]) -> pd.DataFrame:
    """What T, N, age and sex alone predict: a logistic model per arm, fitted on training patients."""
    from npc_kedro.decisions.clinical_baseline import baseline_scores

    settings = BaselineParameters.model_validate(parameters)
    return baseline_scores(patients, cohorts, ridge=settings.baseline_ridge)


@reads(ResamplingParameters.model_validate)
def fill_table2(predictions: pd.DataFrame, baseline: pd.DataFrame, parameters: dict[str, Any]) -> pd.DataFrame:
    """Table 2: accuracy, sensitivity, specificity and AUC of the sixteen models, with intervals, and the averages."""
    from npc_kedro.tables.table2 import table2

    settings = ResamplingParameters.model_validate(parameters)
    thresholds = predictions[[*_MODEL, "threshold"]].drop_duplicates(ignore_index=True)
    test = baseline[baseline["cohort"] == "test"]
    return table2(
        predictions,
        thresholds=thresholds,
        baseline=test[["patient_key", "probability"]],
        n_resamples=settings.n_resamples,
        seed=settings.seed,
    )


@reads(CurveParameters.model_validate)
def trace_curves(
    predictions: pd.DataFrame, parameters: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """ROC curves, their bands, calibration and decision curves of every model, as tidy tables."""
    from npc_kedro.statistics.calibration import calibration_curve, decision_curve
    from npc_kedro.statistics.roc_curves import roc_band, roc_curve

    settings = CurveParameters.model_validate(parameters)
    roc, bands, calibrations, decisions = [], [], [], []
    for name, rows in predictions.groupby(_MODEL, sort=True):
        model = dict(zip(_MODEL, name, strict=True))
        scored = rows if model["unit"] == Unit.IMAGE.value else patient_means(rows)
        outcome, score = scored["residual_tumor"].to_numpy(), scored["probability"].to_numpy()
        roc.append(roc_curve(outcome, score).assign(**model))
        band = roc_band(
            outcome,
            score,
            patient=scored["patient_key"].to_numpy(),
            n_resamples=settings.n_resamples,
            seed=settings.seed,
        )
        bands.append(band.assign(**model))
        calibrations.append(calibration_curve(outcome, score, n_bins=settings.calibration_bins).assign(**model))
        decisions.append(decision_curve(outcome, score).assign(**model))
    return tuple(pd.concat(frames, ignore_index=True) for frames in (roc, bands, calibrations, decisions))  # type: ignore[return-value]
