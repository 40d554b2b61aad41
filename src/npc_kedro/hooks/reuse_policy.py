"""Tells the runner whether stored results may be reused, and where they are."""

from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from npc_kedro.reuse import policy


class ReusePolicy:
    """Takes ``reuse`` from ``globals.yml`` or ``--params reuse=false``."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Sets the policy of the run that follows."""
        loader: Any = context.config_loader
        scale = getattr(loader, "study_globals", dict)()
        root = Path(context.project_path) / getattr(loader, "data_root", lambda: "data")()
        policy.install(policy.Policy(root, bool(scale.get("reuse", True))))
