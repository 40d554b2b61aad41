"""SGD and RMSprop, and how their learning rate moves."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from npc_kedro.training.settings import OptimiserSettings

_ONE_CYCLE_START = 0.04
"""First rate of one_cycle as a share of the highest; 1/25 as in torch's OneCycleLR."""


def build_optimiser(network: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """The optimiser over all parameters. Biases and norms are not decayed: they have nothing to shrink."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    common = {"lr": settings.learning_rate, "momentum": settings.momentum}
    if settings.name == "sgd":
        return torch.optim.SGD(groups, nesterov=settings.nesterov, fused=True, **common)
    return torch.optim.RMSprop(groups, foreach=True, **common)


class LearningRate:
    """Sets the optimiser's rate before every step.

    Args:
        optimiser: whose rate is set.
        settings: highest rate and schedule.
        steps_per_epoch: steps in one epoch.
        epochs: length of the training.
    """

    def __init__(
        self, optimiser: torch.optim.Optimizer, settings: OptimiserSettings, *, steps_per_epoch: int, epochs: int
    ) -> None:
        self._optimiser = optimiser
        self._settings = settings
        self._steps_per_epoch = steps_per_epoch
        self._steps = steps_per_epoch * epochs
        self._best = -math.inf
        self._epochs_without_rise = 0
        self._plateau_factor = 1.0

    def before_step(self, step: int) -> float:
        """Sets and returns the rate of ``step`` (counted from 0 over the whole training)."""
        rate = self._settings.learning_rate * self._factor(step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        return rate

    def after_epoch(self, score: float) -> None:
        """Tells ``plateau`` the epoch's validation score, higher is better; the other schedules do not listen."""
        if score > self._best:
            self._best, self._epochs_without_rise = score, 0
            return
        self._epochs_without_rise += 1
        if self._epochs_without_rise > self._settings.plateau_patience:
            self._plateau_factor *= self._settings.step_factor
            self._epochs_without_rise = 0

    def state(self) -> dict[str, float]:
        """What ``plateau`` remembers."""
        return {"best": self._best, "without_rise": self._epochs_without_rise, "factor": self._plateau_factor}

    def restore(self, state: Mapping[str, float]) -> None:
        """Goes back to where :meth:`state` was taken."""
        self._best, self._plateau_factor = state["best"], state["factor"]
        self._epochs_without_rise = int(state["without_rise"])

    def _factor(self, step: int) -> float:
        match self._settings.schedule:
            case "one_cycle":
                return one_cycle(step, self._steps, warmup_share=self._settings.warmup_share)
            case "step":
                epoch = step // self._steps_per_epoch
                return self._settings.step_factor ** sum(epoch >= drop for drop in self._settings.step_epochs)
            case "plateau":
                return self._plateau_factor
            case _:
                return 1.0


def one_cycle(step: int, steps: int, *, warmup_share: float) -> float:
    """The rate of ``step`` as a share of the highest: up in a straight line, then down to nearly 0 along a cosine."""
    warmup = max(1.0, warmup_share * steps)
    if step < warmup:
        return _ONE_CYCLE_START + (1.0 - _ONE_CYCLE_START) * step / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (step + 1 - warmup) / (steps + 1 - warmup)))


def clip_gradients(parameters: Iterable[nn.Parameter], settings: OptimiserSettings) -> None:
    """Cuts gradients by value or by norm where the settings ask for it."""
    if settings.gradient_clip_value is not None:
        nn.utils.clip_grad_value_(parameters, settings.gradient_clip_value)
    if settings.gradient_clip_norm is not None:
        nn.utils.clip_grad_norm_(parameters, settings.gradient_clip_norm)
