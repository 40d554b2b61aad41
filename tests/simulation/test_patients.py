"""The drawn patients against the publication's Table 1 and against the laws they are drawn from."""

import numpy as np
import pandas as pd
import pytest

from npc_kedro.published import shipped_folder
from npc_kedro.simulation.patients import draw_patients
from npc_kedro.simulation.plan import SimulationPlan
from npc_kedro.simulation.table1 import PUBLISHED, STAGE_IVA, stage_distribution
from npc_kedro.study import Arm

PUBLISHED_TABLE = shipped_folder() / "table1.csv"


@pytest.fixture(scope="module")
def large():
    """A cohort large enough to see the law."""
    return draw_patients(SimulationPlan(patients={Arm.CCRT: 2100, Arm.IC_CCRT: 2140}))


@pytest.mark.parametrize("arm", list(Arm))
def test_embedded_counts_are_the_published_ones(arm):
    table = pd.read_csv(PUBLISHED_TABLE)
    counts = table[table["arm"] == arm.value].groupby(["variable", "level"])["n"].sum()
    margins = PUBLISHED[arm]
    assert [counts["t_stage", f"T{k}"] for k in (1, 2, 3, 4)] == list(margins.t_stage)
    assert [counts["n_stage", f"N{k}"] for k in (0, 1, 2, 3)] == list(margins.n_stage)
    assert counts["ajcc", "IVa"] == margins.stage_iva
    assert counts["sex", "male"] == margins.male
    ages = table[(table["arm"] == arm.value) & (table["variable"] == "age")]
    mean = np.average(ages["mean"], weights=ages["n"])
    variance = np.average(ages["sd"] ** 2 + (ages["mean"] - mean) ** 2, weights=ages["n"])
    assert margins.age_mean == pytest.approx(mean, abs=0.1)
    assert margins.age_sd == pytest.approx(np.sqrt(variance), abs=0.15)


@pytest.mark.parametrize("arm", list(Arm))
def test_joint_stages_keep_all_margins_and_hold_no_early_disease(arm):
    margins, joint = PUBLISHED[arm], stage_distribution(PUBLISHED[arm])
    np.testing.assert_allclose(joint.sum(axis=1) * margins.patients, margins.t_stage, atol=1e-6)
    np.testing.assert_allclose(joint.sum(axis=0) * margins.patients, margins.n_stage, atol=1e-6)
    assert joint[STAGE_IVA].sum() * margins.patients == pytest.approx(margins.stage_iva)
    # T1N0, T1N1, T2N0, T2N1 are stage I or II
    assert joint[:2, :2].sum() == 0


@pytest.mark.parametrize("arm", list(Arm))
def test_each_arm_has_its_published_factors(large, arm):
    given = large.clinical[large.clinical["arm"] == arm.value]
    margins = PUBLISHED[arm]
    for column, levels, counts in (
        ("t_stage", "T1 T2 T3 T4", margins.t_stage),
        ("n_stage", "N0 N1 N2 N3", margins.n_stage),
    ):
        share = given[column].value_counts(normalize=True).reindex(levels.split())
        np.testing.assert_allclose(share, np.array(counts) / margins.patients, atol=0.03)
    assert (given["ajcc_stage"] == "IVa").mean() == pytest.approx(margins.stage_iva / margins.patients, abs=0.03)
    assert (given["sex"] == "male").mean() == pytest.approx(margins.male / margins.patients, abs=0.03)
    assert given["age"].mean() == pytest.approx(margins.age_mean, abs=0.8)


def test_ajcc_stage_follows_from_t_and_n(large):
    advanced = (large.clinical["t_stage"] == "T4") | (large.clinical["n_stage"] == "N3")
    assert (advanced == (large.clinical["ajcc_stage"] == "IVa")).all()


def test_treatment_is_confounded_by_stage(large):
    induction = large.clinical["arm"] == "IC+CCRT"
    by_stage = induction.groupby(large.clinical["ajcc_stage"]).mean()
    # published: 94 of 162 in stage IVa, 120 of 262 in stage III
    assert by_stage["IVa"] == pytest.approx(94 / 162, abs=0.03)
    assert by_stage["III"] == pytest.approx(120 / 262, abs=0.03)


@pytest.mark.parametrize("seed", [2023, 1, 2, 3])
def test_small_cohorts_keep_the_published_shares(seed):
    plan = SimulationPlan(seed=seed)
    arms = draw_patients(plan).summary(plan)["arms"]
    assert arms["CCRT"]["residual_share"] == pytest.approx(76 / 210, abs=0.05)
    assert arms["IC+CCRT"]["residual_share"] == pytest.approx(52 / 214, abs=0.05)
    assert arms["CCRT"]["oracle_auc_population"] == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("auc", [0.8, 0.93])
def test_one_parameter_sets_the_oracle(auc):
    plan = SimulationPlan(patients={Arm.CCRT: 1000, Arm.IC_CCRT: 1000}, oracle_auc=auc)
    for facts in draw_patients(plan).summary(plan)["arms"].values():
        assert facts["oracle_auc"] == pytest.approx(auc, abs=0.02)


def test_outcomes_follow_their_probabilities_in_both_arms(large):
    for column in ("ccrt", "ic_ccrt"):
        bins = pd.cut(large.truth[f"p_rt_{column}"], [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])
        grouped = large.truth.groupby(bins, observed=True)
        np.testing.assert_allclose(grouped[f"rt_{column}"].mean(), grouped[f"p_rt_{column}"].mean(), atol=0.08)


def test_who_clears_under_the_riskier_treatment_clears_under_the_safer(large):
    truth = large.truth
    safer_is_ic = truth["p_rt_ic_ccrt"] < truth["p_rt_ccrt"]
    assert (truth["rt_ic_ccrt"] <= truth["rt_ccrt"])[safer_is_ic].all()
    assert (truth["rt_ic_ccrt"] >= truth["rt_ccrt"])[~safer_is_ic].all()


def test_the_clinical_table_tells_only_the_outcome_that_happened(large):
    merged = large.clinical.merge(large.truth.drop(columns="arm"), on="patient_id")
    happened = np.where(merged["arm"] == "CCRT", merged["rt_ccrt"], merged["rt_ic_ccrt"])
    assert (merged["residual_tumor"] == happened).all()
    assert not set(large.clinical) & (set(large.truth) - {"patient_id", "arm"})


def test_benefit_from_induction_lowers_the_risk_after_it_and_no_other(large):
    truth = large.truth
    assert truth["induction_benefit"].corr(truth["p_rt_ic_ccrt"], method="spearman") < -0.35
    assert abs(truth["induction_benefit"].corr(truth["p_rt_ccrt"], method="spearman")) < 0.1


def test_same_seed_same_patients_and_another_seed_others():
    plan = SimulationPlan(patients={Arm.CCRT: 5, Arm.IC_CCRT: 5}, outlined=2)
    first, again = draw_patients(plan), draw_patients(plan)
    pd.testing.assert_frame_equal(first.clinical, again.clinical)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    other = draw_patients(SimulationPlan(seed=1, patients=plan.patients, outlined=2))
    assert not first.truth.equals(other.truth)
