"""Running the project's own commands as a user would type them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Study:
    """A finished miniature run.

    Attributes:
        root: its data root.
        environment: the variables it ran under; another command with them sees the same results.
        output: what it printed.
    """

    root: Path
    environment: dict[str, str]
    output: str

    @property
    def reporting(self) -> Path:
        return self.root / "08_reporting"


def with_weights_shared(results: Path, copy: Path) -> Path:
    """Copies results; weights, which are only ever replaced as whole files, become second links and take no room."""

    def one(file: str, to: str) -> str:
        if file.endswith(".safetensors"):
            os.link(file, to)
            return to
        return shutil.copy2(file, to)

    return shutil.copytree(results, copy, copy_function=one)


def kedro(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a kedro command in the project as a user would type it."""
    command = [sys.executable, "-m", "kedro", *words]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )


def environment_of(folder: Path) -> dict[str, str]:
    """Variables that keep results and tracking of a run inside ``folder``, and the user's own settings out of it."""
    return os.environ | {
        "NPC_DATA_ROOT": str(folder / "data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "NPC_COHORT_ROOT": "",
        "NPC_WITHOUT_LOCAL": "1",
        "COLUMNS": "200",
    }
