"""Sees to it that no other run works on the results of this one."""

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline

from npc_kedro import stopping
from npc_kedro.claims import Claim, Work, claim
from npc_kedro.reuse import policy
from npc_kedro.tracking import provenance, steps


class ResultsClaim:
    """Claims what a run will write and read, before anything else happens, and until all else has happened."""

    def __init__(self) -> None:
        self._claim: Claim | None = None

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Claims.

        Raises:
            BusyError: if another run is at work there.
        """
        self._give_up()
        told = policy.current()
        if told is None or steps.dagster_run():  # whose every step is a process of its own
            return
        self._claim = claim(told.root, work_of(pipeline), command=provenance.command_line())
        stopping.before_the_end(self._give_up)

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Gives the claim up."""
        self._give_up()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Gives the claim up."""
        self._give_up()

    def _give_up(self) -> None:
        held, self._claim = self._claim, None
        if held is not None:
            held.give_up()


def work_of(pipeline: Pipeline) -> Work:
    """What a run of the pipeline writes, and what it reads of others."""
    reads = {name for name in pipeline.inputs() if not name.startswith("params:") and name != "parameters"}
    return Work(frozenset(pipeline.all_outputs()), frozenset(reads))
