"""What a recommendation is worth: counts by hand, the estimate against a truth that is known."""

import statistics

import numpy as np
import pandas as pd
import pytest

from npc_kedro.decisions.policy_value import policy_value, recommendation_value, treatment_scores
from npc_kedro.errors import StatisticsError


def test_counts_among_those_steered_to_each_treatment() -> None:
    # The publication's CCRT recommendations: cells 1, 5 | 2 given CCRT, cells 3, 7 given IC + CCRT.
    decisions = pd.DataFrame(
        {
            "recommendation": ["CCRT"] * 46 + ["IBT"],
            "arm": ["CCRT"] * 27 + ["IC+CCRT"] * 19 + ["CCRT"],
            "residual_tumor": [1] * 4 + [0] * 42 + [1],
        }
    )
    table = recommendation_value(decisions).set_index(["recommendation", "arm"])
    assert table.loc[("CCRT", "CCRT"), ["n", "cleared", "residual"]].tolist() == [27, 23, 4]
    assert table.loc[("CCRT", "IC+CCRT"), ["n", "cleared", "share_cleared"]].tolist() == [19, 19, 1]
    # Wilson's lower bound of n / n is n / (n + z2).
    assert table.loc[("CCRT", "IC+CCRT"), "lo"] == pytest.approx(19 / (19 + 1.959963984540054**2))
    assert table.loc[("IC+CCRT", "CCRT"), "n"] == 0
    assert np.isnan(table.loc[("IC+CCRT", "CCRT"), "share_cleared"])
    assert len(table) == 6


def test_the_estimate_by_hand() -> None:
    decisions = pd.DataFrame(
        {
            "patient_key": list("abcd"),
            "arm": ["CCRT", "IC+CCRT", "CCRT", "IC+CCRT"],
            "residual_tumor": [0, 0, 1, 1],
            "recommendation": ["CCRT", "CCRT", "IC+CCRT", "IBT"],
        }
    )
    scores = pd.DataFrame(
        {
            "patient_key": list("dcba"),
            "propensity_ic": [0.5, 0.25, 0.5, 0.01],
            "clear_ccrt": [0.5, 0.4, 0.6, 0.8],
            "clear_ic_ccrt": [0.5, 0.7, 0.9, 0.9],
        }
    )
    table = policy_value(decisions, scores, smallest_propensity=0.2).set_index("policy")
    # a: 0.8 + (1 - 0.8) / 0.8 (its propensity 0.01 is held at 0.2); b, not given CCRT: 0.6;
    # c, not given IC + CCRT: 0.7; d: IBT, 0 or 1.
    known = 0.8 + 0.2 / 0.8 + 0.6 + 0.7
    assert table.at["models_ibt_never_clears", "cleared_share"] == pytest.approx(known / 4)
    assert table.at["models_ibt_always_clears", "cleared_share"] == pytest.approx((known + 1) / 4)
    assert table.at["models_ibt_never_clears", "n_unknown"] == 1
    assert table.at["models_ibt_never_clears", "minus_physicians"] == pytest.approx(known / 4 - 0.5)
    # all CCRT: c was given it at propensity 0.75 and did not clear: 0.4 - 0.4 / 0.75; d: 0.5.
    assert table.at["all_ccrt", "cleared_share"] == pytest.approx((1.05 + 0.6 + 0.4 - 0.4 / 0.75 + 0.5) / 4)
    assert table.at["physicians", "cleared_share"] == 0.5
    # normal theory with n - 1 below the variance of the four patients' values
    values = [0.8 + 0.2 / 0.8, 0.6, 0.4 - 0.4 / 0.75, 0.5]
    half = 1.959964 * statistics.stdev(values) / 2
    assert table.loc["all_ccrt", ["lo", "hi"]].tolist() == pytest.approx(
        [statistics.mean(values) - half, statistics.mean(values) + half], abs=1e-6
    )


@pytest.mark.parametrize("wrong", ["outcome", "propensity"])
def test_the_estimate_finds_the_truth_with_one_model_wrong(wrong: str) -> None:
    rng = np.random.default_rng(8)
    n = 20_000
    severe = rng.integers(0, 2, n)
    chance_ic = np.where(severe, 0.8, 0.3)
    clears = {"CCRT": np.where(severe, 0.3, 0.8), "IC+CCRT": np.where(severe, 0.6, 0.9)}
    arm = np.where(rng.random(n) < chance_ic, "IC+CCRT", "CCRT")
    cleared = rng.random(n) < np.where(arm == "CCRT", clears["CCRT"], clears["IC+CCRT"])
    decisions = pd.DataFrame(
        {
            "patient_key": np.arange(n),
            "arm": arm,
            "residual_tumor": 1 - cleared.astype(int),
            "recommendation": np.where(severe, "IC+CCRT", "CCRT"),
        }
    )
    scores = pd.DataFrame(
        {
            "patient_key": np.arange(n),
            "propensity_ic": 0.5 if wrong == "propensity" else chance_ic,
            "clear_ccrt": 0.5 if wrong == "outcome" else clears["CCRT"],
            "clear_ic_ccrt": 0.5 if wrong == "outcome" else clears["IC+CCRT"],
        }
    )
    table = policy_value(decisions, scores, smallest_propensity=0.05).set_index("policy")
    truth = {
        "all_ccrt": 0.55,
        "all_ic_ccrt": 0.75,
        "models_ibt_never_clears": 0.7,
        "models_ibt_always_clears": 0.7,
    }
    for policy, value in truth.items():
        assert table.at[policy, "cleared_share"] == pytest.approx(value, abs=0.015)
        assert table.at[policy, "lo"] < value < table.at[policy, "hi"]


def test_scores_come_from_training_patients_and_cover_the_test_patients() -> None:
    rng = np.random.default_rng(2)
    n = 60
    keys = [f"{value:02d}" for value in range(n)]
    patients = pd.DataFrame(
        {
            "patient_key": keys,
            "age": rng.normal(50, 9, n),
            "sex": rng.choice(["male", "female"], n),
            "t_stage": rng.choice(["T1", "T2", "T3", "T4"], n),
            "n_stage": rng.choice(["N0", "N1", "N2"], n),
        }
    )
    cohorts = pd.DataFrame(
        {"patient_key": keys, "arm": rng.choice(["CCRT", "IC+CCRT"], n), "cohort": ["train"] * 48 + ["test"] * 12}
    )
    baseline = pd.DataFrame({"patient_key": keys, "p_ccrt": rng.random(n), "p_ic_ccrt": rng.random(n)})
    scores = treatment_scores(patients, cohorts, baseline, ridge=1.0)
    assert scores["patient_key"].tolist() == keys[48:]
    assert scores["clear_ccrt"].tolist() == pytest.approx((1 - baseline["p_ccrt"][48:]).tolist())
    turned = cohorts.assign(arm=[*cohorts["arm"][:48], *["CCRT"] * 12])
    pd.testing.assert_frame_equal(scores, treatment_scores(patients, turned, baseline, ridge=1.0))


def test_a_patient_without_scores_is_an_error() -> None:
    decisions = pd.DataFrame({"patient_key": ["a", "b"], "arm": "CCRT", "residual_tumor": 0, "recommendation": "CCRT"})
    scores = pd.DataFrame({"patient_key": ["a"], "propensity_ic": [0.5], "clear_ccrt": [0.5], "clear_ic_ccrt": [0.5]})
    with pytest.raises(StatisticsError, match="1 of 2 test patients have scores"):
        policy_value(decisions, scores, smallest_propensity=0.05)
