"""Whether the trainings of a run fit into memory: said before the run begins, and again before each training.

How much a training needs is worked out by the ``memory.py`` beside its node; how much is free, by ``machine.py``.
Before a run the images are those that an earlier run has stored, or those that the simulation's settings will make;
when a training is about to start they are known.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from npc_kedro import machine
from npc_kedro.errors import MemoryShortageError
from npc_kedro.scale import Scale
from npc_kedro.sizes import Sizes

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

    from npc_kedro.training.memory import Need

logger = logging.getLogger(__name__)

CPU = "cpu"
_PROCESS_BYTES = {CPU: 250_000_000, "card": 600_000_000}
"""What a worker takes beside its training: on the host what it does not share with its parent (measured), on a card its
context and kernels (assumed)."""
_REMEDY = (
    "Make the batch smaller (--params classifier.batch_size=..., segmenter.batch_size=...) or the images "
    "(classifier.image_size.<network>=...), train fewer side by side (--params devices=cpu for one, cpu+cpu for two), "
    "or free memory; then run the same command again"
)

_scale: Mapping[str, Any] = {}


def install(scale: Mapping[str, Any]) -> None:
    """Sets the ``globals.yml`` of the runs that follow; without it there is no forecast."""
    global _scale
    _scale = scale


class Forecast:
    """The needs of a run's trainings beside what is free.

    Args:
        catalog: of the run.
        devices: over which the user spread the run; () where the number of workers is the runner's to choose.
        free: bytes that are free on a device, None where nobody knows.
    """

    def __init__(
        self, catalog: Any, *, devices: Sequence[str] = (), free: Callable[[str], int | None] | None = None
    ) -> None:
        self._catalog, self._devices, self._free = catalog, tuple(devices), free or free_on
        self._scale = Scale.model_validate(_scale) if _scale else None

    def workers_that_fit(self, trainings: Sequence["Node"], *, workers: int) -> int:
        """Logs what the trainings will need, and returns how many workers can run side by side.

        Raises:
            MemoryShortageError: if not a single training fits, or fewer side by side than the user asked for.
        """
        if self._scale is None or not trainings:
            return workers
        needs = self._largest_first(trainings)
        places = self._devices or (device_of(self._scale.device),) * workers
        for place in dict.fromkeys(places):
            side_by_side = needs[: places.count(place)]
            fitting = self._fitting(side_by_side, place)
            if fitting < (len(side_by_side) if self._devices else 1):
                raise MemoryShortageError(_shortage(side_by_side[: fitting + 1], place, free=self._free(place)))
            if fitting < len(side_by_side):
                logger.warning("one worker more would not fit into memory: %d instead of %d", fitting, workers)
                return fitting
            logger.info("%s; %s free", _told(side_by_side, place), _size(self._free(place)))
        return workers

    def check(self, training: "Node") -> None:
        """A training is about to start: its images are known now.

        Raises:
            MemoryShortageError: if it does not fit into what is free at this moment.
        """
        places = set(self._devices) or ({device_of(self._scale.device)} if self._scale else set())
        if len(places) != 1:  # which of several cards it will have is not known here
            return
        (place,) = places
        needs = self._largest_first([training])
        if not self._fitting(needs, place):
            raise MemoryShortageError(_shortage(needs, place, free=self._free(place)))

    def _largest_first(self, trainings: Sequence["Node"]) -> list[tuple["Need", str]]:
        needs = [(self.need(training), training.name) for training in trainings]
        return sorted(needs, key=lambda one: (-one[0].total, one[1]))

    def need(self, training: "Node") -> "Need":
        """By the ``memory.py`` beside the node."""
        pipeline = training.name.partition(".")[0]
        needed = import_module(f"npc_kedro.pipelines.{pipeline}.memory").needed
        sizes = Sizes.of(Scale.model_validate(_scale), self._stored)
        need: Need = needed(self._catalog.load(f"params:{pipeline}"), sizes, **training.func.keywords)
        return need

    def _stored(self, dataset: str) -> Any:
        return self._catalog.load(dataset) if self._catalog.exists(dataset) else None

    def _fitting(self, needs: Sequence[tuple["Need", str]], place: str) -> int:
        """How many of them fit side by side, the largest first."""
        free = self._free(place)
        if free is None:
            return len(needs)
        return sum(_together(needs[: n + 1], place) <= free for n in range(len(needs)))


def device_of(name: str) -> str:
    """What ``auto`` or a given name comes to, without a word to CUDA: ``cpu`` or ``cuda:<index>``."""
    if name == "auto":
        name = "cuda:0" if machine.has_card() else CPU
    return "cuda:0" if name == "cuda" else name


def free_on(place: str) -> int | None:
    """Bytes that are free on a device."""
    return machine.free_bytes() if place == CPU else machine.card_bytes(int(place.partition(":")[2]))


def _together(needs: Sequence[tuple["Need", str]], place: str) -> int:
    return sum(need.total for need, _ in needs) + len(needs) * _PROCESS_BYTES[CPU if place == CPU else "card"]


def _told(needs: Sequence[tuple["Need", str]], place: str) -> str:
    """The needs in words."""
    largest, name = needs[0]
    parts = (
        f"images {_size(largest.images)}, network {_size(largest.network)}, activations {_size(largest.activations)}"
    )
    number = "one training needs" if len(needs) == 1 else f"{len(needs)} trainings side by side need"
    return f"{number} at most {_size(_together(needs, place))} of memory on {place} (the largest, {name}: {parts})"


def _shortage(needs: Sequence[tuple["Need", str]], place: str, *, free: int | None) -> str:
    return f"this run does not fit into memory: {_told(needs, place)}, but {_size(free)} are free. {_REMEDY}"


def _size(n_bytes: int | None) -> str:
    return "an unknown amount" if n_bytes is None else f"{n_bytes / 1e9:.2f} GB"
