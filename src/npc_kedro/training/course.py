"""All that changes while a network is trained: kept after each epoch, and taken up again."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from npc_kedro import reporter
from npc_kedro.networks.checkpoint import weights_of
from npc_kedro.training import progress
from npc_kedro.training.device import Compute
from npc_kedro.training.optimisation import LearningRate

logger = logging.getLogger(__name__)

_NETWORK, _BEST, _OPTIMISER = "network.", "best.", "optimiser."


@dataclass
class Best:
    """The kept epoch so far.

    Attributes:
        score: higher is better.
        epoch: counted from 1.
        weights: parameters and buffers on the CPU.
        validation: float64, what the epoch predicted for the validation rows, where the training keeps that.
    """

    score: float = -np.inf
    epoch: int = 0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)
    validation: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass
class Course:
    """A training under way.

    Attributes:
        network: what learns.
        optimiser: with its momenta.
        rate: with its schedule.
        epochs: length of the training.
        compute: device and precision, which stay the same throughout.
        best: the kept epoch.
        history: one row a finished epoch.
    """

    network: nn.Module
    optimiser: torch.optim.Optimizer
    rate: LearningRate
    epochs: int
    compute: Compute
    best: Best = field(default_factory=Best)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def finished(self) -> int:
        """How many epochs are behind it."""
        return len(self.history)

    def judge(self, score: float, *, keep: str, validation: np.ndarray | None = None) -> None:
        """Keeps the epoch just trained if it is the last (``keep: last``) or the best so far."""
        epoch = self.finished + 1
        self.rate.after_epoch(score)
        if epoch == self.epochs if keep == "last" else score > self.best.score:
            weights = weights_of(self.network, into=self.best.weights)
            self.best = Best(score, epoch, weights, np.zeros(0) if validation is None else validation)

    def end_epoch(self, row: dict[str, float]) -> None:
        """Adds the epoch's row, stores the position and only then reports: a failing store of metrics loses nothing."""
        self.history.append(row)
        progress.current().keep(self._position())
        self._report(row)

    def take_up(self) -> None:
        """Goes to the newest position kept of this training, if there is one, and reports the epochs before it."""
        position = progress.current().newest()
        if position is None or not self._is_computed_alike(position):
            return
        about, tensors = position.about, position.tensors
        self.history[:] = about["history"]
        own, best = _under(_NETWORK, tensors), _under(_BEST, tensors)
        weights = best or {name: value.clone() for name, value in own.items()} if about["best_epoch"] else {}
        self.best = Best(about["best_score"], about["best_epoch"], weights, tensors["validation"].numpy())
        if own and self.finished < self.epochs:
            self.network.load_state_dict(own)
            _restore_optimiser(self.optimiser, _under(_OPTIMISER, tensors))
            self.rate.restore(about["rate"])
            _restore_random(about["random"], tensors, device=next(self.network.parameters()).device)
        logger.info("goes on after epoch %d of %d", self.finished, self.epochs)
        for row in self.history:
            self._report(row)

    def _is_computed_alike(self, position: progress.Position) -> bool:
        """Whether the epochs before were computed as those to come will be: a training has one arithmetic.

        With ``auto`` another machine, or another answer of the probe, may have decided otherwise. After the last epoch
        nothing is left to compute, wherever it was.
        """
        about = position.about
        ended = position.epoch >= self.epochs and about["precision"] == self.compute.precision
        if ended or about["arithmetic"] == self.compute.arithmetic:
            return True
        logger.info(
            "the position after epoch %d was computed in %s, this training computes in %s: begins anew",
            *(position.epoch, about["arithmetic"], self.compute.arithmetic),
        )
        return False

    def _report(self, row: dict[str, float]) -> None:
        values = {name: value for name, value in row.items() if name != "epoch" and np.isfinite(value)}
        reporter.current().metrics(values, step=int(row["epoch"]))

    def _position(self) -> progress.Position:
        """After the last epoch only the kept one is needed."""
        ended, kept_now = self.finished == self.epochs, self.best.epoch == self.finished
        device = next(self.network.parameters()).device
        tensors = {"validation": torch.from_numpy(self.best.validation), **_random_tensors(device)}
        if not ended:
            tensors |= _named(_NETWORK, self.network.state_dict())
            tensors |= _named(_OPTIMISER, _optimiser_tensors(self.optimiser))
        if ended or not kept_now:
            tensors |= _named(_BEST, self.best.weights)
        about = {
            "history": self.history,
            "best_score": self.best.score,
            "best_epoch": self.best.epoch,
            "precision": self.compute.precision,
            "arithmetic": self.compute.arithmetic,
            "rate": self.rate.state(),
            "random": _random_state(),
        }
        return progress.Position(self.finished, tensors, about)


def rows_of(history: Sequence[dict[str, float]], columns: Sequence[str]) -> list[dict[str, float]]:
    """The history with its columns in order."""
    return [{name: row[name] for name in columns} for row in history]


def _named(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _under(prefix: str, tensors: Any) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """``<position of the parameter>.<name>`` of everything that the optimiser remembers."""
    return {
        f"{position}.{name}": value
        for position, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state.get(parameter, {}).items()
        if isinstance(value, torch.Tensor)
    }


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    parameters = _parameters(optimiser)
    for key, value in tensors.items():
        position, _, name = key.partition(".")
        parameter = parameters[int(position)]
        # Fused optimisers run along memory: a momentum must lie as its parameter lies, channels last or not.
        like = torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
        optimiser.state[parameter][name] = like.detach()


def _random_state() -> dict[str, Any]:
    version, state, gauss = random.getstate()
    return {"python": [version, list(state), gauss], "numpy": _plain(np.random.get_state(legacy=False))}


def _random_tensors(device: torch.device) -> dict[str, torch.Tensor]:
    states = {"random.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["random.cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_random(state: dict[str, Any], tensors: Any, *, device: torch.device) -> None:
    version, python, gauss = state["python"]
    random.setstate((version, tuple(python), gauss))
    np.random.set_state(state["numpy"])
    torch.set_rng_state(tensors["random.cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random.cuda"], device)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value
