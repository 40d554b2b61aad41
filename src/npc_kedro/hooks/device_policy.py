"""Tells the runner over which devices it may spread the nodes of a run."""

from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl

from npc_kedro import devices
from npc_kedro.errors import ParameterError


class DevicePolicy:
    """Takes ``devices`` from ``globals.yml`` or ``--params devices=cuda:0+cuda:1``."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Sets the devices of the run that follows.

        Raises:
            ParameterError: if they cannot be read, are not in this machine, or ``device`` names another one.
        """
        loader: Any = context.config_loader
        scale = getattr(loader, "study_globals", dict)()
        chosen = devices.parse(str(scale.get("devices") or ""))
        if chosen and scale.get("device", "auto") != "auto":
            msg = f"device {scale['device']!r} and devices {scale['devices']!r} were both given; leave device at auto"
            raise ParameterError(msg)
        _require_cards(chosen)
        devices.install(chosen)


def _require_cards(chosen: tuple[str, ...]) -> None:
    wanted = [int(device.partition(":")[2]) for device in chosen if device != "cpu"]
    if not wanted:
        return
    from npc_kedro.tracking.provenance import gpu_names

    cards = gpu_names()
    if max(wanted) >= len(cards):
        msg = f"cuda:{max(wanted)} was asked for, but this machine has {len(cards)} NVIDIA card(s)"
        raise ParameterError(msg)
