"""Independent nodes side by side over several devices: one worker process an entry, each seeing its own device only.

``--params devices=cuda:0+cuda:1`` runs two workers, one on each card; ``cuda:0+cuda:0`` two on one card; ``cpu+cpu``
two that see no card. Within its worker a node asks for ``device: auto`` as ever: results, and what is kept of them for
reuse, do not depend on which card did the work.
"""

import os
from collections.abc import Sequence

from npc_kedro.errors import ParameterError

VARIABLE = "NPC_DEVICE"
"""Set in a pinned worker: the device as the machine counts it."""
_VISIBLE = "CUDA_VISIBLE_DEVICES"

_devices: tuple[str, ...] = ()


def parse(text: str) -> tuple[str, ...]:
    """The entries of ``cuda:0+cuda:1``, () for an empty text.

    Raises:
        ParameterError: if an entry is neither ``cpu`` nor ``cuda:<index>``.
    """
    entries = tuple(entry.strip() for entry in text.split("+")) if text.strip() else ()
    for entry in entries:
        kind, _, index = entry.partition(":")
        if entry != "cpu" and not (kind == "cuda" and index.isdecimal()):
            msg = f"devices {text!r}: {entry!r} is none; expected cpu or cuda:<index>, joined by +, e.g. cuda:0+cuda:1"
            raise ParameterError(msg)
    return entries


def install(devices: Sequence[str]) -> None:
    """Sets the devices for the runs that follow; none means that workers are not pinned."""
    global _devices
    _devices = tuple(devices)


def current() -> tuple[str, ...]:
    """The devices of this process's run."""
    return _devices


def pin(device: str) -> None:
    """Makes ``device`` the only one that this process sees; called before anything initialises CUDA.

    Indices count within what the process may see already, as torch counts.

    Raises:
        ParameterError: if the process sees no such card.
    """
    if device == "cpu":
        os.environ[_VISIBLE] = ""
        os.environ[VARIABLE] = "cpu"
        return
    index = int(device.partition(":")[2])
    already = os.environ.get(_VISIBLE)
    visible = str(index)
    if already is not None:
        names = [name.strip() for name in already.split(",") if name.strip()]
        if index >= len(names):
            msg = f"{device} was asked for, but {_VISIBLE} lets this run see {len(names)} card(s)"
            raise ParameterError(msg)
        visible = names[index]
    os.environ[_VISIBLE] = visible
    os.environ[VARIABLE] = f"cuda:{visible}" if visible.isdecimal() else device
