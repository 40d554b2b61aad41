"""The hand on MLflow's client."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from npc_kedro.tracking import store


class Busy:
    """A client whose store is locked for the first calls."""

    def __init__(self, message: str, *, failures: int) -> None:
        self.message, self.failures, self.calls = message, failures, 0

    def log_batch(self, run_id: str) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise RuntimeError(self.message)
        return run_id


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Busy], Any]]:
    def replaced(busy: Busy) -> Any:
        monkeypatch.setattr("mlflow.MlflowClient", lambda tracking_uri: busy)
        store._client.cache_clear()
        return store.client("http://nowhere")

    yield replaced
    store._client.cache_clear()


def test_a_locked_store_is_waited_for(client_of: Callable[[Busy], Any]) -> None:
    busy = Busy("(sqlite3.OperationalError) database is locked", failures=3)
    assert client_of(busy).log_batch("run") == "run"
    assert busy.calls == 4


def test_but_not_for_ever(client_of: Callable[[Busy], Any]) -> None:
    busy = Busy("(sqlite3.OperationalError) database is locked", failures=100)
    with pytest.raises(RuntimeError, match="database is locked"):
        client_of(busy).log_batch("run")
    assert busy.calls == store._ATTEMPTS


def test_any_other_failure_is_no_reason_to_wait(client_of: Callable[[Busy], Any]) -> None:
    busy = Busy("No space left on device", failures=1)
    with pytest.raises(RuntimeError, match="No space"):
        client_of(busy).log_batch("run")
    assert busy.calls == 1
