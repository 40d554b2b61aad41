"""``split`` on an in-memory catalog."""

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from npc_kedro.arrays import ImageTable
from npc_kedro.errors import CohortError, LeakError
from npc_kedro.pipelines.segment import create_pipeline as segment
from npc_kedro.pipelines.split import create_pipeline
from npc_kedro.pipelines.split.nodes import address_crops, check_division, divide_patients
from npc_kedro.schedule import Schedule

PARAMETERS = {"seed": 1, "test_share": 0.2, "validation_share": 0.2}


def patients(n: int = 40) -> pd.DataFrame:
    index = np.arange(n)
    return pd.DataFrame(
        {
            "patient_key": [f"{i:016x}" for i in index],
            "arm": np.where(index % 2 == 0, "CCRT", "IC+CCRT"),
            "residual_tumor": (index // 2 % 3 == 0).astype(int),
            "age": 40.0 + index % 30,
            "sex": np.where(index % 3 == 0, "female", "male"),
            "ajcc_stage": np.where(index % 4 < 2, "III", "IVa"),
            "t_stage": np.where(index % 4 < 2, "T3", "T4"),
            "n_stage": np.where(index % 5 < 2, "N1", "N2"),
            "outlined": index < 6,
            "n_slices": 4,
            "simulated": True,
        }
    )


def crops(frame: pd.DataFrame, per_patient: int = 3) -> ImageTable:
    table = pd.DataFrame({"patient_key": np.repeat(frame["patient_key"].to_numpy(), per_patient)})
    table["slice_row"] = np.arange(len(table)) * 2
    return ImageTable(np.zeros((len(table), 4, 4), np.uint8), table)


def empty_account() -> pd.DataFrame:
    return pd.DataFrame(columns=["step", "unit", "entered", "used", "excluded", "reason"])


def run(frame: pd.DataFrame, images: ImageTable) -> dict[str, pd.DataFrame]:
    catalog = DataCatalog(
        {
            "patients": MemoryDataset(frame),
            "crops": MemoryDataset(images, copy_mode="assign"),
            "params:split": MemoryDataset(PARAMETERS),
            "attrition_ingest": MemoryDataset(empty_account()),
            "attrition_crop": MemoryDataset(empty_account()),
        }
    )
    told = create_pipeline().filter(to_outputs=["train_crops", "test_crops", "table1", "table1_pvalues", "attrition"])
    made = SequentialRunner().run(told, catalog)
    return {name: dataset.load() for name, dataset in made.items()}


def test_every_crop_is_addressed_once_and_cohorts_share_no_patient():
    frame = patients()
    without_crops = frame["patient_key"].iloc[[11]]
    images = crops(frame[~frame["patient_key"].isin(without_crops)])
    made = run(frame, images)
    train, test = made["train_crops"], made["test_crops"]
    assert sorted([*train["crop_row"], *test["crop_row"]]) == list(range(len(images)))
    assert not set(train["patient_key"]) & set(test["patient_key"])
    assert set(train["part"]) == {"fit", "validation"}
    assert (test["part"] == "test").all()
    for rows in (train, test):
        told = images.table.loc[rows["crop_row"]]
        assert (told["patient_key"].to_numpy() == rows["patient_key"].to_numpy()).all()
        assert (told["slice_row"].to_numpy() == rows["slice_row"].to_numpy()).all()
    told = made["attrition"].iloc[0]
    assert (told["entered"], told["used"], told["excluded"]) == (39, 39, 0)
    assert told["reason"] == "note: CCRT 16 train, 4 test; IC+CCRT 15 train, 4 test"


def test_tables_describe_the_cohorts_drawn():
    made = run(patients(), crops(patients()))
    totals = made["table1"].query("variable == 'patients'")
    assert totals["n"].sum() == 40
    assert set(made["table1_pvalues"]["comparison"]) >= {"CCRT_train_vs_test", "IC_train_vs_test", "CCRT_vs_IC"}
    assert made["table1_pvalues"]["test"].notna().all()


def test_a_leak_planted_in_the_manifest_stops_the_pipeline():
    frame, images = patients(), crops(patients())
    cohorts, _ = divide_patients(frame, images, PARAMETERS)
    moved = cohorts[cohorts["cohort"] == "test"].head(1)
    for planted in (
        pd.concat([cohorts, moved.assign(cohort="train", part="fit")]),  # in both cohorts
        cohorts.assign(
            part=cohorts["part"].where(cohorts.index != cohorts.index[cohorts["cohort"] == "train"][0], "test")
        ),
    ):
        with pytest.raises((LeakError, pd.errors.MergeError)):
            address_crops(images, planted)


def test_bad_input_33_an_outcome_missing_in_an_arm_is_said_before_any_training():
    frame = patients()
    frame.loc[frame["arm"] == "CCRT", "residual_tumor"] = 0
    with pytest.raises(CohortError, match="arm CCRT: found 0 patients with residual tumour and 20 without at all"):
        check_division(frame, PARAMETERS)
    forecast = check_division(patients(), PARAMETERS)
    assert forecast["patients"].sum() == 40


def test_bad_input_33_the_check_needs_patients_only_and_goes_first():
    whole = create_pipeline() + segment()
    assert whole.only_nodes("split.check_division").inputs() == {"patients", "params:split"}
    schedule = Schedule([node.name for node in whole.nodes], workers=2)
    ready = [
        node.name
        for node in whole.nodes
        if node.inputs and set(node.inputs) <= {"patients", "params:split", "params:segment"}
    ]
    assert set(ready) == {"split.check_division", "segment.split_patients"}
    assert min(ready, key=schedule.rank) == "split.check_division"
