"""What the last panel of a run says of the cohort, its files and the tracking store."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset

from npc_kedro.clinical.attrition import Attrition
from npc_kedro.hooks.summary import _where_to_see_runs, main_numbers


def told(**datasets: pd.DataFrame) -> dict[str, str]:
    catalog = DataCatalog({name: MemoryDataset(data) for name, data in datasets.items()})
    return dict(main_numbers(catalog, set(datasets)))


def test_files_are_counted_from_the_first_step_to_the_last():
    attrition = Attrition()
    attrition.step("file headers", "files", entered=7, reasons=["not_dicom", "not_dicom"])
    attrition.step("decoding", "patients", entered=2)
    attrition.step("series choice", "files", entered=5, reasons=["not_axial"])
    assert told(attrition_ingest=attrition.table())["files"] == (
        "7 found: 4 used, 3 in rejected_files.csv with the reason"
    )


def test_a_cohort_without_a_patient_says_so():
    nobody = pd.DataFrame({"arm": pd.Series(dtype=str), "residual_tumor": pd.Series(dtype=int)})
    assert "no patient can be used" in told(patients=nobody)["cohort"]
    two = pd.DataFrame({"arm": ["CCRT", "CCRT"], "residual_tumor": [1, 0]})
    assert told(patients=two)["cohort"] == "CCRT: 2 patients, 1 with residual tumour"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("sqlite:////home/me/study/mlflow.db", "mlflow ui --backend-store-uri sqlite:///mlflow.db"),
        ("sqlite:////scratch/runs.db", "mlflow ui --backend-store-uri sqlite:////scratch/runs.db"),
        ("https://me:secret@runs.example", "https://...@runs.example"),
        ("postgresql://me:secret@db/runs", "mlflow ui --backend-store-uri postgresql://...@db/runs"),
    ],
)
def test_the_store_is_named_without_its_password(uri, shown):
    assert _where_to_see_runs(uri, Path("/home/me/study")) == shown
