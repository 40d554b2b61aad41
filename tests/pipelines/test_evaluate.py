"""``evaluate``: predictions, tables and curves from checkpoints of known behaviour."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from npc_kedro.arrays import ImageTable
from npc_kedro.errors import LeakError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.pipelines.evaluate import create_pipeline, nodes
from npc_kedro.pipelines.evaluate.parameters import GradCamParameters

PARAMETERS = {
    "seed": 1,
    "device": "cpu",
    "threads": 1,
    "batch_size": 8,
    "n_resamples": 100,
    "level": 0.95,
    "calibration_bins": 5,
    "baseline_ridge": 1.0,
    "grad_cam": {"network": "resnet50", "patients_per_outcome": 1},
}


def predictions(n_patients: int = 20, per_patient: int = 3) -> pd.DataFrame:
    """A model that ranks perfectly by patient and badly by slice: residual patients have one telling slice."""
    keys = np.repeat(np.arange(n_patients), per_patient)
    residual = (keys % 2 == 0).astype(int)
    telling = np.arange(len(keys)) % per_patient == 0
    return pd.DataFrame(
        {
            "crop_row": np.arange(len(keys)),
            "patient_key": [f"{key:016x}" for key in keys],
            "residual_tumor": residual,
            "probability": np.where(telling & (residual == 1), 0.9, 0.2),
            "threshold": 0.4,
        }
    )


def gathered() -> pd.DataFrame:
    names = [("CCRT", "resnet50", "image"), ("CCRT", "resnet50", "patient")]
    return nodes.gather_predictions(predictions(), predictions(), names=names)


def test_units_are_measured_by_slice_and_by_patient():
    frame = gathered()
    baseline = pd.DataFrame(
        {"patient_key": sorted(frame["patient_key"].unique()), "probability": 0.5, "cohort": "test"}
    )
    baseline["probability"] = np.linspace(0.2, 0.8, len(baseline))
    table = nodes.fill_table2(frame, baseline, PARAMETERS).set_index(["unit", "network"])
    # By slice: a third of the residual patients' slices outrank all, the rest tie: AUC = 1/3 + 2/3 * 1/2.
    assert table.loc[("image", "resnet50"), "auc"] == pytest.approx(2 / 3)
    assert table.loc[("image", "resnet50"), "se"] == pytest.approx(1 / 3)
    # By patient the mean is 0.433 against 0.2: a perfect order, and above the threshold of 0.4.
    assert table.loc[("patient", "resnet50"), "auc"] == 1
    assert table.loc[("patient", "resnet50"), ["se", "sp", "acc"]].tolist() == [1, 1, 1]


def test_curves_name_their_model_and_span_the_square():
    roc, bands, calibration, decision = nodes.trace_curves(gathered(), PARAMETERS)
    for frame in (roc, bands, calibration, decision):
        assert {"arm", "unit", "network"} <= set(frame.columns)
        assert set(frame["unit"]) == {"image", "patient"}
    for _, curve in roc.groupby("unit"):
        assert (curve["sensitivity"].min(), curve["sensitivity"].max()) == (0, 1)


def test_a_checkpoint_that_knows_a_test_patient_is_refused():
    crops = ImageTable(np.zeros((2, 8, 8), np.uint8), pd.DataFrame({"patient_key": ["a", "b"]}))
    rows = pd.DataFrame({"crop_row": [0, 1], "patient_key": ["a", "b"], "residual_tumor": [0, 1], "arm": "CCRT"})
    with pytest.raises(LeakError, match="the classifier's training and test patients: b"):
        nodes.predict_test_patients(crops, rows, Checkpoint({}, {"patients": ["b"]}), PARAMETERS, arm="CCRT")


def test_every_one_of_the_sixteen_is_predicted_and_can_be_picked_by_tag():
    pipeline = create_pipeline()
    assert sum(node.name.endswith(".predict") for node in pipeline.nodes) == 16
    assert len(pipeline.only_nodes_with_tags("resnet50").nodes) == 4
    assert len(pipeline.only_nodes_with_namespaces(["evaluate.ic_ccrt"]).nodes) == 8


def test_the_overlays_network_is_one_of_the_studys():
    """Known before anything is trained, not at the figure."""
    assert GradCamParameters(network="xception", patients_per_outcome=1).network == "xception"
    with pytest.raises(ValidationError, match="'vgg16' is none of the study's networks; expected one of eff"):
        GradCamParameters(network="vgg16", patients_per_outcome=1)
