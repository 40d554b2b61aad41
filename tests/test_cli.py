"""``kedro run`` as this project changes it."""

import signal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from kedro.io import DatasetError

from command_line import environment_of, kedro
from npc_kedro.cli import RUNNER, TRACEBACK_VARIABLE, _ours, cli
from npc_kedro.errors import CohortError
from npc_kedro.params_text import fault_in_params
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


class _LoadingError(DatasetError):
    """As Kedro raises it round what a dataset raised."""


def _wrapped(error: Exception) -> DatasetError:
    try:
        try:
            raise error
        except Exception as raised:
            raise _LoadingError(f"cohort: {raised}") from raised
    except DatasetError as wrapped:
        return wrapped


def test_an_error_of_the_project_that_kedro_has_wrapped_is_its_message_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    done = CliRunner().invoke(_failing(_wrapped(CohortError("no such folder; correct cohort_root"))), [])
    assert done.exit_code == 1
    assert done.output.startswith("Error: no such folder; correct cohort_root\n(CohortError;")
    done = CliRunner().invoke(_failing(_wrapped(ZeroDivisionError("a bug"))), [])
    assert isinstance(done.exception, DatasetError)


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_wrong_cohort_root_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "a file":
        (tmp_path / "WANG").touch()
    environment = environment_of(tmp_path)
    done = kedro(
        "run", "--pipelines=preflight", "--params", f"cohort_root={tmp_path / 'WANG'}", environment=environment
    )
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert f"Error: cohort_root leads to {kind}" in told
    assert "Traceback" not in told
    assert "WANG" not in told


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


@pytest.mark.parametrize(
    "choice", ["--pipelines=nonsense", "--nodes=nonsense", "--tags=nonsense", "--from-inputs=nonsense"]
)
def test_a_name_that_nothing_bears_is_one_sentence(choice: str, tmp_path: Path) -> None:
    done = kedro("run", choice, environment=environment_of(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "kedro registry list" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "value",
    ["/x/coh #2", "#2", "/x/coh: new", "/x/coh:", "/x/a: b: c", "/x/coh, new", "%x", "&x", "/x/\tcoh #2", "7 # seven"],
)
def test_a_value_that_yaml_would_change_is_refused_with_another_way(value: str) -> None:
    done = CliRunner().invoke(cli, ["run", "--params", f"seed=7,cohort_root={value}"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: --params cohort_root: ")
    assert "NPC_COHORT_ROOT" in done.output
    assert "conf/local" in done.output
    assert value not in done.output


@pytest.mark.parametrize(
    "written",
    [
        "", "seed=7", "cohort_root=/x/coh#2", "cohort_root=C:\\data\\coh 2", "a.b=1e-3,c=true",
        'cohort_root="/x/coh #2"', "split={a: 1}", "cohort_root=", "cohort_root= /x/coh ",
    ],
)  # fmt: skip
def test_what_arrives_as_it_was_typed_is_left_to_kedro(written: str) -> None:
    assert fault_in_params(written) == ""
