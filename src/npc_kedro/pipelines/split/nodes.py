"""The split as the method section tells it: divide the patients, address their crops, describe the cohorts."""

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.cohorts import draw_split, forecast_split, is_simulated
from npc_kedro.leaks import require_disjoint, require_no_test_patients, require_one_side
from npc_kedro.pipelines.split.parameters import SplitParameters
from npc_kedro.study import Arm, Outcome

if TYPE_CHECKING:
    from npc_kedro.figures.canvas import Figure

_log = logging.getLogger(__name__)

_FEW_TEST_PATIENTS = 5
"""Below this many patients of an outcome one patient moves the AUC by more than a fifth."""


def check_division(patients: pd.DataFrame, parameters: dict[str, Any]) -> pd.DataFrame:
    """Whether the patients who came through ``ingest`` can be divided at all: said before hours of training, not after.

    Returns:
        Patients of each arm and outcome, and how many of them each part would get.

    Raises:
        CohortError: if an outcome is missing in an arm or one of its parts.
    """
    settings = SplitParameters.model_validate(parameters)
    forecast = forecast_split(
        patients, test_share=settings.test_share, validation_share=settings.validation_share, seed=settings.seed
    )
    for row in forecast[forecast["test"] < _FEW_TEST_PATIENTS].itertuples():
        outcome = Outcome.RT if row.residual_tumor else Outcome.NRT
        words = (row.test, outcome.value, row.arm)
        _log.warning("Only %d test patients with outcome %s in arm %s: its AUC will say little", *words)
    return forecast


def divide_patients(
    patients: pd.DataFrame, crops: ImageTable, parameters: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients who have a crop are divided 4:1 within each arm; ``crop`` has counted out those without.

    Returns:
        The manifest ``cohorts`` and this step's rows of the attrition table.
    """
    settings = SplitParameters.model_validate(parameters)
    eligible = patients[patients["patient_key"].isin(crops.table["patient_key"])]
    cohorts = draw_split(
        eligible, test_share=settings.test_share, validation_share=settings.validation_share, seed=settings.seed
    )
    require_one_side(cohorts)
    return cohorts, _attrition(cohorts)


def address_crops(crops: ImageTable, cohorts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``crops`` that belong to training patients, and those that belong to test patients."""
    addressed = crops.table[["slice_row", "patient_key"]].assign(crop_row=range(len(crops)))
    rows = addressed.merge(cohorts, on="patient_key", how="inner", validate="many_to_one").sort_values("crop_row")
    columns = ["crop_row", "slice_row", "patient_key", "arm", "residual_tumor", "part"]
    train = rows.loc[rows["cohort"] == "train", columns].reset_index(drop=True)
    test = rows.loc[rows["cohort"] == "test", columns].reset_index(drop=True)
    require_disjoint(train["patient_key"], test["patient_key"], "training and test patients")
    require_no_test_patients(train)
    return train, test


def describe_cohorts(patients: pd.DataFrame, cohorts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table 1 and its P values: t-test and chi-square by the publication's rule, each with its name."""
    from npc_kedro.tables.table1 import table1, table1_pvalues

    return table1(patients, cohorts), table1_pvalues(patients, cohorts)


def join_attrition(ingest: pd.DataFrame, crop: pd.DataFrame, split: pd.DataFrame) -> pd.DataFrame:
    """Every step's losses in one table, in the order of the study."""
    return pd.concat([ingest, crop, split], ignore_index=True)


def draw_attrition(attrition: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """The flow from the folder to the analysis, with what each step left out."""
    from npc_kedro.figures.attrition_flow import attrition_flow

    return attrition_flow(attrition, simulated=is_simulated(patients))


def _attrition(cohorts: pd.DataFrame) -> pd.DataFrame:
    """One row: nobody is lost here; the note says how the patients of each arm were divided."""
    counts = cohorts.groupby("arm")["cohort"].value_counts()
    divided = "; ".join(
        f"{arm.value} {counts[arm.value, 'train']} train, {counts[arm.value, 'test']} test" for arm in Arm
    )
    row = {"step": "split", "unit": "patients", "entered": len(cohorts), "used": len(cohorts), "excluded": 0}
    return pd.DataFrame([{**row, "reason": f"note: {divided}"}])
