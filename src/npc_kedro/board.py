"""A board on which worker processes write how far they are, and from which the parent reads.

One small file a node in a temporary folder named by the environment variable ``NPC_PROGRESS_BOARD``: forked and spawned
workers inherit it, and nothing can dead-lock.
"""

import hashlib
import os
from pathlib import Path

VARIABLE = "NPC_PROGRESS_BOARD"


def report_progress(node: str, done: int, total: int) -> None:
    """Notes that ``done`` of ``total`` steps of ``node`` are behind it; does nothing where there is no board."""
    folder = os.environ.get(VARIABLE)
    if folder and total > 0:
        _file(folder, node).write_text(f"{done} {total}", encoding="ascii")


def read_progress(node: str) -> float:
    """The share of ``node`` that is done, in [0, 1]; 0 where nothing is known."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return 0.0
    try:
        done, total = _file(folder, node).read_text(encoding="ascii").split()
    except (FileNotFoundError, ValueError):
        # Not begun, or caught half-written: the next look will tell.
        return 0.0
    return min(int(done) / int(total), 1.0)


def _file(folder: str, node: str) -> Path:
    return Path(folder) / hashlib.sha256(node.encode()).hexdigest()[:16]
