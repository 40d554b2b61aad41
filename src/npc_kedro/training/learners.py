"""What one step of learning is: over slices, over patients' bags, or over patients' stacks of slices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from npc_kedro.networks.inputs import InputSpec, normalise
from npc_kedro.training import team
from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.bags import accumulate_bag_gradients, bag_losses
from npc_kedro.training.batches import shuffled_batches
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.head_start import fit_head, pooled_features
from npc_kedro.training.inference import image_probabilities, stack_probabilities
from npc_kedro.training.norms import refresh_norms
from npc_kedro.training.settings import ClassifierSettings
from npc_kedro.training.stacks import stack_rows


@dataclass(frozen=True)
class Step:
    """The sums of one step, on the device: nothing waits for them until the epoch ends."""

    loss: torch.Tensor
    correct: torch.Tensor


class Learner(Protocol):
    """A way to learn from examples. An item is what a label belongs to: a slice or a patient.

    Attributes:
        n_items: how many there are to learn from.
        by_patient: whether an item is a patient.
        log_odds: of residual tumour among the items as they are weighted; the bias from which the logit starts.
        compute: device and precision.
    """

    n_items: int
    by_patient: bool
    log_odds: float
    compute: Compute

    def batches(self, rng: np.random.Generator) -> list[np.ndarray]:
        """The items of each step of an epoch."""

    def accumulate(self, network: nn.Module, items: np.ndarray, augment: Augmentation) -> Step:
        """Adds the gradient of the items' mean loss to the network's parameters."""

    def refresh_norms(self, network: nn.Module, rng: np.random.Generator, *, n_images: int) -> None:
        """Takes batch norm's running statistics afresh from that many images to learn from."""

    def fit_head(self, network: nn.Module, *, ridge: float) -> None:
        """Sets the head to its optimum on the features of all images to learn from."""

    def probabilities(self, network: nn.Module, rows: np.ndarray) -> np.ndarray:
        """Probability of residual tumour for each row of the examples."""


class _Shared:
    """Targets, class weights and the call of the network, common to all learners.

    ``inputs_in_order`` are the rows of all images to learn from, item after item.
    """

    inputs_in_order: np.ndarray

    def __init__(
        self,
        examples: Examples,
        settings: ClassifierSettings,
        *,
        inputs: InputSpec,
        compute: Compute,
        labels: np.ndarray,
    ) -> None:
        self.examples, self.settings, self.inputs, self.compute = examples, settings, inputs, compute
        self.n_items = len(labels)
        smoothing = settings.label_smoothing
        device = compute.device
        self._labels = torch.from_numpy(labels.astype(np.float32)).to(device)
        self._targets = self._labels * (1.0 - smoothing) + smoothing / 2.0
        weights = _class_weights(labels, settings.class_weights)
        self._weights = torch.from_numpy(weights).to(device)
        share = np.clip(np.average(labels, weights=weights) if len(labels) else 0.5, 0.01, 0.99)
        self.log_odds = float(np.log(share / (1.0 - share)))

    def batches(self, rng: np.random.Generator) -> list[np.ndarray]:
        return shuffled_batches(self.n_items, self.settings.batch_size, rng)

    def refresh_norms(self, network: nn.Module, rng: np.random.Generator, *, n_images: int) -> None:
        chosen = rng.permutation(len(self.inputs_in_order))[:n_images]
        refresh_norms(network, self._batches_of(self.inputs_in_order[chosen]))

    def fit_head(self, network: nn.Module, *, ridge: float) -> None:
        refresh_norms(network, self._batches_of(self.inputs_in_order))
        features = pooled_features(network, self._batches_of(self.inputs_in_order))
        fit_head(network.get_classifier(), features, loss=self._summed_loss, ridge=ridge)

    def _batches_of(self, rows: np.ndarray) -> Iterator[torch.Tensor]:
        """One batch at a time: as floats, all of them would take a dozen times the memory of the images."""
        for batch in np.array_split(rows, -(-len(rows) // self.settings.batch_size)):
            yield normalise(self.examples.take(batch), self.inputs)

    def _losses(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(logits, targets, reduction="none")

    def _summed_loss(self, logits: torch.Tensor) -> torch.Tensor:
        """Over all items, from the logits of ``inputs_in_order``."""
        return (self._weights.to(logits) * self._losses(logits, self._targets.to(logits))).sum()

    def probabilities(self, network: nn.Module, rows: np.ndarray) -> np.ndarray:
        index = torch.from_numpy(rows).to(self.examples.images.device)
        return image_probabilities(
            network, self.examples.images[index], spec=self.inputs, batch_size=self.settings.batch_size
        )

    def _call(self, network: nn.Module, images: torch.Tensor) -> torch.Tensor:
        def logits_of(rows: torch.Tensor) -> torch.Tensor:
            with self.compute.autocast():
                return network(rows)[:, 0].float()

        return team.current().numbers_of(images, logits_of)

    def _of(self, items: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Labels, targets and weights of the items; the weights are shares of the step's mean loss."""
        index = torch.from_numpy(items).to(self._labels.device, non_blocking=True)
        return self._labels[index], self._targets[index], self._weights[index] / len(items)


class SliceLearner(_Shared):
    """Every slice carries its patient's label."""

    by_patient = False

    def __init__(
        self, examples: Examples, settings: ClassifierSettings, *, inputs: InputSpec, compute: Compute
    ) -> None:
        super().__init__(examples, settings, inputs=inputs, compute=compute, labels=examples.labels[examples.fit])
        self.inputs_in_order = examples.fit

    def accumulate(self, network: nn.Module, items: np.ndarray, augment: Augmentation) -> Step:
        """Items are slices, each with its own label."""
        images, _ = augment(self.examples.take(self.examples.fit[items]))
        return self._step(network, normalise(images, self.inputs), items)

    def _step(self, network: nn.Module, images: torch.Tensor, items: np.ndarray) -> Step:
        labels, targets, weights = self._of(items)
        logits = self._call(network, images)
        loss = (weights * self._losses(logits, targets)).sum()
        loss.backward()
        return Step(loss.detach() * len(items), ((logits.detach() >= 0) == (labels == 1)).sum())


class BagLearner(_Shared):
    """The label belongs to the mean probability of the patient's slices."""

    by_patient = True

    def __init__(
        self, examples: Examples, settings: ClassifierSettings, *, inputs: InputSpec, compute: Compute
    ) -> None:
        self.bags, labels = _patient_rows(examples, examples.fit)
        super().__init__(examples, settings, inputs=inputs, compute=compute, labels=labels)
        self.inputs_in_order = np.concatenate(self.bags)
        self.bags_per_step = bags_in_a_step(settings, n_images=len(examples.fit), n_bags=len(self.bags))

    def batches(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Patients in random order, ``bags_per_step`` to a step."""
        return shuffled_batches(self.n_items, self.bags_per_step, rng)

    def accumulate(self, network: nn.Module, items: np.ndarray, augment: Augmentation) -> Step:
        """Items are patients: the loss is taken on the mean probability of a patient's slices."""
        bags = [self.bags[item] for item in items]
        images, _ = augment(self.examples.take(np.concatenate(bags)))
        labels, targets, weights = self._of(items)
        loss, probabilities = accumulate_bag_gradients(
            network,
            normalise(images, self.inputs),
            [len(bag) for bag in bags],
            targets=targets,
            weights=weights,
            max_slices_per_pass=self.settings.max_slices_per_pass,
            forward=lambda chunk: self._call(network, chunk),
        )
        return Step(loss * len(items), ((probabilities >= 0.5) == (labels == 1)).sum())

    def _losses(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return bag_losses(logits, [len(bag) for bag in self.bags], targets)


class StackLearner(SliceLearner):
    """The patient's slices lie on the channel axis of one image."""

    by_patient = True

    def __init__(
        self, examples: Examples, settings: ClassifierSettings, *, inputs: InputSpec, compute: Compute
    ) -> None:
        keys, stacks = stack_rows(examples.patients[examples.fit], settings.stacked_slices)
        self.stacks = examples.fit[stacks]
        labels = examples.labels[self.stacks[:, 0]] if len(keys) else np.zeros(0, dtype=np.int64)
        _Shared.__init__(self, examples, settings, inputs=inputs, compute=compute, labels=labels)
        self.inputs_in_order = self.stacks

    def accumulate(self, network: nn.Module, items: np.ndarray, augment: Augmentation) -> Step:
        """Items are patients, each one image with a slice on every channel; slices are changed one by one."""
        images = self.examples.take(self.stacks[items])
        flat, _ = augment(images.flatten(0, 1))
        return self._step(network, normalise(flat.view_as(images), self.inputs), items)

    def probabilities(self, network: nn.Module, rows: np.ndarray) -> np.ndarray:
        """Each row has its patient's probability."""
        index = torch.from_numpy(rows).to(self.examples.images.device)
        return stack_probabilities(
            network,
            self.examples.images[index],
            self.examples.patients[rows],
            spec=self.inputs,
            batch_size=self.settings.batch_size,
        )


def bags_in_a_step(settings: ClassifierSettings, *, n_images: int, n_bags: int) -> int:
    """How many bags make up a step: as many as are asked for, or as come nearest to ``batch_size`` images."""
    images_per_bag = max(1, n_images) / max(1, n_bags)
    return settings.bags_per_step or max(1, round(settings.batch_size / images_per_bag))


def _patient_rows(examples: Examples, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The rows of each patient, patients in the order of their keys, and the patients' labels."""
    patients = examples.patients[rows]
    bags = [rows[patients == key] for key in np.unique(patients)]
    return bags, np.array([examples.labels[bag[0]] for bag in bags], dtype=np.int64)


def _class_weights(labels: np.ndarray, scheme: str) -> np.ndarray:
    """One weight an item, mean 1: all equal, or such that both outcomes sum to the same."""
    weights = np.ones(len(labels), dtype=np.float32)
    if scheme == "balanced" and len(np.unique(labels)) == 2:
        for label in (0, 1):
            weights[labels == label] = len(labels) / (2.0 * np.sum(labels == label))
    return weights
