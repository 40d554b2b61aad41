"""What the last panel of a run says of the cohort, its files and the tracking store."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset

from npc_kedro.clinical.attrition import Attrition
from npc_kedro.hooks.summary import ClosingSummary, _p, _where_to_see_runs, main_numbers


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


def policies(**counts: tuple[int, int, int]) -> pd.DataFrame:
    rows = [
        (name, "model", right, wrong, rest, right / (right + wrong)) for name, (right, wrong, rest) in counts.items()
    ]
    return pd.DataFrame(rows, columns=["policy", "who", "correct", "wrong", "undetermined", "rate"])


def test_the_best_policy_without_images_stands_beside_the_models():
    others = {"predict_nrt_for_all": (31, 13, 0), "all_ccrt": (9, 9, 26), "shuffled_models": (40, 4, 0)}
    found = told(null_policies=policies(models=(32, 4, 8), **others))
    assert found["without any image"] == "predict_nrt_for_all 70.5 % (31 of 44 judged; 0 undetermined)"


def test_models_that_do_what_a_policy_without_images_does_are_named():
    found = told(null_policies=policies(models=(31, 13, 0), predict_nrt_for_all=(31, 13, 0), all_ccrt=(9, 9, 26)))
    assert found["without any image"].endswith("; THE MODELS SCORE JUST WHAT predict_nrt_for_all DOES")


@pytest.mark.parametrize(
    ("p", "shown"), [(None, "undefined"), (0.0421, "0.042"), (0.001, "0.001"), (0.00099, "< 0.001"), (0.0, "< 0.001")]
)
def test_small_p_values_are_not_zero(p, shown):
    assert _p(p) == shown


def test_tables_of_a_simulated_cohort_have_a_note_beside_them(tmp_path):
    (tmp_path / "data/08_reporting").mkdir(parents=True)
    summary = ClosingSummary()
    summary._project = tmp_path
    summary._simulated = False
    summary._mark()
    assert list((tmp_path / "data/08_reporting").iterdir()) == []
    summary._simulated = True
    summary._mark()
    (note,) = (tmp_path / "data/08_reporting").iterdir()
    assert note.name == "SIMULATED COHORT - not patients.txt"
