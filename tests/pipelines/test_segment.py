"""``segment`` on an in-memory catalog: everybody gets masks, test patients are not learnt from, runs repeat."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from npc_kedro.arrays import ImageTable
from npc_kedro.errors import CohortError
from npc_kedro.pipelines.segment import create_pipeline
from npc_kedro.pipelines.segment.nodes import split_patients
from npc_kedro.pipelines.segment.parameters import SegmentParameters

OPTIMISER = {"name": "rmsprop", "learning_rate": 0.002, "momentum": 0.0, "weight_decay": 0.0, "schedule": "one_cycle"}


@pytest.fixture
def parameters(tmp_path):
    return {
        "seed": 1, "device": "cpu", "precision": "fp32", "threads": 1,
        "split": {"validation": 0.2, "test": 0.2}, "labels": [1, 2],
        "encoder": "resnet18", "encoder_depth": 3, "weights": "none", "image_size": 32, "field": "body",
        "decoders": {
            "unet": {"decoder_channels": [16, 8, 8]},
            "deeplabv3": {"decoder_channels": 8, "decoder_atrous_rates": [1, 2, 3]},
        },
        "epochs": 1, "batch_size": 8, "optimiser": OPTIMISER, "augmentation": {"horizontal_flip": 0.5},
        "loss": "bce_dice", "empty_slice_share": 1.0, "keep": "best_validation", "threshold": 0.5,
        "min_area_mm2": 8.0, "prediction_batch_size": 4, "n_resamples": 100, "scratch": str(tmp_path),
    }  # fmt: skip


@pytest.fixture
def cohort():
    """Ten patients of both arms, three slices each; eight are outlined."""
    rng = np.random.default_rng(0)
    keys = [f"{i:016x}" for i in range(10)]
    patients = pd.DataFrame({"patient_key": keys, "arm": ["CCRT", "IC+CCRT"] * 5, "simulated": True})
    patients["outlined"] = [True] * 8 + [False] * 2
    pixels = rng.integers(0, 200, (30, 40, 40)).astype(np.uint16)
    labels = np.zeros((30, 40, 40), np.uint8)
    labels[::3, 10:24, 12:26] = 1
    labels[1::3, 20:30, 20:30] = 2
    pixels[labels > 0] += 700
    owner = np.repeat(keys, 3)
    table = pd.DataFrame({"patient_key": owner, "series_key": owner, "slice_index": np.tile(range(3), 10),
                          "spacing_row_mm": 2.0, "spacing_col_mm": 2.0})  # fmt: skip
    outlined = np.flatnonzero(np.repeat(patients["outlined"], 3))
    outlines = pd.DataFrame({"slice_row": outlined, "patient_key": owner[outlined]})
    return {
        "patients": patients,
        "slices": ImageTable(pixels, table),
        "outlines": ImageTable(labels[outlined], outlines),
    }


class Kept(MemoryDataset):
    """Keeps what lies between nodes, as the disk does."""

    def _release(self):
        pass


def run(cohort, parameters):
    outputs = ["masks", "segmentation", "unet__segmenter", "deeplabv3__dice"]
    catalog = DataCatalog(
        {name: MemoryDataset(value, copy_mode="assign") for name, value in cohort.items()}
        | {"params:segment": MemoryDataset(parameters)}
        | {name: Kept(copy_mode="assign") for name in outputs}
    )
    SequentialRunner().run(create_pipeline().to_outputs("masks"), catalog)  # figures have tests of their own
    return {name: catalog.load(name) for name in outputs}


def test_everyone_gets_masks_and_runs_repeat(cohort, parameters):
    first, second = run(cohort, parameters), run(cohort, parameters)
    masks = first["masks"]
    assert masks.pixels.shape == cohort["slices"].pixels.shape
    assert masks.pixels.dtype == np.uint8
    assert set(np.unique(masks.pixels)) <= {0, 1}
    assert masks.table["patient_key"].tolist() == cohort["slices"].table["patient_key"].tolist()
    assert masks.table["area_px"].tolist() == masks.pixels.sum((1, 2)).tolist()
    assert masks.table["probability_max"].between(0, 1).all()
    np.testing.assert_array_equal(masks.pixels, second["masks"].pixels)
    pd.testing.assert_frame_equal(first["segmentation"], second["segmentation"])
    assert first["segmentation"]["chosen"].sum() == 6
    assert set(first["deeplabv3__dice"]["part"]) == {"train", "validation", "test"}
    assert len(first["deeplabv3__dice"]) == 24


def test_segmenters_never_saw_the_test_patients(cohort, parameters):
    split = split_patients(cohort["patients"], parameters)
    test = set(split.loc[split["part"] == "test", "patient_key"])
    about = run(cohort, parameters)["unet__segmenter"].about
    assert len(about["patients"]) == 6
    assert not test & set(about["patients"])
    poisoned = {**cohort, "slices": _poison(cohort["slices"], test)}
    clean, dirty = (run(data, parameters)["unet__segmenter"].weights for data in (cohort, poisoned))
    assert all((clean[name] == dirty[name]).all() for name in clean)


def _poison(slices, patients):
    pixels = slices.pixels.copy()
    pixels[slices.table["patient_key"].isin(patients)] = 60000
    return ImageTable(pixels, slices.table)


def test_the_split_holds_both_arms_in_every_part_and_ignores_row_order(parameters):
    n = 80
    patients = pd.DataFrame({
        "patient_key": [f"{i:016x}" for i in range(n)], "arm": ["CCRT"] * 50 + ["IC+CCRT"] * 30, "outlined": True,
    })  # fmt: skip
    split = split_patients(patients, parameters)
    counts = split.merge(patients).groupby(["part", "arm"]).size()
    assert counts["test"].to_dict() == {"CCRT": 10, "IC+CCRT": 6}
    assert counts["validation"].to_dict() == {"CCRT": 10, "IC+CCRT": 6}
    assert counts["train"].to_dict() == {"CCRT": 30, "IC+CCRT": 18}
    pd.testing.assert_frame_equal(split_patients(patients.sample(frac=1, random_state=1), parameters), split)
    assert not split_patients(patients, {**parameters, "seed": 2}).equals(split)


def test_three_outlined_patients_are_the_fewest(cohort, parameters):
    few = cohort["patients"].assign(outlined=[True] * 3 + [False] * 7)
    assert sorted(split_patients(few, parameters)["part"]) == ["test", "train", "validation"]
    with pytest.raises(CohortError, match=r"2 patient\(s\) have outlines"):
        split_patients(few.assign(outlined=[True] * 2 + [False] * 8), parameters)


def test_parameters_refuse_what_cannot_work(parameters):
    SegmentParameters.model_validate(parameters)
    for change, message in [
        ({"image_size": 40}, "multiple of 32"),
        ({"split": {"validation": 0.5, "test": 0.5}}, "below 1"),
        ({"encoder_depth": 4}, "has 3 entries; encoder_depth 4"),
        ({"epoch": 3}, "Extra inputs"),
    ]:
        with pytest.raises(ValidationError, match=message):
            SegmentParameters.model_validate({**parameters, **change})


def test_trainings_can_be_picked_by_tag_and_name():
    pipeline = create_pipeline()
    assert {node.name for node in pipeline.only_nodes_with_tags("training").nodes} == {
        "segment.unet.train", "segment.deeplabv3.train",
    }  # fmt: skip
    catalog = yaml.safe_load((Path(__file__).parents[2] / "conf/base/segment/catalog.yml").read_text())
    unpatterned = {
        name
        for name in pipeline.outputs() | {"masks", "segmentation"}
        if "__" not in name and not name.startswith("figure")
    }
    assert unpatterned <= set(catalog)
