"""``kedro run`` with this project's runner as the default; every other command and option is Kedro's own.

An error that the project raises on purpose says what to do: it is shown as its message alone. Any other keeps its
traceback, as a bug should.
"""

import copy
import os
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from npc_kedro.errors import StudyError

RUNNER = "npc_kedro.runner.StudyRunner"
TRACEBACK_VARIABLE = "NPC_TRACEBACK"
"""Set to anything, it brings the traceback of the project's own errors back."""


@click.group(name="npc_kedro")
def cli() -> None:
    """Commands of this project."""


def _ours(command: click.Command) -> click.Command:
    """Kedro's command with ``--runner`` defaulting to :data:`RUNNER` and errors for people; nothing else changes."""
    ours = copy.copy(command)
    ours.params = [copy.copy(option) for option in command.params]
    runner = next(option for option in ours.params if option.name == "runner")
    runner.default = RUNNER
    ours.callback = _speaking_plainly(command.callback)
    return ours


def _speaking_plainly(callback: Any) -> Any:
    @wraps(callback)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            return callback(*arguments, **named)
        except StudyError as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            shown = f"{error}\n({type(error).__name__}; {TRACEBACK_VARIABLE}=1 shows where)"
            raise click.ClickException(shown) from None

    return called


cli.add_command(_ours(kedro_run), "run")
