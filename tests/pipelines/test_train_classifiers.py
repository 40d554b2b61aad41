"""``train_classifiers`` on an in-memory catalog: sixteen trainings, no test patient near any."""

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from npc_kedro.arrays import ImageTable
from npc_kedro.errors import LeakError
from npc_kedro.pipelines.train_classifiers import create_pipeline
from npc_kedro.pipelines.train_classifiers.nodes import train
from npc_kedro.pipelines.train_classifiers.parameters import TrainClassifiersParameters

TINY = {"architecture": "test_resnet", "pretrained_tag": "r160_in1k", "image_size": 32}
PARAMETERS = {
    "seed": 1, "device": "cpu", "precision": "fp32", "threads": 1, "weights": "none",
    "networks": dict.fromkeys(["efficientnet_b0", "inception_resnet_v2", "resnet50", "xception"], TINY),
    "epochs": 1, "batch_size": 16, "keep": "best_validation", "max_slices_per_pass": 16,
    "patient_method": "mean_probability_bags", "threshold": 0.5, "augmentation": {"horizontal_flip": 0.5},
    "optimiser": {
        "name": "sgd", "learning_rate": 0.02, "momentum": 0.9, "weight_decay": 1e-4, "schedule": "one_cycle",
    },
}  # fmt: skip


@pytest.fixture
def cohort():
    """Two arms of eight training patients, two crops each, shuffled among crops of test patients."""
    rng = np.random.default_rng(0)
    keys = [f"{i:016x}" for i in range(20)]
    owner = np.tile(keys, 2)
    crops = ImageTable(rng.integers(0, 256, (40, 32, 32), dtype=np.uint8), pd.DataFrame({"patient_key": owner}))
    place = np.arange(40) % 20
    table = pd.DataFrame({
        "crop_row": np.arange(40), "slice_row": np.arange(40), "patient_key": owner,
        "arm": np.where(place % 2 == 0, "CCRT", "IC+CCRT"), "residual_tumor": (place // 2) % 2,
        "part": np.select([place < 12, place < 16], ["fit", "validation"], "test"),
    })  # fmt: skip
    return crops, table[table["part"] != "test"].reset_index(drop=True)


def run(crops, train_crops, parameters, pipeline):
    names = sorted(pipeline.outputs())
    catalog = DataCatalog(
        {
            "crops": MemoryDataset(crops, copy_mode="assign"),
            "train_crops": MemoryDataset(train_crops),
            "params:train_classifiers": MemoryDataset(parameters),
        }
        | {name: MemoryDataset(copy_mode="assign") for name in names}
    )
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in names}


def test_one_of_the_sixteen(cohort):
    crops, train_crops = cohort
    one = create_pipeline().only_nodes_with_tags("ic_ccrt").only_nodes_with_tags("xception")
    out = run(crops, train_crops, PARAMETERS, one.only_nodes_with_tags("patient"))
    assert sorted(out) == [f"ic_ccrt__xception__patient__{kind}" for kind in ("classifier", "history", "validation")]
    checkpoint, history, validation = out.values()
    own = train_crops[train_crops["arm"] == "IC+CCRT"]
    assert checkpoint.about["patients"] == sorted(own["patient_key"].unique())
    assert (checkpoint.about["arm"], checkpoint.about["network"], checkpoint.about["unit"]) == (
        "IC+CCRT", "xception", "patient",
    )  # fmt: skip
    assert checkpoint.about["threshold"] == 0.5
    assert checkpoint.about["best_epoch"] == 1
    assert history["epoch"].tolist() == [1]
    expected = own[own["part"] == "validation"]
    assert validation["crop_row"].tolist() == expected["crop_row"].tolist()
    assert validation["residual_tumor"].tolist() == expected["residual_tumor"].tolist()
    assert validation["probability"].between(0, 1).all()


def test_sixteen_trainings_are_named_and_tagged():
    pipeline = create_pipeline()
    names = {node.name for node in pipeline.nodes}
    assert len(names) == 16
    assert "train_classifiers.ic_ccrt.inception_resnet_v2.image.train" in names
    assert len(pipeline.only_nodes_with_tags("ccrt").nodes) == 8
    assert len(pipeline.only_nodes_with_tags("resnet50").nodes) == 4
    assert len(pipeline.only_nodes_with_namespaces(["train_classifiers.ccrt"]).nodes) == 8
    assert pipeline.inputs() == {"crops", "train_crops", "params:train_classifiers"}


def test_pixels_of_anybody_else_change_nothing(cohort):
    crops, train_crops = cohort
    strangers = ~np.isin(np.arange(40), train_crops.loc[train_crops["arm"] == "CCRT", "crop_row"])
    pixels = crops.pixels.copy()
    pixels[strangers] = 255
    weights = [
        train(images, train_crops, PARAMETERS, arm="CCRT", network="resnet50", unit="image")[0].weights
        for images in (crops, ImageTable(pixels, crops.table))
    ]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


def test_planted_leaks_stop_the_training(cohort):
    crops, train_crops = cohort
    leaked = train_crops.copy()
    leaked.loc[0, "part"] = "test"
    with pytest.raises(LeakError, match=r"part \['test'\]"):
        train(crops, leaked, PARAMETERS, arm="CCRT", network="resnet50", unit="image")
    both = train_crops.copy()
    both.loc[both.index[both["part"] == "fit"][0], "part"] = "validation"
    with pytest.raises(LeakError, match="fit and inner validation"):
        train(crops, both, PARAMETERS, arm="CCRT", network="resnet50", unit="image")


def test_order_of_the_table_does_not_matter(cohort):
    crops, train_crops = cohort
    shuffled = train_crops.sample(frac=1, random_state=3).reset_index(drop=True)
    first, second = (
        train(crops, table, PARAMETERS, arm="CCRT", network="resnet50", unit="patient")
        for table in (train_crops, shuffled)
    )
    pd.testing.assert_frame_equal(first[2], second[2])


def test_a_network_may_have_a_length_and_rate_of_its_own():
    own = {**TINY, "epochs_factor": 3, "learning_rate": 0.5}
    networks = {**PARAMETERS["networks"], "resnet50": own}
    settings = TrainClassifiersParameters.model_validate({**PARAMETERS, "networks": networks, "epochs": 2})
    assert (settings.training("resnet50").epochs, settings.training("resnet50").optimiser.learning_rate) == (6, 0.5)
    assert (settings.training("xception").epochs, settings.training("xception").optimiser.learning_rate) == (2, 0.02)


def test_parameters_refuse_what_cannot_work():
    TrainClassifiersParameters.model_validate(PARAMETERS)
    for change, message in [
        ({"networks": {"resnet50": TINY}}, "no entry for efficientnet_b0, inception_resnet_v2, xception"),
        ({"learning_rate": 1}, "Extra inputs"),
        ({"max_slices_per_pass": 1}, "greater than or equal to 4"),
        ({"threshold": "best_on_test"}, "youden_validation"),
    ]:
        with pytest.raises(ValidationError, match=message):
            TrainClassifiersParameters.model_validate({**PARAMETERS, **change})
