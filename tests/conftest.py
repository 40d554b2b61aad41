"""Shared by all tests: the study in miniature, run once through the command line as a user would."""

import pytest

from command_line import Study, environment_of, kedro


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The whole study, simulated cohort first, at the scale of ``conf/miniature``."""
    folder = tmp_path_factory.mktemp("miniature")
    environment = environment_of(folder)
    done = kedro("run", "--env=miniature", environment=environment)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return Study(folder / "data", environment, done.stdout + done.stderr)
