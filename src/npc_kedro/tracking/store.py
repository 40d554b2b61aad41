"""A thin hand on MLflow's client: a sqlite store in the project, runs by explicit id, safe across forked workers."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from npc_kedro.errors import StudyError, TrackingError
from npc_kedro.tracking import database

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The page opens with training runs and their curves rather than with what MLflow has for language models."""
_PARAMS_A_CALL = 100
"""MLflow's limit for one log_batch call."""
_MAX_VALUE = 6000
"""MLflow's limit for a parameter's text."""
_MAX_FOUND = 300
_LOCKED = "database is locked"
_RETRIES = "3"
"""Of a server that does not answer; with MLflow's own seven nothing is said for four minutes."""

_ATTEMPTS = 10
"""MLflow waits 20 seconds for a sqlite file that another process writes to. On a crowded machine that is too short."""


def tracking_uri(project: Path) -> str:
    """``MLFLOW_TRACKING_URI`` where the user sets one (a cluster's server), else a sqlite file in the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{database.SQLITE}{(project / 'mlflow.db').as_posix()}"


@lru_cache(maxsize=4)
def _client(uri: str, _process: int) -> "MlflowClient":
    from mlflow import MlflowClient

    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _RETRIES)
    database.prepare(uri)
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
    file = database.file_of(uri)
    location = None if file is None else (file.parent / "mlartifacts").as_uri()
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
def opening(uri: str) -> Iterator[None]:
    """Turns any failure to begin a run in the store into one that says what was found and what to do.

    Raises:
        TrackingError: if the store is not to be reached, or is damaged.
    """
    try:
        yield
    except StudyError:
        raise
    except Exception as error:
        cause = _first(error)
        found = without_password(str(cause).partition("\n")[0])[:_MAX_FOUND] or type(cause).__name__
        msg = f"the tracking store {_shown(uri)} cannot be used: {found}. {_remedy(uri, cause)}"
        raise TrackingError(msg) from error


def _first(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _shown(uri: str) -> str:
    file = database.file_of(uri)
    return without_password(uri) if file is None else file.name


def without_password(text: str) -> str:
    """A store's address as it may be shown."""
    return re.sub(r"//[^/@\s]*@", "//...@", text)


def _remedy(uri: str, cause: BaseException) -> str:
    another = "name another store in MLFLOW_TRACKING_URI"
    if database.file_of(uri) is None:
        return f"Start its server, or mend the address, or {another}, and run the same command again"
    if database.is_unusable(cause):
        return (
            "The file is half-made or damaged. Move it away and run the same command again, which makes a new one "
            f"(the list of earlier runs is in the old one; no result depends on it), or {another}"
        )
    return f"Mend that, or {another}, and run the same command again"


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
