"""Tells the forecast of memory how large the run will be."""

from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from npc_kedro import forecast


class MemoryPolicy:
    """Takes the sizes from ``globals.yml``, ``--params`` included."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Sets the sizes of the run that follows."""
        loader: Any = context.config_loader
        forecast.install(getattr(loader, "study_globals", dict)())
