"""``kedro run`` with this project's runner as the default; every other command and option is Kedro's own."""

import copy

import click
from kedro.framework.cli.project import run as kedro_run

RUNNER = "npc_kedro.runner.StudyRunner"


@click.group(name="npc_kedro")
def cli() -> None:
    """Commands of this project."""


def _with_study_runner(command: click.Command) -> click.Command:
    """Kedro's command with ``--runner`` defaulting to :data:`RUNNER`; nothing else changes."""
    ours = copy.copy(command)
    ours.params = [copy.copy(option) for option in command.params]
    runner = next(option for option in ours.params if option.name == "runner")
    runner.default = RUNNER
    return ours


cli.add_command(_with_study_runner(kedro_run), "run")
