"""One training: an arm's fit patients go in, a classifier comes out; the test cohort is nowhere near."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.knobs import reads
from npc_kedro.leaks import require_no_test_patients
from npc_kedro.pipelines.train_classifiers.parameters import OneTraining, one_training
from npc_kedro.study import Unit

if TYPE_CHECKING:
    from npc_kedro.networks.checkpoint import Checkpoint
    from npc_kedro.networks.classifiers import ClassifierSpec
    from npc_kedro.training.settings import ClassifierSettings


@reads(one_training)
def train(
    crops: ImageTable, train_crops: pd.DataFrame, parameters: dict[str, Any], *, arm: str, network: str, unit: str
) -> tuple["Checkpoint", pd.DataFrame, pd.DataFrame]:
    """Trains one network for one arm and unit.

    Args:
        crops: uint8 crops of everyone; only the rows that ``train_crops`` names are read.
        train_crops: crop_row, patient_key, arm, residual_tumor, part (fit, validation).
        parameters: ``params:train_classifiers``.
        arm: "CCRT" or "IC+CCRT".
        network: one of the study's four.
        unit: "image" or "patient".

    Returns:
        the classifier; its history; and crop_row, patient_key, residual_tumor, probability of the validation slices.

    Raises:
        LeakError: if a row is of a test patient, or a patient is in both parts.
    """
    from npc_kedro.networks.checkpoint import Checkpoint
    from npc_kedro.training.classification_loop import train_classifier
    from npc_kedro.training.device import choose_compute
    from npc_kedro.training.examples import Examples

    require_no_test_patients(train_crops)
    chosen = one_training(parameters, network=network)
    settings = chosen.settings
    rows = train_crops[train_crops["arm"] == arm].sort_values("crop_row", ignore_index=True)
    spec = spec_of(chosen, unit=unit)
    compute = choose_compute(settings.device, settings.precision, architecture=spec.architecture)
    arrays = {
        "pixels": crops.pixels[rows["crop_row"].to_numpy()],
        "labels": rows["residual_tumor"].to_numpy(),
        "patients": rows["patient_key"].to_numpy(),
        "is_fit": (rows["part"] == "fit").to_numpy(),
        "image_size": spec.image_size,
    }
    how = {"settings": settings, "by_patient": unit == Unit.PATIENT, "compute": compute}
    if settings.processes > 1:
        from npc_kedro.training.together import train_together

        trained = train_together(arrays, spec, **how)
    else:
        trained = train_classifier(Examples.from_arrays(**arrays, device=compute.device), spec, **how)
    about = _about(settings, spec, best_epoch=trained.best_epoch, threshold=trained.threshold)
    about |= {"arm": arm, "network": network, "unit": unit, "patients": sorted(rows["patient_key"].unique())}
    about |= {"precision": compute.precision, "device": compute.device.type}
    validation = rows.loc[rows["part"] != "fit", ["crop_row", "patient_key", "residual_tumor"]].reset_index(drop=True)
    return Checkpoint(trained.weights, about), trained.history, validation.assign(probability=trained.validation)


def spec_of(chosen: OneTraining, *, unit: str) -> "ClassifierSpec":
    """The network of a training."""
    from npc_kedro.networks.classifiers import ClassifierSpec

    stacked = unit == Unit.PATIENT and chosen.settings.patient_method == "channel_stack"
    return ClassifierSpec(
        architecture=chosen.network.architecture,
        pretrained_tag=chosen.network.pretrained_tag,
        image_size=chosen.network.image_size,
        channels=chosen.settings.stacked_slices if stacked else 3,
        weights=chosen.weights,
    )


def _about(
    settings: "ClassifierSettings", spec: "ClassifierSpec", *, best_epoch: int, threshold: float
) -> dict[str, Any]:
    """What rebuilds and explains the classifier; a weights folder's path stays out, it may be private."""
    inputs = spec.inputs()
    return {
        "architecture": spec.architecture,
        "pretrained_tag": spec.pretrained_tag,
        "weights": spec.weights if spec.weights in ("none", "hub") else "folder",
        "head": "one logit of residual tumour",
        "image_size": inputs.image_size,
        "mean": list(inputs.mean),
        "std": list(inputs.std),
        "patient_method": settings.patient_method,
        "threshold": threshold,
        "best_epoch": best_epoch,
        "seed": settings.seed,
        "parameters": settings.model_dump(mode="json"),
    }
