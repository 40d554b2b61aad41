"""The whole study in miniature through the command line: what it leaves behind is whole, linked and private."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from command_line import PROJECT, Study, environment_of, kedro, with_weights_shared

TABLES = (
    "attrition",
    "rejected_files",
    "series_choice",
    "segmentation",
    "table1",
    "table1_pvalues",
    "table2",
    "table3",
    "null_policies",
    "own_audit",
)
PUBLISHED = PROJECT / "src/npc_kedro/published"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_there(miniature: Study, name: str):
    assert len((miniature.reporting / f"{name}.csv").read_text(encoding="utf-8").splitlines()) >= 1


@pytest.mark.parametrize(
    ("ours", "printed"),
    [
        ("table1", "table1"),
        ("table1_pvalues", "table1_pvalues"),
        ("table2", "table2"),
        ("table3", "decision_table_16"),
    ],
)
def test_tables_have_the_publications_columns(miniature: Study, ours: str, printed: str):
    columns = set(pd.read_csv(PUBLISHED / f"{printed}.csv").columns)
    assert columns <= set(pd.read_csv(miniature.reporting / f"{ours}.csv").columns)


def test_sixteen_models_and_four_averages(miniature: Study):
    table2 = pd.read_csv(miniature.reporting / "table2.csv")
    assert len(table2) == 20
    assert (table2["network"] == "average").sum() == 4
    assert table2["auc"].between(0, 1).all()


def test_every_test_patient_falls_in_one_cell(miniature: Study):
    cohorts = pd.read_csv(miniature.root / "05_model_input/cohorts.csv")
    table3 = pd.read_csv(miniature.reporting / "table3.csv")
    assert len(table3) == 16
    assert table3["cases"].sum() == (cohorts["cohort"] == "test").sum()
    comparison = json.loads((miniature.reporting / "decision_comparison.json").read_text(encoding="utf-8"))
    for who in ("model", "physician"):
        assert sum(comparison[who][key] for key in ("correct", "wrong", "undetermined")) == table3["cases"].sum()
    assert {"pearson_p", "mcnemar_exact_p"} <= set(comparison)


def test_no_model_has_seen_a_test_patient(miniature: Study):
    cohorts = pd.read_csv(miniature.root / "05_model_input/cohorts.csv")
    test = set(cohorts.loc[cohorts["cohort"] == "test", "patient_key"])
    abouts = sorted((miniature.root / "06_models").glob("*/about.json"))
    assert len(abouts) == 18
    for about in abouts:
        known = set(json.loads(about.read_text(encoding="utf-8"))["patients"])
        assert known
        assert not known & test


def test_counts_of_the_attrition_table_add_up(miniature: Study):
    attrition = pd.read_csv(miniature.reporting / "attrition.csv")
    for _, rows in attrition.groupby(["step", "unit"], sort=False):
        assert rows["excluded"].sum() == rows["entered"].iloc[0] - rows["used"].iloc[0]


def test_figures_come_in_pairs_and_say_that_they_are_simulated(miniature: Study):
    pictures = sorted((miniature.reporting / "figures").glob("*.png"))
    assert len(pictures) >= 12
    for picture in pictures:
        assert "SIMULATED" in picture.with_suffix(".json").read_text(encoding="utf-8")


def test_the_run_says_what_came_out_and_that_it_is_simulated(miniature: Study):
    assert "SIMULATED COHORT" in miniature.output
    assert "mean test AUC" in miniature.output
    assert "mlflow ui" in miniature.output
    assert "kedro viz" in miniature.output


def test_one_parent_run_and_one_child_per_training(miniature: Study):
    runs = _runs(miniature)
    parents = [run for run in runs.values() if "mlflow.parentRunId" not in run["tags"]]
    children = [run for run in runs.values() if "mlflow.parentRunId" in run["tags"]]
    assert len(parents) == 1
    assert len(children) == 18
    assert {run["status"] for run in runs.values()} == {"FINISHED"}
    for tag in ("command", "git.commit", "git.dirty", "seed", "device", "cohort", "simulated"):
        assert tag in parents[0]["tags"]
    assert parents[0]["tags"]["simulated"] == "true"
    assert all("final_train_loss" in run["metrics"] and "train_loss" in run["metrics"] for run in children)


def test_nothing_private_and_no_folder_of_the_machine_is_left_behind(miniature: Study):
    names = re.compile(r"SIMULATED\^|SIM-?\d{4}")
    folder = str(miniature.root.parent)
    for file in _texts(miniature.root):
        text = file.read_text(encoding="utf-8", errors="ignore")
        assert not names.search(text), file.name
        assert folder not in text, file.name
    for run in _runs(miniature).values():
        assert folder not in json.dumps(run)
        assert not names.search(json.dumps(run))


def test_a_second_run_repeats_nothing_and_is_quick(miniature: Study):
    before = {file: file.stat().st_mtime_ns for file in _results(miniature)}
    started = time.monotonic()
    done = kedro("run", "--env=miniature", environment=miniature.environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert time.monotonic() - started < 45
    assert "done 1 of" not in done.stdout
    assert "mean test AUC" in done.stdout + done.stderr
    assert {file: file.stat().st_mtime_ns for file in _results(miniature)} == before


def test_one_pipeline_again_from_what_earlier_ones_stored_gives_the_same_bytes(miniature: Study):
    before = {name: (miniature.reporting / name).read_bytes() for name in ("table2.csv", "table3.csv")}
    words = ("run", "--env=miniature", "--pipelines=evaluate,recommend_vs_physician", "--runner=SequentialRunner")
    done = kedro(*words, environment=miniature.environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert {name: (miniature.reporting / name).read_bytes() for name in before} == before


def test_one_of_the_sixteen_again_gives_the_same_weights(miniature: Study):
    weights = miniature.root / "06_models/ccrt__efficientnet_b0__patient/weights.safetensors"
    before = weights.read_bytes()
    words = ("run", "--env=miniature", "--nodes=train_classifiers.ccrt.efficientnet_b0.patient.train")
    done = kedro(*words, "--params=reuse=false", environment=miniature.environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "done 1 of 1" in done.stdout
    assert weights.read_bytes() == before


def test_a_changed_parameter_repeats_what_depends_on_it(miniature: Study, tmp_path):
    with_weights_shared(miniature.root, tmp_path / "data")
    words = ("run", "--env=miniature", "--params=train_classifiers.networks.resnet50.learning_rate=0.001")
    done = kedro(*words, "--pipelines=split,train_classifiers", "--tags=ccrt", environment=environment_of(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    repeated = re.findall(r"repeats (\S+):", done.stdout)
    assert sorted(repeated) == [f"train_classifiers.ccrt.resnet50.{unit}.train" for unit in ("image", "patient")]


def test_killed_in_the_middle_of_a_training_and_started_again_it_gives_the_same_tables(miniature: Study, tmp_path):
    root = with_weights_shared(miniature.root, tmp_path / "data")  # to begin where the trainings do
    for model in sorted((root / "06_models").glob("ccrt__resnet50__*")):
        shutil.rmtree(model)
    words = (sys.executable, "-m", "kedro", "run", "--env=miniature")
    environment = environment_of(tmp_path)
    run = subprocess.Popen(words, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    positions = root / "06_models/.progress"
    while run.poll() is None and not list(positions.glob("*/*.json")):
        time.sleep(0.02)
    run.kill()
    assert run.wait() != 0
    done = kedro("run", "--env=miniature", environment=environment)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "goes on after epoch 1 of 1" in done.stdout
    assert "had been killed: marked so in MLflow" in done.stdout
    assert not positions.exists()
    tables = sorted(path.name for path in miniature.reporting.iterdir() if path.suffix in (".csv", ".json"))
    assert len(tables) >= 10
    for name in tables:
        assert (root / "08_reporting" / name).read_bytes() == (miniature.reporting / name).read_bytes(), name


def test_a_missing_cohort_folder_is_a_clear_error_before_anything_runs(tmp_path):
    words = ("run", "--env=miniature", "--params", f"cohort_root={tmp_path / 'nowhere'}")
    done = kedro(*words, environment=environment_of(tmp_path))
    assert done.returncode != 0
    assert "give the folder that holds dicom/ and clinical.csv" in " ".join((done.stdout + done.stderr).split())


def test_the_notebook_runs_on_these_results(miniature: Study, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    for name, value in (miniature.environment | {"KEDRO_ENV": "miniature"}).items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(PROJECT / "notebooks/look_at_results.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(PROJECT / "notebooks")}}).execute()
    printed = "".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    assert "SIMULATED COHORT" in printed
    assert printed.count("image/png") >= 4


def _results(study: Study) -> list[Path]:
    return [file for file in study.root.rglob("*") if file.is_file()]


def _texts(root: Path) -> list[Path]:
    """Everything readable that a run leaves, save the simulated export itself and its truth."""
    kinds = {".csv", ".json", ".html", ".yml", ".txt"}
    raw = root / "01_raw"
    return [file for file in root.rglob("*") if file.suffix in kinds and raw not in file.parents]


def _runs(study: Study) -> dict[str, dict]:
    path = study.environment["MLFLOW_TRACKING_URI"].removeprefix("sqlite:///")
    assert os.path.exists(path)  # noqa: PTH110
    with sqlite3.connect(path) as store:
        first = store.execute("select experiment_id from experiments where name like 'npc_kedro%'").fetchone()[0]
        query = "select run_uuid, status from runs where experiment_id = ? order by start_time"
        ids = store.execute(query, (first,)).fetchall()
        runs = {run: {"status": status, "tags": {}, "metrics": set(), "params": {}} for run, status in ids}
        for table, field in (("tags", "tags"), ("params", "params")):
            for key, value, run in store.execute(f"select key, value, run_uuid from {table}"):
                if run in runs and key not in {"mlflow.user", "mlflow.source.name"}:
                    runs[run][field][key] = value
        for key, run in store.execute("select distinct key, run_uuid from metrics"):
            if run in runs:
                runs[run]["metrics"].add(key)
    return {run: about | {"metrics": sorted(about["metrics"])} for run, about in runs.items()}


_PREVIEWED = """
import os
from pathlib import Path

import pandas as pd
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

project = Path.cwd()
bootstrap_project(project)
with KedroSession.create(project, env="miniature") as session:
    catalog = session.load_context().catalog
for name in sorted(pipelines["__default__"].datasets()):
    dataset = catalog.get(name)
    if str(project) in str(dataset) or os.environ["NPC_DATA_ROOT"] in str(dataset):
        print("tells-where", name)
    shown = ((getattr(dataset, "metadata", None) or {}).get("kedro-viz") or {}).get("preview") is not False
    if shown and hasattr(dataset, "preview") and dataset.exists():
        loaded = dataset.load()
        print(name, "patient_key" in (loaded.columns if isinstance(loaded, pd.DataFrame) else str(loaded)))
"""


def test_the_lineage_page_previews_no_patients_row_and_names_no_folder_of_the_machine(miniature: Study):
    command = [sys.executable, "-c", _PREVIEWED]
    done = subprocess.run(
        command, cwd=PROJECT, env=miniature.environment, capture_output=True, text=True, timeout=300, check=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [name for first, name in lines if first == "tells-where"] == []
    previewed = dict(lines)
    assert {"table1", "table2", "table3"} <= set(previewed)
    assert [name for name, has_patients in previewed.items() if has_patients != "False"] == []
