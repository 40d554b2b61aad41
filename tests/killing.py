"""Listeners of a training that end its process; in a module of their own, as other processes import them by name."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KillsOnce:
    """Writes down the epochs that it is told, and kills the process that tells it of ``epoch``, the first time.

    Attributes:
        folder: where it keeps its notes.
        epoch: 0 for none.
        times: how often.
    """

    folder: Path
    epoch: int = 0
    times: int = 1
    run_id: str = ""

    def metrics(self, values, *, step):
        with (self.folder / "epochs").open("a") as file:
            file.write(f"{step} ")
        killed = self.folder / "killed"
        so_far = killed.read_text() if killed.exists() else ""
        if step == self.epoch and len(so_far) < self.times:
            killed.write_text(so_far + "x")
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(self, done, total):
        with (self.folder / "progress").open("a") as file:
            file.write(f"{done}/{total} ")
