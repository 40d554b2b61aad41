"""Shared by all tests: the study in miniature, run once through the command line as a user would."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

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


def kedro(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a kedro command in the project as a user would type it."""
    command = [sys.executable, "-m", "kedro", *words]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=1200, check=False
    )


def environment_of(folder: Path) -> dict[str, str]:
    """Variables that keep results and tracking of a run inside ``folder``."""
    return os.environ | {
        "NPC_DATA_ROOT": str(folder / "data"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "NPC_COHORT_ROOT": "",
        "COLUMNS": "200",
    }


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The whole study, simulated cohort first, at the scale of ``conf/miniature``."""
    folder = tmp_path_factory.mktemp("miniature")
    environment = environment_of(folder)
    done = kedro("run", "--env=miniature", environment=environment)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return Study(folder / "data", environment, done.stdout + done.stderr)
