"""The pipeline that simulates a cohort, run on a catalog of its own."""

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from npc_kedro.cohort import CohortFolder, NothingSimulated
from npc_kedro.datasets.cohort_folder import CohortFolderDataset
from npc_kedro.errors import CohortError
from npc_kedro.pipelines.simulate_cohort import create_pipeline
from npc_kedro.pipelines.simulate_cohort.parameters import SimulateCohortParameters

PARAMETERS = {
    "cohort_root": "",
    "seed": 5,
    "patients": {"ccrt": 4, "ic_ccrt": 3},
    "outlined": 3,
    "matrix": 32,
    "slice_spacing_mm": 20.0,
    "slice_thickness_mm": 5.0,
    "oracle_auc": 0.9,
    "residual_share": {"ccrt": 0.36, "ic_ccrt": 0.24},
    "sign_noise": 0.2,
    "fat_suppressed_share": 0.9,
    "motion_share": 0.2,
    "distractor_share": 0.3,
    "workers": 1,
}


def run(tmp_path, **changes):
    """The pipeline's outputs, the cohort as the next pipeline would load it."""
    parameters = PARAMETERS | changes
    catalog = DataCatalog(
        {
            "params:simulate_cohort": MemoryDataset(parameters),
            "cohort": CohortFolderDataset(filepath=str(tmp_path / "simulated"), cohort_root=parameters["cohort_root"]),
            "simulation_truth": MemoryDataset(),
            "simulation_summary": MemoryDataset(),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    return catalog


def real_cohort(folder):
    """The least that passes for a user's folder."""
    (folder / "dicom").mkdir(parents=True)
    (folder / "clinical.csv").write_text("patient_id\n1\n")
    return folder


def test_writes_the_users_layout_with_truth_and_summary(tmp_path):
    catalog = run(tmp_path)

    cohort = catalog.load("cohort")
    clinical = pd.read_csv(cohort.clinical_table, dtype=str)
    truth = catalog.load("simulation_truth")
    summary = catalog.load("simulation_summary")
    assert cohort == CohortFolder(root=tmp_path / "simulated", simulated=True)
    assert list(clinical.columns[:8]) == [
        "patient_id", "arm", "residual_tumor", "age", "sex", "ajcc_stage", "t_stage", "n_stage",
    ]  # fmt: skip
    assert clinical["arm"].value_counts().to_dict() == {"CCRT": 4, "IC+CCRT": 3}
    assert truth["patient_id"].tolist() == clinical["patient_id"].tolist()
    assert len(list(cohort.outlines.glob("*.nii.gz"))) == 3
    assert {path.name for path in cohort.root.iterdir()} == {"dicom", "outlines", "clinical.csv"}
    assert summary["simulated"] is True
    assert summary["arms"]["CCRT"]["patients"] == 4


def test_a_second_run_replaces_the_first_whole(tmp_path):
    run(tmp_path)
    catalog = run(tmp_path, patients={"ccrt": 2, "ic_ccrt": 2})
    assert len(pd.read_csv(catalog.load("cohort").clinical_table)) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["simulated"]


def test_an_interrupted_save_leaves_the_old_cohort_whole(tmp_path):
    class Breaks:
        def write_into(self, folder):
            (folder / "clinical.csv").write_text("half")
            raise OSError(28, "No space left on device")

    dataset = CohortFolderDataset(filepath=str(real_cohort(tmp_path / "simulated")))
    with pytest.raises(Exception, match="No space left"):
        dataset.save(Breaks())
    assert (tmp_path / "simulated" / "clinical.csv").read_text() == "patient_id\n1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["simulated"]


def test_with_a_real_cohort_nothing_is_simulated_or_written(tmp_path):
    folder = real_cohort(tmp_path / "hospital")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    catalog = run(tmp_path, cohort_root=str(folder))

    assert catalog.load("cohort") == CohortFolder(root=folder, simulated=False)
    assert len(catalog.load("simulation_truth")) == 0
    assert catalog.load("simulation_summary") == {"simulated": False}
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not (tmp_path / "simulated").exists()


def test_a_simulated_cohort_is_never_written_over_a_real_one(tmp_path):
    folder = real_cohort(tmp_path / "hospital")

    class Writes:
        def write_into(self, target):
            raise AssertionError(target)

    dataset = CohortFolderDataset(filepath=str(tmp_path / "simulated"), cohort_root=str(folder))
    with pytest.raises(CohortError, match="nothing was written"):
        dataset.save(Writes())
    with pytest.raises(CohortError, match="same cohort_root"):
        CohortFolderDataset(filepath=str(tmp_path / "simulated")).save(NothingSimulated())


def test_a_wrong_cohort_root_says_what_was_looked_for(tmp_path):
    dataset = CohortFolderDataset(filepath=str(tmp_path / "s"), cohort_root=str(tmp_path / "hospital"))
    with pytest.raises(CohortError, match="which is not a folder; give the folder that holds dicom/"):
        dataset.load()


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ((), r"lacks dicom/ and clinical.csv or clinical.xlsx \(found: nothing\)"),
        (("dicom",), r"lacks clinical.csv or clinical.xlsx \(found: dicom\)"),
    ],
)
def test_a_cohort_that_lacks_something_is_loaded_for_preflight_and_refused_by_ingest(tmp_path, there, message):
    root = tmp_path / "hospital"
    for name in ("", *there):
        (root / name).mkdir()
    cohort = CohortFolderDataset(filepath=str(tmp_path / "s"), cohort_root=str(root)).load()
    with pytest.raises(CohortError, match=message):
        cohort.require_complete()


def test_loading_before_simulating_says_what_to_run(tmp_path):
    with pytest.raises(CohortError, match="--pipelines=simulate_cohort"):
        CohortFolderDataset(filepath=str(tmp_path / "s")).load()


def test_the_description_keeps_the_way_to_a_real_cohort_to_itself(tmp_path):
    dataset = CohortFolderDataset(filepath="s", cohort_root=str(tmp_path / "ward" / "patients"))
    assert "ward" not in str(dataset)
    assert "ward" not in repr(dataset)


@pytest.mark.parametrize(
    "changes", [{"oracle_auk": 0.9}, {"oracle_auc": 0.5}, {"patients": {"ccrt": 1, "ic_ccrt": 5}}, {"workers": "many"}]
)
def test_unknown_or_impossible_parameters_are_refused(changes):
    with pytest.raises(ValidationError):
        SimulateCohortParameters.model_validate(PARAMETERS | changes)
