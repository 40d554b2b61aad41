"""``kedro run`` with this project's runner as the default; every other command and option is Kedro's own.

An error that the project raises on purpose says what to do: it is shown as its message alone. Any other keeps its
traceback, as a bug should. A run that is stopped says how to go on.
"""

import copy
import os
from functools import wraps
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from npc_kedro import stopping
from npc_kedro.errors import wrapped_in
from npc_kedro.params_text import fault_in_params
from npc_kedro.reuse import policy

RUNNER = "npc_kedro.runner.StudyRunner"
TRACEBACK_VARIABLE = "NPC_TRACEBACK"
"""Set to anything, it brings the traceback of the project's own errors back."""
_WHERE_NAMES_ARE = (
    "(kedro registry list names the pipelines, kedro registry describe NAME the nodes of one; tags are arms, networks "
    "and units, such as ccrt, resnet50, patient)"
)
_STOPPED = 128
"""Shells and schedulers add a signal's number to this."""


@click.group(name="npc_kedro")
def cli() -> None:
    """Commands of this project."""


def _ours(command: click.Command) -> click.Command:
    """Kedro's command with ``--runner`` defaulting to :data:`RUNNER` and errors for people; nothing else changes."""
    ours = copy.copy(command)
    ours.params = [copy.copy(option) for option in command.params]
    runner = next(option for option in ours.params if option.name == "runner")
    runner.default = RUNNER
    for option in ours.params:
        if option.name == "params":
            option.callback = _as_typed(option.callback)
    ours.callback = _speaking_plainly(command.callback)
    return ours


def _as_typed(callback: Any) -> Any:
    """Kedro's reading of ``--params``, refused where it would make another value of what was typed."""

    @wraps(callback)
    def called(context: click.Context, option: Any, value: Any) -> Any:
        if isinstance(value, str) and (fault := fault_in_params(value)):
            raise click.ClickException(fault)
        return callback(context, option, value)

    return called


def _speaking_plainly(callback: Any) -> Any:
    @wraps(callback)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            with stopping.heeded():
                return callback(*arguments, **named)
        except stopping.Stopped as stopped:
            click.echo(f"Stopped by {stopped}: {_how_to_go_on(str(named.get('runner')))}", err=True)
            raise click.exceptions.Exit(_STOPPED + stopped.number) from None
        except Exception as error:
            if _selects_nothing(error):
                raise click.ClickException(f"{error} {_WHERE_NAMES_ARE}") from None
            known = wrapped_in(error)
            if known is None or os.environ.get(TRACEBACK_VARIABLE):
                raise
            shown = f"{known}\n({type(known).__name__}; {TRACEBACK_VARIABLE}=1 shows where)"
            raise click.ClickException(shown) from None

    return called


def _selects_nothing(error: Exception) -> bool:
    """Whether Kedro found no pipeline, node, tag or dataset of a name on the command line."""
    starts = ("Failed to find the pipeline", "Pipeline does not contain", "Pipeline contains no nodes")
    return isinstance(error, ValueError) and str(error).startswith(starts)


def _how_to_go_on(runner: str) -> str:
    if runner != RUNNER:
        return "this runner keeps no position of a training; the node that ran starts anew."
    told = policy.current()
    command = "the same command" if told is None or told.enabled else "the same command without reuse=false"
    return f"{command} goes on from the last finished epoch and repeats nothing that is finished."


cli.add_command(_ours(kedro_run), "run")
