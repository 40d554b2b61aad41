"""A part of the study as a Dagster job: same files as ``kedro run``, same tracking, nothing told to anybody."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from command_line import PROJECT, Study, environment_of

JOB = "miniature__part"
NEEDED = ("02_intermediate", "03_primary", "05_model_input")
QUIET = "DAGSTER_DISABLE_TELEMETRY"

needs_dagster = pytest.mark.skipif(find_spec("kedro_dagster") is None, reason="the extra `dagster` is not installed")


@dataclass(frozen=True)
class Job:
    """A finished Dagster job.

    Attributes:
        root: its data root.
        home: the folder of Dagster's own store; the user's folder lies in it, too.
        environment: the variables it ran under.
        output: what it printed.
    """

    root: Path
    home: Path
    environment: dict[str, str]
    output: str


@pytest.fixture(scope="module")
def job(miniature: Study, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Two trainings side by side and their predictions, from what the miniature study stored before them."""
    folder = tmp_path_factory.mktemp("dagster")
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    for name in NEEDED:
        shutil.copytree(miniature.root / name, folder / "data" / name)
    own = {"KEDRO_ENV": "miniature", "DAGSTER_HOME": str(home), "HOME": str(home), QUIET: "1"}
    environment = environment_of(folder) | own
    command = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "npc_kedro.definitions",
        "-j",
        "miniature__part",
    ]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return Job(folder / "data", home, environment, done.stdout + done.stderr)


@needs_dagster
def test_every_node_ran_in_a_process_of_its_own(job: Job):
    assert job.output.count("STEP_WORKER_STARTED") == 6  # two trainings, two predictions, the hooks before and after


@needs_dagster
def test_the_files_are_those_of_kedro_run(job: Job, miniature: Study):
    made = [path for part in ("06_models", "07_model_output") for path in (job.root / part).rglob("*.*")]
    histories = [path for path in made if path.name.endswith("history.csv")]
    assert len(made) == 10
    assert len(histories) == 2
    for path in made:
        other = miniature.root / path.relative_to(job.root)
        if path in histories:
            pd.testing.assert_frame_equal(_without_times(path), _without_times(other))
        else:
            assert path.read_bytes() == other.read_bytes(), path.name


@needs_dagster
def test_mlflow_has_one_run_with_its_trainings_below(job: Job):
    mlflow = MlflowClient(job.environment["MLFLOW_TRACKING_URI"])
    (experiment,) = [found for found in mlflow.search_experiments() if found.name.startswith("npc_kedro")]
    runs = mlflow.search_runs([experiment.experiment_id])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert sorted(run.data.tags["training"] for run in children) == [
        "train_classifiers.ccrt.efficientnet_b0.image",
        "train_classifiers.ccrt.efficientnet_b0.patient",
    ]
    assert len(runs) == 3
    assert parent.data.tags["cohort"]
    for child in children:
        assert {"train_loss", "final_train_loss"} <= set(child.data.metrics)
        assert {file.path for file in mlflow.list_artifacts(child.info.run_id, "checkpoint")}
    assert str(job.root.parent) not in str([run.data.to_dictionary() for run in runs])


@needs_dagster
def test_dagsters_own_store_knows_no_patient_and_nothing_waits_to_be_sent(job: Job):
    patients = pd.read_parquet(job.root / "02_intermediate/patients.parquet")["patient_key"]
    files = [path for path in job.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert not [path for path in job.home.rglob("*") if path.name in {".telemetry", "event.log"}]
    for path in files:
        content = path.read_bytes()
        assert not [key for key in patients if key.encode() in content], path.name


@needs_dagster
def test_it_does_not_start_before_it_was_told_to_send_nothing():
    environment = {name: value for name, value in os.environ.items() if name != QUIET}
    command = [sys.executable, "-c", "import npc_kedro.definitions"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"set {QUIET}=1 before it is started" in " ".join(done.stderr.split())


def test_kedro_run_loads_nothing_of_dagster():
    code = (
        "import sys, npc_kedro.settings, npc_kedro.pipeline_registry, npc_kedro.runner, npc_kedro.cli\n"
        "import npc_kedro.tracking.steps as steps\n"
        "assert steps.dagster_run() == ''\n"
        "print([name for name in sys.modules if 'dagster' in name.partition('.')[0]])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _without_times(path: Path) -> pd.DataFrame:
    return pd.read_csv(path).drop(columns="seconds")
