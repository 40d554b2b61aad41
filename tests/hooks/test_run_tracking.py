"""What MLflow is told when things go wrong: a failing training, a failing store, a run that was killed."""

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.framework.project import configure_project
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from npc_kedro import reporter, stopping
from npc_kedro.errors import CohortError, TrackingError
from npc_kedro.hooks.run_tracking import RunTracking
from npc_kedro.tracking import leftovers, steps, store


def train(start: int) -> int:
    reporter.current().metrics({"train_loss": 0.5}, step=1)
    if start == 0:
        os.kill(os.getpid(), signal.SIGTERM)
    if start < 0:
        msg = "Li Wei has no slices"
        raise CohortError(msg)
    return start


@pytest.fixture
def tracking(tmp_path, monkeypatch):
    configure_project("npc_kedro")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    hook = RunTracking()
    hook._project, hook._scale, hook._data_root = tmp_path, {"cohort_root": None, "seed": 1}, str(tmp_path / "data")
    yield hook
    reporter.install(reporter.Silence())


def run(tracking: RunTracking, start: int) -> None:
    """A run of one training, with the hooks that ``kedro run`` calls round it."""
    pipeline = Pipeline([Node(train, "start", "model", name="train_resnet50", tags="training")])
    catalog = DataCatalog({"start": MemoryDataset(start), "model": MemoryDataset()})
    hooks = _create_hook_manager()
    hooks.register(tracking)
    tracking.before_pipeline_run({"pipeline_names": ["train_classifiers"]}, pipeline)
    try:
        SequentialRunner().run(pipeline, catalog, hooks)
    except Exception:
        tracking.on_pipeline_error(pipeline, catalog)
        raise
    tracking.after_pipeline_run(pipeline, catalog)


def another_process(tracking: RunTracking) -> RunTracking:
    """The same hook as a step of a Dagster run has it: with the configuration, without the run in memory."""
    hook = RunTracking()
    hook._project, hook._scale, hook._data_root = tracking._project, tracking._scale, tracking._data_root
    return hook


def runs(tracking: RunTracking):
    found = store.client(tracking._uri).search_runs([tracking._experiment])
    children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    parents = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    return parents, children


def test_a_training_that_ends_well_and_its_parent_are_finished(tracking):
    run(tracking, 1)
    parents, children = runs(tracking)
    assert [run.info.status for run in (*parents, *children)] == ["FINISHED", "FINISHED"]
    assert children[0].data.metrics["train_loss"] == 0.5
    assert isinstance(reporter.current(), reporter.Silence)  # what is trained later in this process is another matter


def test_what_a_user_writes_into_the_mapping_is_not_told(tracking):
    own = {"structures": {"primary": ["GTV_LiWei"], "node": [], "never": []}, "name_pattern": "LiWei(?P<patient_id>.+)"}
    tracking._parameters = {"ingest": {"matrix": 64, "outlines": own}}
    run(tracking, 1)
    parents, _ = runs(tracking)
    told = parents[0].data.params
    assert told["ingest.matrix"] == "64"
    assert told["ingest.outlines.structures.primary"].startswith("0 shipped and 1 own entries, hash ")
    assert "LiWei" not in str(told)


def test_a_training_that_raises_is_failed_and_so_is_its_parent(tracking):
    with pytest.raises(CohortError, match="no slices"):
        run(tracking, -1)
    parents, children = runs(tracking)
    assert [run.info.status for run in (*parents, *children)] == ["FAILED", "FAILED"]
    assert children[0].data.tags["failure"] == "CohortError"
    assert "Li Wei" not in str([run.data.to_dictionary() for run in (*parents, *children)])


def test_a_run_that_is_told_to_stop_is_killed_and_so_is_its_training(tracking):
    with pytest.raises(stopping.Stopped), stopping.heeded():
        run(tracking, 0)
    parents, children = runs(tracking)
    assert [run.info.status for run in (*parents, *children)] == ["KILLED", "KILLED"]


def test_a_store_that_fails_ends_with_a_remedy(tracking, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "log_metrics", full)
    with pytest.raises(TrackingError, match=r"metrics of epoch 1 .*Finished epochs are stored.*same command again"):
        run(tracking, 1)


def test_a_store_that_cannot_be_opened_is_a_plain_error(tracking, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"hello" * 1000)
    with pytest.raises(TrackingError, match=r"file is not a database.*Move it away and run the same command again"):
        run(tracking, 1)


def test_a_store_that_fails_at_the_end_does_not_hide_what_went_wrong(tracking, monkeypatch, caplog):
    def gone(*_):
        raise ConnectionError("no server")

    monkeypatch.setattr(tracking, "_close", gone)
    with pytest.raises(CohortError, match="no slices"):
        run(tracking, -1)
    assert "the tracking store did not take the failed run (no server)" in caplog.text


@pytest.mark.parametrize(("start", "status"), [(1, "FINISHED"), (-1, "FAILED")])
def test_the_steps_of_a_dagster_run_find_the_run_that_one_of_them_opened(tracking, monkeypatch, start, status):
    monkeypatch.setattr(steps, "dagster_run", lambda: "20093207")
    pipeline = Pipeline([Node(train, "start", "model", name="train_resnet50", tags="training")])
    catalog = DataCatalog({"start": MemoryDataset(start), "model": MemoryDataset()})
    tracking.before_pipeline_run({"pipeline_name": "train_classifiers"}, pipeline)
    hooks = _create_hook_manager()
    hooks.register(another_process(tracking))
    with contextlib.suppress(CohortError):
        SequentialRunner().run(pipeline, catalog, hooks)
    if status == "FINISHED":  # Dagster calls no hook when a run fails
        another_process(tracking).after_pipeline_run(pipeline, catalog)
    parents, children = runs(tracking)
    assert [run.info.status for run in (*parents, *children)] == [status, status]
    assert children[0].data.tags["mlflow.parentRunId"] == parents[0].info.run_id
    assert parents[0].data.tags[steps.TAG] == "20093207"
    assert parents[0].info.run_name == "train_classifiers"


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ({"pipeline_names": None}, "whole study"),
        ({"pipeline_names": ["crop", "split"]}, "crop+split"),
        ({"pipeline_names": None, "node_names": ["evaluate.draw_roc"]}, "evaluate.draw_roc"),
        ({"pipeline_names": None, "node_names": ["a", "b"]}, "2 nodes"),
        ({"pipeline_names": None, "namespaces": ["train_classifiers.ccrt"]}, "train_classifiers.ccrt"),
    ],
)
def test_a_run_is_listed_as_what_was_asked_for(tracking, asked, title):
    tracking.before_pipeline_run(asked, Pipeline([]))
    tracking._close(Pipeline([]), DataCatalog({}), "FINISHED")
    assert runs(tracking)[0][0].info.run_name == title


def test_a_killed_run_is_marked_at_the_next_start_and_others_are_left_alone(tracking):
    run(tracking, 1)
    mlflow = store.client(tracking._uri)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    machine = leftovers.this_process().partition(":")[0]
    process = f"{machine}:{child.pid}:{psutil.Process(child.pid).create_time():.2f}"
    made = {
        "killed": {leftovers.TAG: process},
        "alive": {leftovers.TAG: leftovers.this_process()},
        "elsewhere": {leftovers.TAG: f"0123456789ab:{child.pid}:1.00"},
        "reborn": {leftovers.TAG: f"{machine}:{os.getpid()}:1.00"},
    }
    ids = {name: mlflow.create_run(tracking._experiment, tags=tags).info.run_id for name, tags in made.items()}
    ids["killed child"] = mlflow.create_run(
        tracking._experiment, tags={"mlflow.parentRunId": ids["killed"]}
    ).info.run_id
    assert leftovers.close_leftovers(mlflow, tracking._experiment) == 1  # "reborn": another process has its number
    child.kill()
    child.wait()
    run(tracking, 1)
    status = {name: mlflow.get_run(run_id).info.status for name, run_id in ids.items()}
    assert status == {
        "killed": "KILLED", "killed child": "KILLED", "reborn": "KILLED", "alive": "RUNNING", "elsewhere": "RUNNING",
    }  # fmt: skip
