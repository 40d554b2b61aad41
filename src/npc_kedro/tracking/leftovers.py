"""Runs that MLflow still believes to be running although their process was killed."""

import hashlib
import os
import platform
from typing import Any

import psutil

from npc_kedro.tracking.headline import open_children

TAG = "process"


def this_process() -> str:
    """This machine (a hash: its name may be private), this process, and when it began."""
    return known_as(os.getpid())


def known_as(process: int) -> str:
    """This machine, a process of it, and when that began."""
    return f"{_machine()}:{process}:{psutil.Process(process).create_time():.2f}"


def close_leftovers(mlflow: Any, experiment: str) -> int:
    """Marks as killed the runs of this machine whose process is no more, and their children; returns how many runs."""
    running = mlflow.search_runs([experiment], filter_string="attributes.status = 'RUNNING'")
    dead = [run.info.run_id for run in running if _is_dead(run.data.tags.get(TAG, ""))]
    for parent in dead:
        for run in (*open_children(mlflow, experiment, parent), parent):
            mlflow.set_terminated(run, "KILLED")
    return len(dead)


def _is_dead(process: str) -> bool:
    machine, _, rest = process.partition(":")
    pid, _, began = rest.partition(":")
    if machine != _machine() or not pid.isdigit():
        return False  # of another machine, about which nothing is known here
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != began
    except psutil.NoSuchProcess:
        return True


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:12]
