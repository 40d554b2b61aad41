"""The jobs of ``conf/*/dagster.yml`` for Dagster: ``dagster job execute -m npc_kedro.definitions -j local__study``.

Needs the extra ``dagster``; nothing else of this project imports it. ``KEDRO_ENV`` names the environment. How it runs,
and what Dagster does otherwise than ``kedro run``, is in docs/cluster.md.
"""

import logging
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import dagster
import kedro.framework.project
import kedro_dagster.nodes
from kedro_dagster import KedroProjectTranslator
from kedro_dagster.utils import format_dataset_name

from npc_kedro.errors import StudyError

_PROJECT = Path(__file__).parents[2]
_ENVIRONMENT = os.environ.get("KEDRO_ENV") or "local"
_QUIET = "DAGSTER_DISABLE_TELEMETRY"


class StudyTranslator(KedroProjectTranslator):
    """kedro-dagster's translation of a project, with three habits of version 0.8.1 put right for this one."""

    def initialize_kedro(self, conf_source: str | None = None) -> None:
        """Loads the project; looks at every dataset before it is translated."""
        # It looks all pipelines up anew for every node, in every process: half of a step's start.
        kedro.framework.project.find_pipelines = cache(kedro.framework.project.find_pipelines)
        super().initialize_kedro(conf_source)
        used = {name for pipeline in self._pipelines.values() for name in pipeline.datasets()}
        names = {name for name in used if not name.startswith("params:")}
        for name in names:
            _without_preview(self._catalog.get(name))
        _keep_double_underscores(names)


def _without_preview(dataset: object) -> None:
    # It copies the first rows of every table that is saved, patients' among them, into Dagster's event log.
    metadata = dict(getattr(dataset, "metadata", None) or {})
    metadata["kedro-viz"] = {**metadata.get("kedro-viz", {}), "preview": False}
    dataset.metadata = metadata  # type: ignore[attr-defined]


def _keep_double_underscores(names: Iterable[str]) -> None:
    # It writes a dot as __ and takes every __ back for a dot, but names here have __ of their own.
    real = {format_dataset_name(name): name for name in names}
    kedro_dagster.nodes.unformat_asset_name = lambda name: real.get(name, name)


def _require_silence() -> None:
    """Raises: StudyError unless Dagster's processes were told to send nothing."""
    if not os.environ.get(_QUIET):
        msg = f"Dagster sends usage data to its makers unless told not to: set {_QUIET}=1 before it is started"
        raise StudyError(msg)


def _translated() -> dagster.Definitions:
    location = StudyTranslator(env=_ENVIRONMENT, project_path=_PROJECT).to_dagster()
    # Without kedro-dagster's sensor for failed runs: it calls a text as if it were an exception, and would run in the
    # daemon, where no run of the study is known. A failing step marks its run in MLflow itself.
    return dagster.Definitions(
        assets=list(location.named_assets.values()),
        resources={**location.named_resources, "io_manager": dagster.FilesystemIOManager()},
        jobs=list(location.named_jobs.values()),
        executor=dagster.multiprocess_executor,
        loggers={"console": dagster.colored_console_logger},
    )


_require_silence()
logging.getLogger("kedro_dagster").setLevel(logging.ERROR)  # it tells every name that it translates
defs = _translated()
