"""``kedro run`` as this project changes it."""

import signal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from npc_kedro.cli import RUNNER, TRACEBACK_VARIABLE, _ours, cli
from npc_kedro.errors import CohortError
from npc_kedro.reuse import policy
from npc_kedro.stopping import Stopped


def _failing(error: BaseException) -> click.Command:
    @click.command()
    @click.option("--runner")
    def run(runner: str) -> None:
        raise error

    return _ours(run)


def test_the_studys_runner_is_the_default() -> None:
    runner = next(option for option in cli.commands["run"].params if option.name == "runner")
    assert runner.default == RUNNER


def test_an_error_of_the_project_is_its_message_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    done = CliRunner().invoke(_failing(CohortError("no column 'age'; rename one")), [])
    assert done.exit_code == 1
    assert done.output.startswith("Error: no column 'age'; rename one\n")
    assert "Traceback" not in done.output


def test_its_traceback_comes_back_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    done = CliRunner().invoke(_failing(CohortError("no column 'age'")), [])
    assert isinstance(done.exception, CohortError)


@pytest.mark.parametrize(
    ("runner", "enabled", "told"),
    [
        (RUNNER, True, "Stopped by SIGTERM: the same command goes on from the last finished epoch"),
        (RUNNER, False, "Stopped by SIGTERM: the same command without reuse=false goes on from the last finished"),
        ("SequentialRunner", True, "Stopped by SIGTERM: this runner keeps no position of a training"),
    ],
)
def test_a_stopped_run_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runner: str, enabled: bool, told: str
) -> None:
    monkeypatch.setattr(policy, "_policy", policy.Policy(tmp_path, enabled))
    done = CliRunner().invoke(_failing(Stopped(signal.SIGTERM)), ["--runner", runner])
    assert done.exit_code == 143
    assert done.output.startswith(told)
    assert len(done.output.splitlines()) == 1


def test_a_bug_keeps_its_traceback() -> None:
    done = CliRunner().invoke(_failing(ZeroDivisionError("a bug")), [])
    assert isinstance(done.exception, ZeroDivisionError)
