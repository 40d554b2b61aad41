"""The audit of our own tables: nothing flagged on a consistent study, and every planted error under its own check."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from npc_kedro.decisions.cells import judge
from npc_kedro.decisions.comparison import compare
from npc_kedro.decisions.null_policies import null_policies
from npc_kedro.decisions.patient_probability import patient_means
from npc_kedro.errors import ConsistencyError
from npc_kedro.tables.guards import audit_tables, require_consistent
from npc_kedro.tables.table2 import table2
from npc_kedro.tables.table3 import table3

Tables = dict[str, Any]
NETWORKS = ("resnet50", "xception")


def _cohorts() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    rows = [
        (f"{number:03d}", arm, outcome, cohort)
        for number, (arm, outcome, cohort) in enumerate(
            (arm, outcome, cohort)
            for arm, sizes in (("CCRT", (9, 6, 6, 5)), ("IC+CCRT", (10, 5, 7, 4)))
            for (cohort, outcome), size in zip(
                (("train", 0), ("train", 1), ("test", 0), ("test", 1)), sizes, strict=True
            )
            for _ in range(size)
        )
    ]
    table = pd.DataFrame(rows, columns=["patient_key", "arm", "residual_tumor", "cohort"])
    sex = np.where(table["patient_key"] == "003", None, rng.choice(["male", "female"], len(table)))
    return table.assign(sex=sex)


def _table1(cohorts: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (arm, cohort), everyone in cohorts.groupby(["arm", "cohort"]):
        for residual, group in everyone.groupby("residual_tumor"):
            name, total = "RT" if residual else "NRT", len(everyone)
            rows.append((arm, cohort, name, "patients", "all", len(group), round(100 * len(group) / total, 2), 0))
            rows += [
                (arm, cohort, name, "sex", sex, n, round(100 * n / total, 2), int(group["sex"].isna().sum()))
                for sex, n in group["sex"].value_counts().items()
            ]
            rows.append((arm, cohort, name, "age", None, len(group), None, 0))
    columns = ["arm", "cohort", "outcome", "variable", "level", "n", "percent_printed", "missing"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def consistent() -> Tables:
    rng = np.random.default_rng(9)
    cohorts = _cohorts()
    test = cohorts[cohorts["cohort"] == "test"].reset_index(drop=True)
    slices = test.loc[test.index.repeat(3)].reset_index(drop=True)
    frames = []
    for network in NETWORKS:
        for unit in ("image", "patient"):
            noise = rng.normal(0, 0.5, len(slices))
            probability = (0.4 + 0.25 * slices["residual_tumor"] + noise).clip(0.01, 0.99)
            frames.append(
                slices.assign(network=network, unit=unit, probability=probability, crop_row=range(len(slices)))
            )
    predictions = pd.concat(frames, ignore_index=True)
    baseline = test[["patient_key"]].assign(probability=rng.random(len(test)))
    thresholds = predictions[["arm", "unit", "network"]].drop_duplicates().assign(threshold=0.5)
    second = table2(predictions, thresholds=thresholds, baseline=baseline, n_resamples=100, seed=1)
    chosen = pd.DataFrame({"arm": ["CCRT", "IC+CCRT"], "network": NETWORKS, "unit": "patient"})
    decisions = test[["patient_key", "arm", "residual_tumor"]].copy()
    for column, network in (("ccrt_model_pred", "resnet50"), ("ic_model_pred", "xception")):
        of_model = predictions[(predictions["network"] == network) & (predictions["unit"] == "patient")]
        means = patient_means(of_model).set_index("patient_key")["probability"]
        decisions[column] = np.where(means.loc[decisions["patient_key"]] >= 0.5, "RT", "NRT")
    decisions = judge(decisions)
    clinical = baseline[["patient_key"]].assign(t_stage="T3", p_ccrt=0.2, p_ic_ccrt=0.7)
    third = table3(decisions)
    return {
        "table1": _table1(cohorts),
        "table2": second,
        "table3": third,
        "decision_comparison": compare(third).as_json(),
        "null_policies": null_policies(decisions, clinical, baseline_threshold=0.5, n_permutations=20, seed=1),
        "chosen_networks": chosen,
        "cohorts": cohorts,
    }


def test_a_consistent_study_passes_every_check(consistent: Tables) -> None:
    audit = audit_tables(**consistent)
    assert audit[audit["verdict"] != "consistent"].empty, audit.to_string()
    assert len(audit) == 14
    assert audit["detail"].str.fullmatch(r"\d+ numbers compared").all()
    require_consistent(audit)


def test_tables_pass_as_they_come_back_from_disk(consistent: Tables, tmp_path: Path) -> None:
    stored: Tables = {}
    for name, table in consistent.items():
        if name == "decision_comparison":
            stored[name] = json.loads(json.dumps(table))
            continue
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        stored[name] = pd.read_csv(tmp_path / f"{name}.csv")
    audit = audit_tables(**stored)
    assert set(audit["verdict"]) == {"consistent"}, audit.to_string()
    require_consistent(audit)


def _cell(
    table: str, column: str, change: Callable[[Any], Any], where: str = "index == 0"
) -> Callable[[Tables], Tables]:
    def plant(tables: Tables) -> Tables:
        broken = tables[table].copy()
        at = broken.query(where).index[0]
        broken[column] = broken[column].astype(object)
        broken.loc[at, column] = change(broken.loc[at, column])
        return {**tables, table: broken.infer_objects()}

    return plant


def _json(who: str, name: str, value: Any) -> Callable[[Tables], Tables]:
    def plant(tables: Tables) -> Tables:
        stored = tables["decision_comparison"]
        changed = {**stored[who], name: value} if who else value
        return {**tables, "decision_comparison": {**stored, (who or name): changed}}

    return plant


IN_SPLIT, FOLLOWS = "patients as in the split", "tallies add up, rates follow"
COMPARED = ("decision_comparison", "tallies, rates and P from table3")
PATIENT, ALL_CCRT = "unit == 'patient'", "policy == 'all_ccrt'"


def one_more(count: int) -> int:
    return count + 1


@pytest.mark.parametrize(
    ("plant", "check", "named"),
    [
        (_cell("table1", "n", one_more, "variable == 'patients'"), ("table1", IN_SPLIT), "CCRT test"),
        (
            _cell("table1", "n", one_more, "variable == 'sex'"),
            ("table1", "levels and missing add up to patients"),
            "sex",
        ),
        (_cell("table1", "percent_printed", lambda p: p + 0.02), ("table1", "percentages of the cohort"), "patients"),
        (_cell("table2", "n_patients", one_more), ("table2", IN_SPLIT), "CCRT image resnet50"),
        (_cell("table2", "tp", one_more), ("table2", "rates equal their counts"), "resnet50 se"),
        (_cell("table2", "acc", lambda _: 0.999), ("table2", "accuracy between se and sp"), "resnet50 acc"),
        (_cell("table2", "auc", lambda a: a + 1e-4, PATIENT), ("table2", "auc is a count of pairs"), "half pairs"),
        (_cell("table2", "auc_lo", lambda _: 0.9999, PATIENT), ("table2", "estimates inside intervals"), "auc"),
        (
            _cell("table2", "auc", lambda a: a + 1e-3, "network == 'average'"),
            ("table2", "averages are means"),
            "CCRT image average auc",
        ),
        (_cell("table3", "cases", one_more), ("table3", "cases add up to test patients"), "CCRT NRT"),
        (_cell("table3", "model_verdict", lambda _: "wrong"), ("table3", "verdicts follow the rules"), "cell 1 model"),
        (_cell("table2", "fn", one_more, PATIENT), ("table3", "predictions as in table2"), "CCRT resnet50 fn"),
        (_json("model", "rate", 0.5), COMPARED, "model rate"),
        (_json("", "pearson_p", 0.5), COMPARED, "pearson_p"),
        (_json("", "mcnemar_exact_p", None), COMPARED, "mcnemar_exact_p"),
        (_cell("null_policies", "wrong", one_more), ("null_policies", FOLLOWS), "models model"),
        (
            _cell("null_policies", "rate", lambda r: r + 0.1, ALL_CCRT),
            ("null_policies", FOLLOWS),
            "all_ccrt model rate",
        ),
    ],
)
def test_a_planted_error_is_found(
    consistent: Tables, plant: Callable[[Tables], Tables], check: tuple[str, str], named: str
) -> None:
    audit = audit_tables(**plant(consistent)).set_index(["table", "check"])
    assert audit.at[check, "verdict"] == "inconsistent"
    assert named in audit.at[check, "detail"]


def test_missing_rows_are_not_taken_for_consistency(consistent: Tables) -> None:
    table2_without_models = consistent["table2"].query("network == 'average'")
    audit = audit_tables(**{**consistent, "table2": table2_without_models}).set_index(["table", "check"])
    assert audit.at[("table2", "rates equal their counts"), "detail"].startswith("nothing to compare")
    assert audit.at[("table3", "predictions as in table2"), "verdict"] == "inconsistent"


def test_the_run_is_refused_with_every_inconsistency_listed(consistent: Tables) -> None:
    broken = _cell("table3", "cases", lambda n: n + 1)(_json("model", "rate", 0.5)(consistent))
    with pytest.raises(ConsistencyError) as caught:
        require_consistent(audit_tables(**broken))
    message = str(caught.value)
    assert "table3, cases add up to test patients: CCRT NRT" in message
    assert "model rate: 0.5, must be" in message
    assert "Such tables must not be used" in message
