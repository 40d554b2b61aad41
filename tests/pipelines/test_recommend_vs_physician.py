"""The comparison on an in-memory catalog, with hand-made checkpoints and a predictor that reads one pixel."""

import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from npc_kedro.arrays import ImageTable
from npc_kedro.decisions.clinical_baseline import baseline_scores
from npc_kedro.errors import ConsistencyError, LeakError
from npc_kedro.pipelines.recommend_vs_physician import create_pipeline
from npc_kedro.pipelines.recommend_vs_physician.parameters import RecommendVsPhysicianParameters
from npc_kedro.study import NETWORKS, Arm, Unit, training_name
from npc_kedro.tables.table1 import table1
from npc_kedro.tables.table2 import table2
from npc_kedro.tables.table3 import COLUMNS as TABLE3_COLUMNS

CONFIG = Path(__file__).parents[2] / "conf/base/recommend_vs_physician"
PARAMETERS = {
    "seed": 1,
    "device": "cpu",
    "threads": 1,
    "batch_size": 4,
    "n_permutations": 20,
    "baseline_threshold": 0.5,
    "propensity_ridge": 1.0,
    "smallest_propensity": 0.05,
}
BEST = {Arm.CCRT: "resnet50", Arm.IC_CCRT: "inception_resnet_v2"}
SLICES = 2


def _predict(
    checkpoint: Any, pixels: np.ndarray, rows: np.ndarray, *, patients: np.ndarray, **settings: Any
) -> np.ndarray:
    """Stands for the network: a good one reads a slice's brightness, a poor one every second time its opposite."""
    assert settings == {"device": "cpu", "threads": 1, "batch_size": 4}
    assert len(patients) == len(rows)
    return _read(checkpoint, pixels, rows)


def _read(checkpoint: Any, pixels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    seen = pixels[rows, 0, 0] / 255
    return np.where(rows % 2 == 0, seen, 1 - seen) if checkpoint.about["poor"] else seen


@pytest.fixture(scope="module", autouse=True)
def _pixel_reader() -> Iterator[None]:
    module = ModuleType("npc_kedro.training.inference")
    module.predict = _predict  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "npc_kedro.training.inference", module)
        yield


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    """40 patients of each arm, two slices each; a slice's brightness is its probability of residual tumour."""
    rng = np.random.default_rng(12)
    n = 80
    keys = [f"{value:016x}" for value in rng.permutation(n)]
    residual = np.arange(n) // 2 % 2
    part = np.array(["fit", "validation", "test", "test", "fit"])[np.arange(n) // 4 % 5]
    cohorts = pd.DataFrame({"patient_key": keys, "arm": np.where(np.arange(n) % 2, "CCRT", "IC+CCRT")})
    cohorts = cohorts.assign(
        residual_tumor=residual, outlined=False, cohort=np.where(part == "test", "test", "train"), part=part
    ).sort_values("patient_key", ignore_index=True)
    stage = (1 + 2 * cohorts["residual_tumor"] + rng.integers(0, 2, n)).clip(1, 4)
    patients = pd.DataFrame({"patient_key": cohorts["patient_key"], "arm": cohorts["arm"], "simulated": True})
    patients = patients.assign(
        residual_tumor=cohorts["residual_tumor"],
        age=rng.normal(50, 9, n),
        sex=rng.choice(["male", "female"], n),
        ajcc_stage=np.where(stage == 4, "IVa", "III"),
        t_stage=[f"T{value}" for value in stage],
        n_stage=[f"N{value}" for value in rng.integers(0, 4, n)],
    )
    rows = cohorts.loc[cohorts.index.repeat(SLICES)].reset_index(drop=True)
    brightness = (0.3 + 0.4 * rows["residual_tumor"] + rng.normal(0, 0.2, len(rows))).clip(0.02, 0.98)
    pixels = np.broadcast_to((255 * brightness).astype(np.uint8).to_numpy()[:, None, None], (len(rows), 2, 2))
    rows = rows.assign(crop_row=range(len(rows)), slice_row=range(len(rows)))
    return {
        "cohorts": cohorts,
        "patients": patients,
        "crops": ImageTable(np.ascontiguousarray(pixels), rows[["slice_row", "patient_key"]]),
        "test_crops": rows[rows["part"] == "test"].reset_index(drop=True),
        "rows": rows,
    }


def _trainings(study: dict[str, Any]) -> dict[str, Any]:
    """Eight checkpoints with their validation predictions; the best of each arm sees, the others do not."""
    data, cohorts, pixels = {}, study["cohorts"], study["crops"].pixels
    for arm in Arm:
        learnt = cohorts[(cohorts["arm"] == arm.value) & (cohorts["cohort"] == "train")]["patient_key"].tolist()
        rows = study["rows"]
        rows = rows[(rows["arm"] == arm.value) & (rows["part"] == "validation")]
        for network in NETWORKS:
            about = {"poor": network != BEST[arm], "threshold": 0.45, "patients": sorted(learnt)}
            checkpoint = SimpleNamespace(about=about)
            name = training_name(arm, network, Unit.PATIENT)
            data[f"{name}__classifier"] = checkpoint
            seen = _read(checkpoint, pixels, rows["crop_row"].to_numpy())
            data[f"{name}__validation"] = rows[["crop_row", "patient_key", "residual_tumor"]].assign(probability=seen)
    return data


def _evaluated(study: dict[str, Any], trainings: dict[str, Any]) -> dict[str, Any]:
    """What ``split`` and ``evaluate`` hand over: tables 1 and 2 and the clinical baseline."""
    frames, test = [], study["test_crops"]
    for arm in Arm:
        rows = test[test["arm"] == arm.value]
        for network in NETWORKS:
            checkpoint = trainings[f"{training_name(arm, network, Unit.PATIENT)}__classifier"]
            probability = _read(checkpoint, study["crops"].pixels, rows["crop_row"].to_numpy())
            frames.append(rows.assign(network=network, unit="patient", probability=probability))
    predictions = pd.concat(frames, ignore_index=True)
    thresholds = predictions[["arm", "unit", "network"]].drop_duplicates().assign(threshold=0.45)
    baseline = baseline_scores(study["patients"], study["cohorts"])
    second = table2(
        predictions,
        thresholds=thresholds,
        baseline=baseline[["patient_key", "probability"]],
        n_resamples=100,
        seed=1,
    )
    return {"table1": table1(study["patients"], study["cohorts"]), "table2": second, "clinical_baseline": baseline}


@pytest.fixture(scope="module")
def inputs(study: dict[str, Any]) -> dict[str, Any]:
    trainings = _trainings(study)
    handed = {name: study[name] for name in ("cohorts", "patients", "crops", "test_crops")}
    return {**handed, **trainings, **_evaluated(study, trainings), "params:recommend_vs_physician": PARAMETERS}


class Kept(MemoryDataset):
    """Keeps what the runner would let go once nothing needs it, as a file does."""

    def _release(self) -> None:
        """Nothing to let go."""


def _run(inputs: dict[str, Any], *nodes: str) -> dict[str, Any]:
    pipeline = create_pipeline()
    if nodes:
        pipeline = pipeline.filter(node_names=[f"recommend_vs_physician.{node}" for node in nodes])
    outputs = pipeline.all_outputs()
    needed = {name: inputs[name] for name in pipeline.inputs()}
    catalog = DataCatalog(
        {name: Kept(copy_mode="assign") for name in outputs}
        | {name: MemoryDataset(value, copy_mode="assign") for name, value in needed.items()}
    )
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in outputs}


@pytest.fixture(scope="module")
def results(inputs: dict[str, Any]) -> dict[str, Any]:
    return _run(inputs)


def test_the_best_network_is_chosen_on_validation_patients(results: dict[str, Any]) -> None:
    chosen = results["chosen_networks"]
    assert dict(zip(chosen["arm"], chosen["network"], strict=True)) == {arm.value: BEST[arm] for arm in Arm}
    assert (chosen["threshold"] == 0.45).all()
    assert (chosen["n_validation"] == 8).all()


def test_every_test_patient_is_predicted_under_both_arms(results: dict[str, Any], study: dict[str, Any]) -> None:
    decided = results["decision_predictions"]
    test = study["cohorts"].query("cohort == 'test'")
    assert decided["patient_key"].tolist() == test["patient_key"].tolist()
    brightness = study["crops"].pixels[:, 0, 0] / 255
    means = pd.Series(brightness).groupby(study["crops"].table["patient_key"]).mean()
    for column, prediction in (("p_ccrt", "ccrt_model_pred"), ("p_ic_ccrt", "ic_model_pred")):
        assert decided[column].tolist() == pytest.approx(means.loc[decided["patient_key"]].tolist())
        assert ((decided[column] >= 0.45) == (decided[prediction] == "RT")).all()
    assert list(decided.columns) == [
        "patient_key", "arm", "residual_tumor", "p_ccrt", "ccrt_model_pred", "p_ic_ccrt", "ic_model_pred",
        "recommendation", "cell", "model_verdict", "physician_verdict",
    ]  # fmt: skip


def test_the_tables_count_the_test_patients_and_agree(results: dict[str, Any], study: dict[str, Any]) -> None:
    n = int((study["cohorts"]["cohort"] == "test").sum())
    assert results["table3"]["cases"].sum() == results["table3_conditions"]["cases"].sum() == n
    comparison = json.loads(json.dumps(results["decision_comparison"], allow_nan=False))
    assert comparison["simulated"] is True
    for who in ("model", "physician"):
        counted = results["decision_predictions"][f"{who}_verdict"].value_counts()
        assert {word: comparison[who][word] for word in counted.index} == counted.to_dict()
    # Both models read the same pixel, so the pair is (RT, RT) or (NRT, NRT) and no IC + CCRT is recommended.
    assert set(results["decision_predictions"]["recommendation"]) == {"CCRT", "IBT"}
    assert results["recommendation_value"]["n"].sum() == n
    assert (results["policy_value"]["n"] == n).all()
    assert (results["own_audit"]["verdict"] == "consistent").all()


def test_no_output_but_the_patient_tables_holds_a_patient_key(results: dict[str, Any], study: dict[str, Any]) -> None:
    for name in results.keys() - {"decision_predictions", "probability_under_ccrt", "probability_under_ic_ccrt"}:
        value = results[name]
        text = value.to_csv() if isinstance(value, pd.DataFrame) else repr(value)
        assert not any(key in text for key in study["cohorts"]["patient_key"]), name


def test_a_model_that_learnt_from_a_test_patient_is_refused(inputs: dict[str, Any], results: dict[str, Any]) -> None:
    leaked = SimpleNamespace(about={"poor": False, "threshold": 0.45, "patients": inputs["test_crops"]["patient_key"]})
    name = f"{training_name(Arm.CCRT, BEST[Arm.CCRT], Unit.PATIENT)}__classifier"
    planted = {**inputs, "chosen_networks": results["chosen_networks"], name: leaked}
    with pytest.raises(LeakError, match="the CCRT model's training patients and test patients"):
        _run(planted, "predict_under_ccrt")


def test_test_outcomes_do_not_reach_choice_or_prediction(inputs: dict[str, Any], results: dict[str, Any]) -> None:
    turned = inputs["test_crops"].assign(residual_tumor=1 - inputs["test_crops"]["residual_tumor"])
    nodes = ("choose_networks", "predict_under_ccrt", "predict_under_ic_ccrt")
    again = _run({**inputs, "test_crops": turned}, *nodes)
    for name, table in again.items():
        pd.testing.assert_frame_equal(table, results[name])


def test_predictions_of_another_split_are_refused(inputs: dict[str, Any], results: dict[str, Any]) -> None:
    short = {**inputs, **results, "probability_under_ccrt": results["probability_under_ccrt"].iloc[1:]}
    with pytest.raises(ConsistencyError, match="1 test patients have no prediction"):
        _run(short, "judge_decisions")


def test_an_inconsistent_table_ends_the_run_after_the_audit_is_stored(
    inputs: dict[str, Any], results: dict[str, Any]
) -> None:
    broken = {**inputs, **results, "table2": inputs["table2"].assign(acc=0.5)}
    audit = _run(broken, "audit_own_tables")["own_audit"]
    assert "inconsistent" in set(audit["verdict"])
    with pytest.raises(ConsistencyError, match="table2, rates equal their counts"):
        _run({**broken, "own_audit": audit}, "refuse_inconsistent_tables")


def test_a_second_run_gives_the_same_tables(inputs: dict[str, Any], results: dict[str, Any]) -> None:
    again = _run(inputs)
    for name, table in results.items():
        if isinstance(table, pd.DataFrame):
            pd.testing.assert_frame_equal(again[name], table)
        else:
            assert again[name] == table


def test_the_tables_are_the_same_when_every_dataset_is_a_file(
    inputs: dict[str, Any], results: dict[str, Any], tmp_path: Path
) -> None:
    config = (CONFIG / "catalog.yml").read_text(encoding="utf-8").replace("${_root}", str(tmp_path))
    entries = {name: entry for name, entry in yaml.safe_load(config).items() if not name.startswith("_")}
    stored = DataCatalog.from_config(entries)
    for name in create_pipeline().inputs():
        stored[name] = MemoryDataset(inputs[name], copy_mode="assign")
    SequentialRunner().run(create_pipeline(), stored)
    assert stored.load("decision_comparison") == results["decision_comparison"]
    for name in ("table3", "null_policies", "policy_value", "chosen_networks", "decision_predictions"):
        pd.testing.assert_frame_equal(stored.load(name), results[name], check_dtype=False)
    header = (tmp_path / "08_reporting/table3.csv").read_bytes().splitlines()[0].decode()
    assert header == ",".join(TABLE3_COLUMNS)


def test_nodes_go_through_a_process_pool() -> None:
    for node in create_pipeline().nodes:
        assert pickle.loads(pickle.dumps(node)).name == node.name


def test_every_output_has_a_catalog_entry_and_unknown_parameters_are_refused() -> None:
    catalog = yaml.safe_load((CONFIG / "catalog.yml").read_text(encoding="utf-8"))
    assert create_pipeline().all_outputs() == {name for name in catalog if not name.startswith("_")}
    keys = yaml.safe_load((CONFIG / "parameters.yml").read_text(encoding="utf-8"))["recommend_vs_physician"]
    assert keys.keys() == RecommendVsPhysicianParameters.model_fields.keys()
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        RecommendVsPhysicianParameters.model_validate({**PARAMETERS, "treshold": 1})
