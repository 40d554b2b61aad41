"""Choosing the best network of an arm without a look at the test cohort."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.decisions.patient_probability import patient_means
from npc_kedro.errors import ConsistencyError
from npc_kedro.statistics import roc

_SMALLEST = 1e-7
"""Probabilities are held this far from 0 and 1 in the loss, single precision's resolution near 1."""


@dataclass(frozen=True)
class Choice:
    """The chosen network with what it was chosen by.

    Attributes:
        network: its name.
        validation_auc: AUC over the inner-validation patients.
        validation_loss: mean cross-entropy over them.
        n_patients: how many they are.
    """

    network: str
    validation_auc: float
    validation_loss: float
    n_patients: int


def choose_network(validations: Mapping[str, pd.DataFrame]) -> Choice:
    """The network with the highest patient-level validation AUC; ties go to the lower loss, then to the first named.

    With few validation patients ties are common, so the loss decides often.

    Args:
        validations: per network, slice-level predictions of the inner-validation patients: patient_key,
            residual_tumor, probability.

    Raises:
        ConsistencyError: if the networks were validated on different patients.
        StatisticsError: if only one outcome is among them.
    """
    ranked: list[tuple[float, float, int, Choice]] = []
    patients_of_first: list[str] | None = None
    for place, (network, slices) in enumerate(validations.items()):
        patients = patient_means(slices)
        keys = patients["patient_key"].tolist()
        patients_of_first = keys if patients_of_first is None else patients_of_first
        if keys != patients_of_first:
            msg = (
                f"{network} was validated on {len(keys)} patients and the first network on {len(patients_of_first)}, "
                "not the same ones; retrain those that used another split"
            )
            raise ConsistencyError(msg)
        outcome = patients["residual_tumor"].to_numpy()
        probability = patients["probability"].to_numpy(dtype=float)
        choice = Choice(network, roc.auc(outcome, probability), _cross_entropy(outcome, probability), len(patients))
        ranked.append((-choice.validation_auc, choice.validation_loss, place, choice))
    return min(ranked)[-1]


def _cross_entropy(outcome: np.ndarray, probability: np.ndarray) -> float:
    held = probability.clip(_SMALLEST, 1 - _SMALLEST)
    return float(-np.where(outcome == 1, np.log(held), np.log1p(-held)).mean())
