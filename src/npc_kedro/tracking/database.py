"""The sqlite file of a tracking store: made whole or not at all, and looked at before MLflow is let at it.

MLflow makes its tables by some fifty migrations, each for good when it is done. A process killed among them leaves a
file that no later one can open. So the file is made aside and put in its place when it is complete.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from npc_kedro.scratch import scratch_folder

SQLITE = "sqlite:///"
_UNUSABLE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""Tables that are not what MLflow expects; pages that contradict each other; a file of another kind."""


def file_of(uri: str) -> Path | None:
    """The file of a sqlite store, None for any other store."""
    name = uri.removeprefix(SQLITE).partition("?")[0]
    if not uri.startswith(SQLITE) or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(name).absolute()


def prepare(uri: str) -> None:
    """Makes a sqlite store's file if it is not there; raises what sqlite finds wrong with one that is."""
    path = file_of(uri)
    if path is None:
        return
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    # MLflow would try for minutes to open a file that is no database.
    with closing(sqlite3.connect(path)) as database:
        database.execute("select count(*) from sqlite_master").fetchone()


def is_unusable(error: BaseException) -> bool:
    """Whether sqlite says that the file is half-made, damaged or no database, rather than locked or out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _UNUSABLE


def _make(path: Path) -> None:
    from mlflow import MlflowClient

    with scratch_folder(f".{path.name}.", path.parent) as aside:
        MlflowClient(tracking_uri=f"{SQLITE}{aside / 'tables.db'}").search_experiments()
        # MLflow keeps its connections to that file; what takes the place is a copy that nobody has opened yet.
        with closing(sqlite3.connect(aside / "tables.db")) as tables:
            tables.execute("vacuum into ?", (str(aside / "whole.db"),))
        _put(aside / "whole.db", path)


def _put(made: Path, path: Path) -> None:
    """Puts the file in its place unless another process has been quicker: that one may have runs in it by now."""
    try:
        os.link(made, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            made.rename(path)
