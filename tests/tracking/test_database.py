"""The sqlite file of the tracking store: whole or not there, also when it is made twice at the same moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from npc_kedro.errors import TrackingError
from npc_kedro.tracking import database, store

MAKE_A_RUN = "import sys; from npc_kedro.tracking import store; store.client(sys.argv[1]).create_run('0')"


def uri_of(path: Path) -> str:
    return f"{database.SQLITE}{path}"


def making_a_run(path: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(store.__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", MAKE_A_RUN, uri_of(path)], env=environment)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that two processes made at the same moment, each to note a run in it."""
    path = tmp_path_factory.mktemp("store") / "below" / "mlflow.db"
    processes = [making_a_run(path) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    return path


def test_two_processes_that_need_it_at_the_same_moment_both_note_their_run(made: Path) -> None:
    assert len(MlflowClient(uri_of(made)).search_runs(["0"])) == 2
    assert [path.name for path in made.parent.iterdir()] == ["mlflow.db"]


def test_a_process_killed_while_it_makes_the_tables_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    process = making_a_run(path)
    while process.poll() is None and not [file for file in tmp_path.rglob("*.db*") if _has_tables(file)]:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    assert making_a_run(path).wait() == 0
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


def _has_tables(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 50_000


@pytest.mark.parametrize(
    ("damage", "found"),
    [("half-made", "duplicate column name"), ("other", "file is not a database"), ("folder", "unable to open")],
)
def test_a_store_that_cannot_be_opened_is_named_with_a_remedy(
    made: Path, tmp_path: Path, damage: str, found: str
) -> None:
    path = tmp_path / "mlflow.db"
    if damage == "half-made":
        path.write_bytes(made.read_bytes())
        with closing(sqlite3.connect(path)) as tables, tables:
            tables.execute("delete from alembic_version")
            tables.execute("drop table secrets")
    elif damage == "other":
        path.write_bytes(b"hello" * 1000)
    else:
        path.mkdir()
    expected = pytest.raises(TrackingError, match=rf"store mlflow\.db cannot be used: .*{found}")
    with expected as raised, store.opening(uri_of(path)):
        store.client(uri_of(path))
    assert ("half-made or damaged. Move it away" in str(raised.value)) == (damage != "folder")
    assert "MLFLOW_TRACKING_URI" in str(raised.value)


def test_a_server_that_does_not_answer_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = "http://me:secret@127.0.0.1:9"
    expected = pytest.raises(TrackingError, match=r"store http://\.\.\.@127\.0\.0\.1:9 cannot .*Start its server")
    with expected as raised, store.opening(uri):
        store.experiment_id(uri, "any")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("uri", ["http://server:5000", "postgresql://server/runs", "sqlite:///:memory:", "sqlite://"])
def test_other_stores_are_left_to_mlflow(uri: str) -> None:
    assert database.file_of(uri) is None
    database.prepare(uri)
