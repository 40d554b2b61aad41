"""From slices to the patient: the mean probability."""

import pandas as pd

from npc_kedro.errors import StatisticsError


def patient_means(slices: pd.DataFrame) -> pd.DataFrame:
    """A patient's probability: the mean over the patient's slices, as the publication defines it.

    Args:
        slices: patient_key, residual_tumor, probability.

    Returns:
        patient_key, residual_tumor, probability, n_slices; sorted by patient_key.

    Raises:
        StatisticsError: if a patient has two outcomes.
    """
    grouped = slices.groupby("patient_key", sort=True)
    mixed = int((grouped["residual_tumor"].nunique() != 1).sum())
    if mixed:
        msg = f"{mixed} patients have slices with different outcomes; an outcome belongs to the patient"
        raise StatisticsError(msg)
    means = grouped.agg(residual_tumor=("residual_tumor", "first"), probability=("probability", "mean"))
    return means.assign(n_slices=grouped.size()).reset_index()
