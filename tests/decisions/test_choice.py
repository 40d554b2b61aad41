"""The choice of a network: patients not slices, AUC before loss, order last, test cohort never."""

import pandas as pd
import pytest

from npc_kedro.decisions.choice import choose_network
from npc_kedro.decisions.patient_probability import patient_means
from npc_kedro.errors import ConsistencyError, StatisticsError


def _validation(**probabilities: list[float]) -> pd.DataFrame:
    """Slices of patients named r* (residual) and n*."""
    rows = [(key, int(key.startswith("r")), value) for key, values in probabilities.items() for value in values]
    return pd.DataFrame(rows, columns=["patient_key", "residual_tumor", "probability"])


def test_the_patients_auc_decides_not_the_slices() -> None:
    # By slices `many` ranks 6 of 8 pairs right and `mean` 3 of 6. By patients `many` has r1 at 0.45 below n1 at 0.5,
    # and `mean` has r1 at 0.4 above n1 at 1/3.
    many = _validation(r1=[0.6, 0.6, 0.6, 0.0], n1=[0.5], n2=[0.1])
    mean = _validation(r1=[0.6, 0.2], n1=[0.3, 0.4, 0.3], n2=[0.3])
    choice = choose_network({"many": many, "mean": mean})
    assert (choice.network, choice.validation_auc, choice.n_patients) == ("mean", 1.0, 3)


def test_a_tie_goes_to_the_lower_loss_then_to_the_first_named() -> None:
    sure, unsure = _validation(r1=[0.9], n1=[0.1]), _validation(r1=[0.6], n1=[0.4])
    assert choose_network({"unsure": unsure, "sure": sure}).network == "sure"
    choice = choose_network({"b": sure, "a": sure.sample(frac=1, random_state=1)})
    assert choice.network == "b"
    assert choice.validation_loss == pytest.approx(0.105360515657826)  # -ln 0.9


def test_a_probability_of_zero_or_one_has_a_finite_loss() -> None:
    assert choose_network({"only": _validation(r1=[0.0], n1=[1.0])}).validation_loss == pytest.approx(16.118, abs=1e-3)


def test_networks_validated_on_other_patients_are_refused() -> None:
    with pytest.raises(ConsistencyError, match="retrain"):
        choose_network({"a": _validation(r1=[1.0], n1=[0.0]), "b": _validation(r1=[1.0], n2=[0.0])})


def test_one_outcome_only_is_refused() -> None:
    with pytest.raises(StatisticsError, match="0 positive"):
        choose_network({"a": _validation(n1=[0.0], n2=[0.0])})


def test_a_patient_with_two_outcomes_is_refused() -> None:
    broken = _validation(r1=[0.1, 0.2], n1=[0.0])
    broken.loc[0, "residual_tumor"] = 0
    with pytest.raises(StatisticsError, match="1 patients have slices with different outcomes"):
        patient_means(broken)
