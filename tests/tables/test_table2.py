"""Table 2 on a handful of patients worked out by hand, and what it must not depend on."""

import numpy as np
import pandas as pd
import pytest

from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import roc
from npc_kedro.tables.table2 import AVERAGED, COLUMNS, table2

# Two slices a patient; r* have residual tumour.
SLICES = {"r1": (0.9, 0.7), "r2": (0.8, 0.2), "r3": (0.1, 0.3), "n1": (0.4, 0.6), "n2": (0.1, 0.3), "n3": (0.2, 0.05)}
BASELINE = {"r1": 0.9, "r2": 0.2, "r3": 0.7, "n1": 0.3, "n2": 0.1, "n3": 0.6}


def _predictions(shift: float = 0.0, *, network: str = "resnet50", unit: str = "patient") -> pd.DataFrame:
    rows = [
        (key, int(key.startswith("r")), min(value + shift, 1.0)) for key, values in SLICES.items() for value in values
    ]
    table = pd.DataFrame(rows, columns=["patient_key", "residual_tumor", "probability"])
    return table.assign(arm="CCRT", unit=unit, network=network, crop_row=range(len(table)))


def _table(predictions: pd.DataFrame, *, threshold: float = 0.5, seed: int = 1, n_resamples: int = 200) -> pd.DataFrame:
    thresholds = predictions[["arm", "unit", "network"]].drop_duplicates().assign(threshold=threshold)
    baseline = pd.DataFrame({"patient_key": list(BASELINE), "probability": list(BASELINE.values())})
    return table2(predictions, thresholds=thresholds, baseline=baseline, n_resamples=n_resamples, seed=seed)


def test_patients_are_measured_on_their_mean_probability() -> None:
    # Means: r1 0.8, r2 0.5, r3 0.2, n1 0.5, n2 0.2, n3 0.125. At 0.5: r1, r2, n1 are called residual.
    row = _table(_predictions()).iloc[0]
    assert [row[name] for name in ("tp", "fn", "fp", "tn", "n", "n_positive", "n_patients")] == [2, 1, 1, 2, 6, 3, 6]
    assert [row["acc"], row["se"], row["sp"]] == pytest.approx([4 / 6, 2 / 3, 2 / 3])
    # Pairs: r1 beats all (3); r2 ties n1, beats n2, n3 (2.5); r3 ties n2, beats n3 (1.5). 7 of 9.
    assert row["auc"] == pytest.approx(7 / 9)
    assert row["auc_method"] == "delong"
    expected = roc.auc_interval([1, 1, 1, 0, 0, 0], [0.8, 0.5, 0.2, 0.5, 0.2, 0.125])
    assert [row["auc_lo"], row["auc_hi"]] == pytest.approx([expected.lo, expected.hi], abs=1e-12)
    # Brier: (0.04 + 0.25 + 0.64 + 0.25 + 0.04 + 0.015625) / 6.
    assert row["brier"] == pytest.approx(1.235625 / 6)
    assert row["proportion_method"] == "wilson"


def test_the_published_orientation_swaps_the_classes() -> None:
    predictions = _predictions()
    row = _table(predictions, threshold=0.6).iloc[0]
    # At 0.6 only r1 is called: recall of RT 1/3, recall of NRT 3/3.
    assert [row["se"], row["sp"]] == pytest.approx([1 / 3, 1])
    assert [row["se_published_orientation"], row["sp_published_orientation"]] == pytest.approx([1, 1 / 3])


def test_slices_are_measured_one_by_one_and_resampled_by_patient() -> None:
    row = _table(_predictions(unit="image"), n_resamples=2000).iloc[0]
    assert [row[name] for name in ("tp", "fn", "fp", "tn", "n", "n_patients")] == [3, 3, 1, 5, 12, 6]
    assert row["auc"] == pytest.approx(
        np.mean(
            [[(r > n) + (r == n) / 2 for n in (0.4, 0.6, 0.1, 0.3, 0.2, 0.05)] for r in (0.9, 0.7, 0.8, 0.2, 0.1, 0.3)]
        )
    )
    assert row["auc_method"] == row["proportion_method"] == "bootstrap by patient"
    assert row["auc_lo"] < row["auc"] < row["auc_hi"]
    # r1 has 2 of 2 slices right, r2 1, r3 0: one draw of 27 is r1 three times, and one is r3 three times.
    assert (row["se_lo"], row["se_hi"]) == (0.0, 1.0)
    assert row[["baseline_auc", "baseline_p"]].isna().all()


def test_clustered_intervals_are_wider_than_if_slices_were_patients() -> None:
    rng = np.random.default_rng(0)
    patients = pd.DataFrame({"patient_key": [f"{i:03d}" for i in range(60)], "residual_tumor": [0, 1] * 30})
    patients["level"] = (0.35 + 0.2 * patients["residual_tumor"] + rng.normal(0, 0.15, 60)).clip(0, 1)
    slices = patients.loc[patients.index.repeat(10)].reset_index(drop=True)
    slices = slices.assign(
        probability=slices["level"], arm="CCRT", unit="image", network="resnet50", crop_row=range(len(slices))
    )
    baseline = pd.DataFrame({"patient_key": patients["patient_key"], "probability": 0.5})
    thresholds = pd.DataFrame({"arm": ["CCRT"], "unit": ["image"], "network": ["resnet50"], "threshold": [0.45]})
    row = table2(slices, thresholds=thresholds, baseline=baseline, n_resamples=500, seed=3).iloc[0]
    # Ten identical slices carry the information of one: the interval is that of 60 patients, not of 600 slices.
    binomial_half_width = 1.96 * np.sqrt(row["acc"] * (1 - row["acc"]) / 60)
    assert (row["acc_hi"] - row["acc_lo"]) / 2 == pytest.approx(binomial_half_width, rel=0.15)


def test_the_clinical_baseline_is_compared_on_the_same_patients() -> None:
    row = _table(_predictions()).iloc[0]
    # Baseline pairs: r1 3, r2 beats n2 (1), r3 beats all (3): 7 of 9, as the model has; different patients though.
    assert row["baseline_auc"] == pytest.approx(7 / 9)
    assert row["baseline_p"] == 1.0
    better = _predictions()
    better.loc[better["patient_key"] == "r3", "probability"] = 0.7
    comparison = roc.compare_aucs([1, 1, 1, 0, 0, 0], [0.8, 0.5, 0.7, 0.5, 0.2, 0.125], list(BASELINE.values()))
    found = _table(better.sample(frac=1, random_state=3)).iloc[0]
    assert 0 < comparison.p < 1
    assert found["baseline_p"] == pytest.approx(comparison.p)


def test_averages_follow_the_networks_of_each_arm_and_unit() -> None:
    predictions = pd.concat(
        [
            _predictions(0.2, network="xception"),
            _predictions(network="efficientnet_b0"),
            _predictions(0.1, network="efficientnet_b0", unit="image"),
        ],
        ignore_index=True,
    )
    table = _table(predictions)
    assert tuple(table.columns) == COLUMNS
    assert table[["unit", "network"]].to_numpy().tolist() == [
        ["image", "efficientnet_b0"],
        ["image", "average"],
        ["patient", "efficientnet_b0"],
        ["patient", "xception"],
        ["patient", "average"],
    ]
    average, models = table.iloc[4], table.iloc[2:4]
    for name in AVERAGED:
        assert average[name] == pytest.approx(models[name].mean())
    assert average[["auc_lo", "auc_hi", "n", "tp"]].isna().all()


def test_the_order_of_rows_changes_nothing() -> None:
    predictions = pd.concat([_predictions(), _predictions(unit="image")], ignore_index=True)
    shuffled = predictions.sample(frac=1, random_state=5, ignore_index=True)
    pd.testing.assert_frame_equal(_table(predictions), _table(shuffled))
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(_table(predictions), _table(predictions, seed=2))


def test_one_patient_of_an_outcome_has_an_auc_but_no_interval() -> None:
    predictions = pd.concat([_predictions(), _predictions(unit="image")])
    predictions = predictions[~predictions["patient_key"].isin(["r2", "r3"])]
    table = _table(predictions)
    assert table["auc"].notna().all()
    assert table[["auc_lo", "auc_hi"]].isna().all(axis=None)
    measured = table[table["network"] != "average"]
    assert set(measured["auc_method"]) == {"no interval: fewer than two patients of an outcome"}


def test_missing_thresholds_and_baselines_are_errors() -> None:
    predictions = _predictions()
    thresholds = pd.DataFrame({"arm": ["CCRT"], "unit": ["image"], "network": ["resnet50"], "threshold": [0.5]})
    baseline = pd.DataFrame({"patient_key": list(BASELINE)[1:], "probability": list(BASELINE.values())[1:]})
    with pytest.raises(StatisticsError, match="no threshold for"):
        table2(predictions, thresholds=thresholds, baseline=baseline, n_resamples=100, seed=1)
    with pytest.raises(StatisticsError, match="1 test patients have no clinical baseline score"):
        table2(predictions, thresholds=thresholds.assign(unit="patient"), baseline=baseline, n_resamples=100, seed=1)


def test_a_perfect_model_has_no_interval_by_resampling_and_one_by_wilson() -> None:
    """All resamples give 1: that is no certainty."""
    perfect = _predictions().assign(probability=lambda table: table["residual_tumor"] * 0.8 + 0.1)
    row = _table(perfect.assign(unit="image")).iloc[0]
    assert [row[name] for name in ("acc", "se", "sp", "auc")] == [1, 1, 1, 1]
    bounds = [f"{name}_{end}" for name in ("acc", "se", "sp", "auc") for end in ("lo", "hi")]
    assert row[bounds].isna().all()
    assert row["auc_method"] == "no interval: all resamples alike"
    assert "all resamples alike" in row["proportion_method"]
    row = _table(perfect).iloc[0]
    assert [row["se_lo"], row["acc_lo"]] == pytest.approx(
        [1 / (1 + 1.959964**2 / 3), 1 / (1 + 1.959964**2 / 6)], abs=1e-6
    )
    assert row["auc_logit_lo"] < 0.9


def test_draws_are_those_of_the_seed() -> None:
    by_slice = _predictions(unit="image")
    first, again, other = (_table(by_slice, seed=seed).iloc[0]["acc_lo":"sp_hi"].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other
