"""The null policies on the publication's test patients, and the shuffled model against an exact enumeration."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from npc_kedro.decisions.cells import CELLS, judge
from npc_kedro.decisions.null_policies import COLUMNS, POLICIES, null_policies, policy_tallies
from npc_kedro.decisions.tally import Tally, tally
from npc_kedro.errors import StatisticsError
from npc_kedro.tables.table3 import table3


@pytest.mark.parametrize(
    ("policy", "model", "physician"),
    [
        # (NRT, NRT): the model is right for the 24 + 32 who cleared, the physician for the 24 given CCRT.
        ("predict_nrt_for_all", Tally(56, 29, 0), Tally(24, 43, 18)),
        # T4 is RT / RT: of 26 in T4, 21 are residual and undetermined, 5 cleared (model wrong, physician right).
        ("t4_means_residual", Tally(51, 13, 21), Tally(28, 30, 27)),
        # (NRT, RT): right for 24 cleared under CCRT and 11 residual under IC + CCRT.
        ("all_ccrt", Tally(35, 50, 0), Tally(56, 11, 18)),
        # (RT, NRT): right for 18 residual under CCRT and 32 cleared under IC + CCRT.
        ("all_ic_ccrt", Tally(50, 35, 0), Tally(56, 18, 11)),
    ],
)
def test_null_policies_on_the_published_cohort(
    policy: str, model: Tally, physician: Tally, published_patients: pd.DataFrame
) -> None:
    found = policy_tallies(published_patients, POLICIES[policy].predict(published_patients))
    assert found == {"model": model, "physician": physician}


def test_the_rates_that_the_protocol_quotes(published_patients: pd.DataFrame) -> None:
    patients = published_patients
    rates = {
        policy: tuple(
            f"{100 * counts.rate:.1f}"
            for counts in policy_tallies(patients, POLICIES[policy].predict(patients)).values()
        )
        for policy in ("predict_nrt_for_all", "t4_means_residual")
    }
    assert rates == {"predict_nrt_for_all": ("65.9", "35.8"), "t4_means_residual": ("79.7", "48.3")}


def test_a_policy_is_judged_as_the_patients_are(published_patients: pd.DataFrame) -> None:
    patients = published_patients
    rng = np.random.default_rng(3)
    pair = rng.random(len(patients)) < 0.4, rng.random(len(patients)) < 0.3
    predicted = patients.assign(
        ccrt_model_pred=np.where(pair[0], "RT", "NRT"), ic_model_pred=np.where(pair[1], "RT", "NRT")
    )
    assert policy_tallies(patients, pair) == tally(table3(judge(predicted)))


@pytest.fixture(scope="module")
def small() -> tuple[pd.DataFrame, pd.DataFrame]:
    decisions = pd.DataFrame(
        {
            "patient_key": list("abcde"),
            "arm": ["CCRT", "CCRT", "IC+CCRT", "IC+CCRT", "CCRT"],
            "residual_tumor": [0, 1, 0, 1, 0],
            "ccrt_model_pred": ["NRT", "RT", "RT", "RT", "NRT"],
            "ic_model_pred": ["NRT", "NRT", "NRT", "RT", "RT"],
        }
    )
    clinical = pd.DataFrame(
        {
            "patient_key": list("edcbaz"),
            "t_stage": ["T1", "T4", "T2", "T4", "T1", "T1"],
            "p_ccrt": [0.1, 0.9, 0.2, 0.8, 0.5, 0.1],
            "p_ic_ccrt": [0.1, 0.9, 0.2, 0.3, 0.2, 0.1],
        }
    )
    return decisions, clinical


def test_the_table_has_two_rows_a_policy_and_wilson_intervals(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = null_policies(*small, baseline_threshold=0.5, n_permutations=50, seed=1)
    assert tuple(table.columns) == COLUMNS
    assert table["policy"].tolist()[::2] == ["models", *POLICIES, "clinical_baseline", "shuffled_models"]
    assert table["who"].tolist() == ["model", "physician"] * (len(table) // 2)
    assert (table["correct"] + table["wrong"] + table["undetermined"] == 5).all()
    everyone_clears = table[(table["policy"] == "predict_nrt_for_all") & (table["who"] == "model")].iloc[0]
    # Wilson for 3 of 5, from the formula: (p + z2/2n -+ z sqrt(p q / n + z2 / 4n2)) / (1 + z2 / n).
    z2 = 1.959963984540054**2
    centre, half = 0.6 + z2 / 10, np.sqrt(z2 * (0.6 * 0.4 / 5 + z2 / 100))
    expected = [(centre - half) / (1 + z2 / 5), (centre + half) / (1 + z2 / 5)]
    assert everyone_clears[["lo", "hi"]].tolist() == pytest.approx(expected, rel=1e-9)


def test_the_clinical_baseline_predicts_at_its_threshold(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = null_policies(*small, baseline_threshold=0.5, n_permutations=1, seed=1).set_index(["policy", "who"])
    # Pairs by patient: a RT/NRT, b RT/NRT, c NRT/NRT, d RT/RT, e NRT/NRT -> cells 9, 10, 3, 16, 1.
    verdicts = [CELLS[number - 1].model_verdict.value for number in (9, 10, 3, 16, 1)]
    row = table.loc[("clinical_baseline", "model")]
    assert [row["correct"], row["wrong"], row["undetermined"]] == [
        verdicts.count(word) for word in ("correct", "wrong", "undetermined")
    ]


def test_the_shuffled_models_approach_the_enumerated_distribution(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    decisions, clinical = small
    table = null_policies(decisions, clinical, baseline_threshold=0.5, n_permutations=4000, seed=5)
    found = table[(table["policy"] == "shuffled_models") & (table["who"] == "model")].iloc[0]
    pair = ((decisions["ccrt_model_pred"] == "RT").to_numpy(), (decisions["ic_model_pred"] == "RT").to_numpy())
    rates = np.array(
        [
            policy_tallies(decisions, (pair[0][list(order)], pair[1][list(order)]))["model"].rate
            for order in permutations(range(5))
        ]
    )
    assert found["rate"] == pytest.approx(rates.mean(), abs=0.02)
    assert found["p_permutation"] == pytest.approx((rates >= 1).mean(), abs=0.02)
    assert (found["lo"], found["hi"]) == (np.quantile(rates, 0.025), np.quantile(rates, 0.975))


def test_the_unshuffled_order_counts_among_the_shuffles(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """One shuffle: the P value can only be 1/2 or 1, never 0."""
    found = {
        null_policies(*small, baseline_threshold=0.5, n_permutations=1, seed=seed)
        .set_index(["policy", "who"])
        .loc[("shuffled_models", "model"), "p_permutation"]
        for seed in range(30)
    }
    assert found == {0.5, 1.0}


def test_a_seed_repeats_itself(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    first, second = (null_policies(*small, baseline_threshold=0.5, n_permutations=30, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_a_patient_without_clinical_row_is_an_error(small: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    decisions, clinical = small
    with pytest.raises(StatisticsError, match="1 of 5 test patients have no clinical row"):
        null_policies(decisions, clinical.iloc[1:], baseline_threshold=0.5, n_permutations=1, seed=1)
