"""One MLflow run per ``kedro run``, one child run per training, whatever the runner.

The parent's id is set before the run, so workers forked later know it. A training node opens its child run in the
process that executes it; per-epoch metrics reach it live through :mod:`npc_kedro.reporter`.
"""

import logging
import os
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from npc_kedro import devices, reporter, stopping
from npc_kedro.board import report_progress
from npc_kedro.study import RESEARCH_USE

logger = logging.getLogger(__name__)

TRAINING_TAG = "training"
"""Nodes with this tag get a child run of their own."""

_MONITOR_DELAY_SECONDS = 3.0
_CHECKPOINTS = ("__classifier", "__segmenter")
_HISTORIES = ("__history", "__segmenter_history")


class TrainingListener:
    """Passes a training's epochs to its MLflow run and its position to the progress board."""

    def __init__(self, uri: str, run_id: str | None, node: str) -> None:
        self._uri, self._run_id, self._node = uri, run_id, node
        self.run_id = run_id or ""

    def metrics(self, values: Mapping[str, float], *, step: int) -> None:
        """Logs one epoch."""
        from npc_kedro.tracking import store

        told = ", ".join(f"{name} {value:.3f}" for name, value in values.items())
        logger.info("%s: epoch %d: %s", self._node, step, told)
        if self._run_id is not None:
            with store.explained(f"the metrics of epoch {step}"):
                store.log_metrics(self._uri, self._run_id, values, step=step)

    def progress(self, done: int, total: int) -> None:
        """Writes the position where the parent process reads it."""
        report_progress(self._node, done, total)


class RunTracking:
    """The hook. Its state is set in the parent before workers are forked and only read in them."""

    def __init__(self) -> None:
        self._project = Path.cwd()
        self._uri = ""
        self._scale: dict[str, Any] = {}
        self._data_root = "data"
        self._parameters: dict[str, Any] = {}
        self._base = Path("conf/base")
        self._experiment = ""
        self._parent: str | None = None
        self._child: str | None = None
        self._reused = 0
        self._monitor: Any = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remembers what a run will have to be told."""
        loader = context.config_loader
        self._project = Path(context.project_path)
        self._scale = getattr(loader, "study_globals", dict)()
        self._parameters = context.params
        self._base = Path(loader.conf_source) / str(loader.base_env)
        self._data_root = getattr(loader, "data_root", lambda: "data")()

    @property
    def _device(self) -> str:
        return str(self._scale.get("device", "auto"))

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Opens the parent run."""
        from npc_kedro.configuration import shipped_parameters
        from npc_kedro.tracking import leftovers, provenance, steps, store
        from npc_kedro.tracking.own_entries import without_own_entries

        dagster_run = steps.dagster_run()
        with store.opening(store.tracking_uri(self._project)):
            self._find_experiment()
            killed = leftovers.close_leftovers(store.client(self._uri), self._experiment)
        if killed:
            logger.info("%d earlier run(s) had been killed: marked so in MLflow", killed)
        tags = {
            "mlflow.runName": _title(run_params),
            "mlflow.source.name": "npc_kedro",
            "command": provenance.command_line(),
            "seed": str(self._scale.get("seed")),
            "profile": str(self._scale.get("profile")),
            "device": " + ".join(map(provenance.device_name, devices.current() or (self._device,))),
            "simulated": str(not self._scale.get("cohort_root")).lower(),
            "use": RESEARCH_USE,
            leftovers.TAG: leftovers.known_as(steps.process_of_the_run()) if dagster_run else leftovers.this_process(),
            **({steps.TAG: dagster_run} if dagster_run else {}),
            **provenance.git_state(self._project),
        }
        stopping.before_the_end(self._close_as_killed)
        hidden = {key: value for key, value in self._scale.items() if key != "cohort_root"}
        parameters = without_own_entries(self._parameters, shipped_parameters(self._base))
        with store.explained("a new run"):
            self._parent = store.client(self._uri).create_run(self._experiment, tags=tags).info.run_id
            store.log_params(self._uri, self._parent, provenance.flatten({"globals": hidden, **parameters}))
        # Under Dagster this process ends with this hook, and the machine is not the run's alone.
        self._monitor = None if dagster_run else _SystemMonitor(self._uri, self._parent)
        logger.info("%d nodes; tracked as MLflow run %s", len(pipeline.nodes), self._parent)

    def _find_experiment(self) -> None:
        from npc_kedro.tracking import store

        self._uri = store.tracking_uri(self._project)
        cohort = Path(self._data_root).name if self._scale.get("cohort_root") else "simulated cohort"
        self._experiment = store.experiment_id(self._uri, f"npc_kedro, {cohort}")

    def _join_run(self) -> None:
        """In a step of a Dagster run, finds the run that another step opened."""
        from npc_kedro.tracking import steps, store

        if self._parent is None and steps.dagster_run():
            self._find_experiment()
            self._parent = steps.opened_by_another_step(store.client(self._uri), self._experiment)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Opens the child run of a training and listens to it; other nodes only report their position."""
        from npc_kedro.tracking import provenance, store

        self._join_run()
        self._child = None
        if TRAINING_TAG in node.tags and self._parent is not None:
            name = str(node.namespace or node.name)
            kind = name.partition(".")[0]
            tags = {
                "mlflow.runName": name.partition(".")[2] or name,
                "mlflow.parentRunId": self._parent,
                "training": name,
                "simulated": str(not self._scale.get("cohort_root")).lower(),
                "seed": str(self._scale.get("seed")),
                "device": provenance.device_name(os.environ.get(devices.VARIABLE) or self._device),
                "use": RESEARCH_USE,
            }
            with store.explained(f"the run of {name}"):
                self._child = store.client(self._uri).create_run(self._experiment, tags=tags).info.run_id
                store.log_params(self._uri, self._child, provenance.flatten(self._parameters.get(kind, {})))
        reporter.install(TrainingListener(self._uri, self._child, node.name))

    @hook_impl
    def after_node_reused(self, node: Node, run: str) -> None:
        """A training that need not run keeps the run in which it ran: the parent names it instead of a child."""
        from npc_kedro.tracking import store

        if self._parent is None:
            return
        self._reused += 1
        with store.explained(f"that {node.name} is reused"):
            client = store.client(self._uri)
            client.set_tag(self._parent, "reused.nodes", str(self._reused))
            if TRAINING_TAG in node.tags and run:
                client.set_tag(self._parent, f"reused.{node.namespace}", run)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Attaches a training's checkpoint and history to its run, and closes the run with its last output."""
        from npc_kedro.tracking import store

        if self._child is None or TRAINING_TAG not in node.tags:
            return
        if dataset_name.endswith(_CHECKPOINTS):
            stem = dataset_name.removesuffix("__classifier").removesuffix("__segmenter")
            folder = self._project / self._data_root / "06_models" / stem
            with store.explained(f"the checkpoint of {node.name}"):
                store.client(self._uri).log_artifacts(self._child, str(folder), "checkpoint")
        elif dataset_name.endswith(_HISTORIES):
            last = {f"final_{name}": value for name, value in data.iloc[-1].items() if name != "epoch"}
            with store.explained(f"the last metrics of {node.name}"):
                store.log_metrics(self._uri, self._child, last, step=len(data))
        if dataset_name == node.outputs[-1]:
            with store.explained(f"the end of {node.name}"):
                store.client(self._uri).set_terminated(self._child, "FINISHED")
            self._child = None

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """A failed training is marked failed, with the kind of error but not its text, which may name a file."""
        from npc_kedro.tracking import steps, store

        if self._child is not None:
            child, self._child = self._child, None
            with store.tried("the failed training's run"):
                store.client(self._uri).set_tag(child, "failure", type(error).__name__)
                store.client(self._uri).set_terminated(child, "FAILED")
        if self._parent is not None and steps.dagster_run():  # which calls no hook when a run fails
            with store.tried("the failed run"):
                store.client(self._uri).set_terminated(self._parent, "FAILED")

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Adds tables, figures, headline numbers and the cohort's hash, and closes the parent run."""
        self._join_run()
        self._close(pipeline, catalog, "FINISHED")

    @hook_impl
    def on_pipeline_error(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Closes the parent, and any child whose process died without a word, as failed."""
        from npc_kedro.tracking import store

        with store.tried("the failed run"):
            self._close(pipeline, catalog, "FAILED")

    def _close(self, pipeline: Pipeline, catalog: CatalogProtocol, status: str) -> None:
        from npc_kedro.tracking import headline, store

        reporter.install(reporter.Silence())
        if self._parent is None:
            return
        self._end_monitor()
        made = pipeline.all_outputs()
        identity = headline.cohort_hash(catalog)
        finished = status == "FINISHED"
        numbers = headline.metrics(catalog, made) if finished else {}
        files = list(headline.report_files(catalog, made)) if finished else []
        with store.explained("the end of the run") if finished else nullcontext():
            mlflow = store.client(self._uri)
            if identity is not None:
                mlflow.set_tag(self._parent, "cohort", identity)
            store.log_metrics(self._uri, self._parent, numbers)
            for path in files:
                mlflow.log_artifact(self._parent, str(path), "figures" if path.parent.name == "figures" else "tables")
            self._end_runs(children="FAILED", parent=status)

    def _close_as_killed(self) -> None:
        """The run was told to stop: that is neither a success nor a failure."""
        from npc_kedro.tracking import store

        with store.tried("the stopped run"):
            self._end_monitor()
            self._end_runs(children="KILLED", parent="KILLED")

    def _end_runs(self, *, children: str, parent: str) -> None:
        from npc_kedro.tracking import headline, store

        if self._parent is None:
            return
        mlflow = store.client(self._uri)
        for child in headline.open_children(mlflow, self._experiment, self._parent):
            mlflow.set_terminated(child, children)
        mlflow.set_terminated(self._parent, parent)
        self._parent = None

    def _end_monitor(self) -> None:
        monitor, self._monitor = self._monitor, None
        if monitor is not None:
            monitor.finish()


def _title(run_params: dict[str, Any]) -> str:
    """What the run is listed as: the nodes or pipelines that were asked for."""
    nodes = run_params.get("node_names") or []
    if nodes:
        return nodes[0] if len(nodes) == 1 else f"{len(nodes)} nodes"
    pipelines = run_params.get("pipeline_names") or [run_params.get("pipeline_name") or "__default__"]
    namespaces = run_params.get("namespaces") or run_params.get("node_namespaces") or ["whole study"]
    return "+".join(pipelines if list(pipelines) != ["__default__"] else namespaces)


class _SystemMonitor:
    """MLflow's own monitor of CPU, memory and GPU, sampling every five seconds.

    It starts a moment late: workers are forked first, and a thread that holds a lock must not be forked.
    """

    def __init__(self, uri: str, run_id: str) -> None:
        import mlflow
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        mlflow.set_tracking_uri(uri)
        logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)
        self._monitor = SystemMetricsMonitor(run_id, sampling_interval=5, samples_before_logging=1)
        self._timer = threading.Timer(_MONITOR_DELAY_SECONDS, self._monitor.start)
        self._timer.daemon = True
        self._timer.start()

    def finish(self) -> None:
        """Stops sampling and writes what is left."""
        self._timer.cancel()
        self._timer.join()
        self._monitor.finish()
