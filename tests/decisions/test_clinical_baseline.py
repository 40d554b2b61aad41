"""The clinical baseline against a general optimiser, against statsmodels, and on the publication's T stages."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from npc_kedro.decisions.clinical_baseline import baseline_scores, clinical_features, fit_logistic
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import roc


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    features = rng.normal(size=(60, 3)) * [1, 10, 0.2] + [0, 50, 2]
    logit = features[:, 0] + 0.05 * (features[:, 1] - 50)
    return features, (rng.random(60) < 1 / (1 + np.exp(-logit))).astype(int)


def test_the_fit_minimises_the_penalised_likelihood(sample: tuple[np.ndarray, np.ndarray]) -> None:
    features, outcome = sample
    standard = (features - features.mean(axis=0)) / features.std(axis=0)

    def loss(beta: np.ndarray) -> float:
        logit = beta[0] + standard @ beta[1:]
        return float(np.logaddexp(0, logit).sum() - outcome @ logit + 0.5 * 2.0 * beta[1:] @ beta[1:])

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    model = fit_logistic(features, outcome, ridge=2.0)
    assert [model.intercept, *model.coefficients] == pytest.approx(best.tolist(), abs=1e-5)


def test_without_penalty_it_is_maximum_likelihood(sample: tuple[np.ndarray, np.ndarray]) -> None:
    import statsmodels.api as sm

    features, outcome = sample
    expected = sm.Logit(outcome, sm.add_constant(features)).fit(disp=0).predict()
    assert fit_logistic(features, outcome, ridge=1e-9).predict(features) == pytest.approx(expected, abs=1e-7)


def test_separated_outcomes_stay_finite() -> None:
    features, outcome = np.array([[1.0], [1.0], [2.0], [4.0], [4.0]]), np.array([0, 0, 0, 1, 1])
    model = fit_logistic(features, outcome, ridge=1.0)
    assert np.isfinite(model.coefficients).all()
    # The penalised score equations: residuals sum to 0, and against the feature to ridge * coefficient.
    residual = outcome - model.predict(features)
    assert residual.sum() == pytest.approx(0, abs=1e-9)
    standard = (features[:, 0] - 2.4) / features.std()
    assert residual @ standard == pytest.approx(model.coefficients[0], abs=1e-9)


def test_an_outlying_start_does_not_diverge() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_cauchy(size=(40, 2))
    outcome = (features[:, 0] > 0).astype(int)
    probability = fit_logistic(features, outcome, ridge=1e-3).predict(features)
    assert np.isfinite(probability).all()


def _study(n: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(4)
    t_stage, n_stage = rng.integers(1, 5, n), rng.integers(0, 4, n)
    keys = [f"{value:016x}" for value in rng.permutation(n)]
    patients = pd.DataFrame(
        {
            "patient_key": keys,
            "age": rng.normal(50, 10, n),
            "sex": rng.choice(["male", "female"], n),
            "t_stage": [f"T{value}" for value in t_stage],
            "n_stage": [f"N{value}" for value in n_stage],
        }
    )
    cohorts = pd.DataFrame(
        {
            "patient_key": keys,
            "arm": rng.choice(["CCRT", "IC+CCRT"], n),
            "residual_tumor": (t_stage + rng.normal(0, 0.7, n) > 3).astype(int),
            "cohort": rng.choice(["train", "test"], n, p=[0.7, 0.3]),
        }
    )
    return patients, cohorts.sample(frac=1, random_state=2)


def test_each_arm_is_fitted_on_its_own_training_patients() -> None:
    patients, cohorts = _study()
    scores = baseline_scores(patients, cohorts, ridge=1.0).set_index("patient_key")
    joined = cohorts.merge(patients, on="patient_key")
    fitting = joined[(joined["arm"] == "IC+CCRT") & (joined["cohort"] == "train")]
    model = fit_logistic(clinical_features(fitting), fitting["residual_tumor"].to_numpy(), ridge=1.0)
    expected = model.predict(clinical_features(joined))
    assert scores.loc[joined["patient_key"], "p_ic_ccrt"].tolist() == pytest.approx(expected.tolist(), abs=1e-12)
    given_ic = scores["arm"] == "IC+CCRT"
    assert (scores["probability"] == scores["p_ic_ccrt"].where(given_ic, scores["p_ccrt"])).all()
    assert scores.index.is_monotonic_increasing


def test_a_test_patients_outcome_changes_no_score() -> None:
    patients, cohorts = _study()
    turned = cohorts.assign(
        residual_tumor=cohorts["residual_tumor"].where(cohorts["cohort"] == "train", 1 - cohorts["residual_tumor"])
    )
    columns = ["patient_key", "p_ccrt", "p_ic_ccrt"]
    pd.testing.assert_frame_equal(
        baseline_scores(patients, cohorts)[columns], baseline_scores(patients, turned)[columns]
    )


def test_t_stage_alone_reaches_the_auc_that_the_protocol_quotes(published_patients: pd.DataFrame) -> None:
    found = {
        arm: round(roc.auc(rows["residual_tumor"].to_numpy(), rows["t_stage"].str[1].astype(int).to_numpy()), 3)
        for arm, rows in published_patients.groupby("arm")
    }
    assert found == {"CCRT": 0.840, "IC+CCRT": 0.881}


def test_what_cannot_be_fitted_is_refused(sample: tuple[np.ndarray, np.ndarray]) -> None:
    features, outcome = sample
    with pytest.raises(StatisticsError, match="needs both 0 and 1"):
        fit_logistic(features, np.zeros(60), ridge=1.0)
    with pytest.raises(StatisticsError, match="must be above 0"):
        fit_logistic(features, outcome, ridge=0.0)
    with pytest.raises(StatisticsError, match="one finite row per patient"):
        fit_logistic(features[:59], outcome, ridge=1.0)
    with pytest.raises(StatisticsError, match=r"\{'n_stage': 1\}"):
        clinical_features(pd.DataFrame({"t_stage": ["T1"], "n_stage": ["Nx"], "age": [40], "sex": ["male"]}))
