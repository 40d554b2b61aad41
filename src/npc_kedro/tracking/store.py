"""A thin hand on MLflow's client: a sqlite store in the project, runs by explicit id, safe across forked workers."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from npc_kedro.errors import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_SQLITE = "sqlite:///"
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The page opens with training runs and their curves rather than with what MLflow has for language models."""
_PARAMS_A_CALL = 100
"""MLflow's limit for one log_batch call."""
_MAX_VALUE = 6000
"""MLflow's limit for a parameter's text."""
_LOCKED = "database is locked"
_ATTEMPTS = 10
"""MLflow waits 20 seconds for a sqlite file that another process writes to. On a crowded machine that is too short."""


def tracking_uri(project: Path) -> str:
    """``MLFLOW_TRACKING_URI`` where the user sets one (a cluster's server), else a sqlite file in the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{_SQLITE}{(project / 'mlflow.db').as_posix()}"


@lru_cache(maxsize=4)
def _client(uri: str, _process: int) -> "MlflowClient":
    from mlflow import MlflowClient

    return cast("MlflowClient", _Patient(MlflowClient(tracking_uri=uri)))


class _Patient:
    """A client whose calls are repeated while the store is locked; a call that failed has left nothing behind."""

    def __init__(self, impatient: Any) -> None:
        self._impatient = impatient

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, getattr(self._impatient, name))

    @staticmethod
    def _call(call: Any, *arguments: Any, **named: Any) -> Any:
        for _ in range(_ATTEMPTS - 1):
            try:
                return call(*arguments, **named)
            except Exception as error:
                if _LOCKED not in str(error):
                    raise
                logger.info("the tracking store is busy; trying again")
        return call(*arguments, **named)


def client(uri: str) -> "MlflowClient":
    """A client of this process: a forked worker never shares its parent's database connection."""
    return _client(uri, os.getpid())


def experiment_id(uri: str, name: str) -> str:
    """The experiment's id; a new one keeps its artifacts beside the sqlite file, or where the server says."""
    found = client(uri).get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = None
    if uri.startswith(_SQLITE):
        location = (Path(uri.removeprefix(_SQLITE)).parent / "mlartifacts").as_uri()
    return str(client(uri).create_experiment(name, artifact_location=location, tags=_KIND))


def log_params(uri: str, run_id: str, values: Mapping[str, str]) -> None:
    """Logs any number of parameters, in batches; long texts are cut with a mark, characters MLflow refuses become _."""
    from mlflow.entities import Param

    params = [
        Param(_NOT_IN_NAMES.sub("_", key), text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 3]}...")
        for key, text in values.items()
    ]
    for start in range(0, len(params), _PARAMS_A_CALL):
        client(uri).log_batch(run_id, params=params[start : start + _PARAMS_A_CALL])


def log_metrics(uri: str, run_id: str, values: Mapping[str, float], *, step: int = 0) -> None:
    """Logs the finite values; an undefined one (no AUC with one class) is left out rather than logged as NaN."""
    import math
    import time

    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [Metric(name, float(value), now, step) for name, value in values.items() if math.isfinite(float(value))]
    if metrics:
        client(uri).log_batch(run_id, metrics=metrics)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns any failure of the store, whichever of its layers it comes from, into one that says what to do.

    Raises:
        TrackingError: if the store does not take ``what``.
    """
    try:
        yield
    except Exception as error:
        msg = (
            f"the tracking store did not take {what} ({type(error).__name__}). Finished epochs are stored: free space, "
            "mend the store or name another one in MLFLOW_TRACKING_URI, and run the same command again"
        )
        raise TrackingError(msg) from error


@contextmanager
def tried(what: str) -> Iterator[None]:
    """Says in the log that the store did not take ``what``; for use after a failure, which is what is to be seen."""
    try:
        yield
    except Exception as error:
        logger.error("the tracking store did not take %s (%s); MLflow may show it as running", what, error)
