"""The figures of the evaluation: each node hands tidy tables to a maker in :mod:`npc_kedro.figures`."""

from typing import TYPE_CHECKING, Any

import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.cohorts import is_simulated
from npc_kedro.knobs import reads
from npc_kedro.pipelines.evaluate.parameters import OverlayParameters
from npc_kedro.study import Arm, Outcome

if TYPE_CHECKING:
    from npc_kedro.figures.canvas import Figure
    from npc_kedro.figures.grad_cam_montage import CamPanel

_MODEL = ["arm", "unit", "network"]


def draw_learning_curves(
    patients: pd.DataFrame, *histories: pd.DataFrame, names: list[tuple[str, str, str]]
) -> "Figure":
    """Loss, accuracy and AUC by epoch; ``names`` holds (arm, network, unit) of each history, in order."""
    from npc_kedro.figures.learning_curves import learning_curves

    return learning_curves(dict(zip(names, histories, strict=True)), simulated=is_simulated(patients))


def draw_roc(curves: pd.DataFrame, bands: pd.DataFrame, table2: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """ROC curves by arm and unit, with bands and the AUCs of Table 2."""
    from npc_kedro.figures.roc_curves import roc_curves

    return roc_curves(curves, bands, table2=table2, simulated=is_simulated(patients))


def draw_confusion(table2: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """The sixteen confusion matrices."""
    from npc_kedro.figures.confusion_matrices import confusion_matrices

    counted = table2[table2["network"] != "average"]
    return confusion_matrices(counted, simulated=is_simulated(patients))


def draw_calibration(curves: pd.DataFrame, table2: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """Observed against predicted residual tumour."""
    from npc_kedro.figures.calibration import calibration

    told = curves.rename(columns={"mean_probability": "predicted"})
    return calibration(told, table2=table2, simulated=is_simulated(patients))


def draw_decision_curves(curves: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """Net benefit of every model, of treating all as residual tumour, and of treating none so."""
    from npc_kedro.figures.decision_curves import decision_curves

    models = curves[curves["policy"] == "model"].assign(strategy=lambda rows: rows["network"])
    fixed = curves[curves["policy"] != "model"].drop_duplicates(["arm", "unit", "policy", "threshold"])
    told = pd.concat([models, fixed.assign(strategy="treat_" + fixed["policy"])], ignore_index=True)
    return decision_curves(told, simulated=is_simulated(patients))


@reads(OverlayParameters.model_validate)
def draw_grad_cam(
    crops: ImageTable,
    test_crops: pd.DataFrame,
    patients: pd.DataFrame,
    parameters: dict[str, Any],
    **classifiers: Any,
) -> "Figure":
    """Where the patient-level models look, in test patients of both outcomes.

    Args:
        crops: all crops.
        test_crops: the rows of ``crops`` that belong to test patients.
        patients: says whether the cohort is simulated.
        parameters: ``params:evaluate``; ``grad_cam.network`` names the network.
        classifiers: the patient-level checkpoints by ``<arm slug>__<network>``.
    """
    from npc_kedro.figures.grad_cam_montage import grad_cam_montage

    settings = OverlayParameters.model_validate(parameters).grad_cam
    panels = [
        panel
        for arm in Arm
        for panel in _cam_panels(
            crops,
            test_crops[test_crops["arm"] == arm.value],
            classifiers[f"{arm.slug}__{settings.network}"],
            count=settings.patients_per_outcome,
        )
    ]
    return grad_cam_montage(panels, network=settings.network, simulated=is_simulated(patients))


def _cam_panels(crops: ImageTable, rows: pd.DataFrame, classifier: Any, *, count: int) -> list["CamPanel"]:
    """The largest slice of the first ``count`` patients of each outcome, in key order: nobody picks the pretty ones."""
    from npc_kedro.figures.grad_cam_montage import CamPanel
    from npc_kedro.networks.gradcam import grad_cam

    sized = rows.assign(area=crops.table["area_px"].to_numpy()[rows["crop_row"]])
    largest = sized.sort_values(["patient_key", "area"]).groupby("patient_key").tail(1)
    shown = largest.groupby("residual_tumor").head(count)
    images = crops.pixels[shown["crop_row"].to_numpy()]
    heats = grad_cam(classifier, images)
    outcomes = [Outcome.RT.value if residual else Outcome.NRT.value for residual in shown["residual_tumor"]]
    return [
        CamPanel(crop=image, heat=heat, title="", arm=arm, outcome=outcome)
        for image, heat, arm, outcome in zip(images, heats, shown["arm"], outcomes, strict=True)
    ]
