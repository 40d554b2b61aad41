"""A run whose nodes are processes that share nothing but the tracking store: the steps of a Dagster run.

Dagster runs the hooks before and after a run in steps of their own, too; what they would tell each other through memory
goes through a tag of the MLflow run instead. Where Dagster is not at work, nothing of this applies.
"""

import multiprocessing
import os
import sys
from typing import Any

TAG = "dagster.run"


def dagster_run() -> str:
    """Id of the Dagster run that this process is a step of, of the first one where a run was repeated; "" elsewhere."""
    dagster = sys.modules.get("dagster")
    if dagster is None:
        return ""
    try:
        run = dagster.OpExecutionContext.get().run
    except dagster.DagsterInvariantViolationError:  # it is loaded, but no step is under way
        return ""
    return str(run.root_run_id or run.run_id)


def opened_by_another_step(mlflow: Any, experiment: str) -> str | None:
    """The MLflow run that belongs to this process's Dagster run, None where there is none."""
    found = mlflow.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{dagster_run()}'", max_results=1)
    return found[0].info.run_id if found else None


def process_of_the_run() -> int:
    """The process that lives as long as the Dagster run: the one that starts the steps."""
    starter = multiprocessing.parent_process()
    return os.getpid() if starter is None or starter.pid is None else starter.pid
