"""Training one classifier, epoch by epoch."""

import logging
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from npc_kedro import heap, reporter
from npc_kedro.errors import CohortError, ParameterError
from npc_kedro.networks.classifiers import ClassifierSpec, build_classifier
from npc_kedro.training import team
from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.course import Best, Course, rows_of
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.learners import BagLearner, Learner, SliceLearner, StackLearner, Step
from npc_kedro.training.metrics import area_under_curve, cross_entropy, per_patient_mean, youden_threshold
from npc_kedro.training.optimisation import LearningRate, build_optimiser, clip_gradients
from npc_kedro.training.seeding import epoch_generator, reproducible
from npc_kedro.training.settings import ClassifierSettings

logger = logging.getLogger(__name__)

_LEARNERS: dict[str, type] = {
    "mean_probability_bags": BagLearner,
    "image_average": SliceLearner,
    "channel_stack": StackLearner,
}


_COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "validation_auc",
    "learning_rate",
    "seconds",
)


@dataclass(frozen=True)
class TrainedClassifier:
    """The kept epoch of a training.

    Attributes:
        weights: parameters and buffers on the CPU.
        best_epoch: the kept epoch, counted from 1.
        threshold: probability from which residual tumour is predicted; fixed without the test cohort.
        history: one row an epoch: epoch, train_loss, train_accuracy, validation_loss, validation_accuracy,
            validation_auc, learning_rate, seconds. Loss and accuracy are of the training's own unit (slices or
            patients); the AUC is always that of patients.
        validation: float64, probability of each validation row of the examples, by the kept epoch.
    """

    weights: dict[str, torch.Tensor]
    best_epoch: int
    threshold: float
    history: pd.DataFrame
    validation: np.ndarray


def train_classifier(
    examples: Examples, spec: ClassifierSpec, *, settings: ClassifierSettings, by_patient: bool, compute: Compute
) -> TrainedClassifier:
    """Trains a network of ``spec`` on the fit rows; the test cohort is not among the examples.

    Args:
        examples: images on ``compute``'s device.
        spec: network and first weights.
        settings: optimiser, schedule, loss and length.
        by_patient: unit "patient", by ``settings.patient_method``; otherwise unit "image".
        compute: device and precision.

    Raises:
        CohortError: if there is nothing to learn from, or nothing to validate on though ``keep`` or ``threshold`` asks.
        ParameterError: if the loss stops being a number.
    """
    _require_enough(examples, settings)
    with reproducible(settings.seed, threads=settings.threads, device=compute.device):
        network = compute.move(build_classifier(spec, seed=settings.seed)).train()
        learner_type = _LEARNERS[settings.patient_method] if by_patient else SliceLearner
        learner = learner_type(examples, settings, inputs=spec.inputs(), compute=compute)
        nn.init.constant_(network.get_classifier().bias, learner.log_odds)
        best, history = _epochs(network, learner, examples, settings)
    del network, learner
    heap.release()
    threshold = settings.threshold
    if threshold == "youden_validation":
        _, labels = per_patient_mean(examples.labels[examples.validation], examples.patients[examples.validation])
        _, probabilities = per_patient_mean(best.validation, examples.patients[examples.validation])
        threshold = youden_threshold(labels, probabilities)
    return TrainedClassifier(best.weights, best.epoch, float(threshold), pd.DataFrame(history), best.validation)


def train_step(
    network: nn.Module,
    learner: Learner,
    items: np.ndarray,
    *,
    augment: Augmentation,
    optimiser: torch.optim.Optimizer,
    settings: ClassifierSettings,
) -> Step:
    """Moves the network once, by the gradient of the items' mean loss; does not wait for the device."""
    step = learner.accumulate(network, items, augment)
    team.current().sum_gradients(network)
    clip_gradients(network.parameters(), settings.optimiser)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return step


def _epochs(
    network: nn.Module, learner: Learner, examples: Examples, settings: ClassifierSettings
) -> tuple[Best, list[dict[str, float]]]:
    n_steps = len(learner.batches(epoch_generator(settings.seed, 0)))
    optimiser = build_optimiser(network, settings.optimiser)
    rate = LearningRate(optimiser, settings.optimiser, steps_per_epoch=n_steps, epochs=settings.epochs)
    course = Course(network, optimiser, rate, settings.epochs, learner.compute)
    course.take_up()
    if course.finished == 0 and settings.head_ridge is not None:
        learner.fit_head(network, ridge=settings.head_ridge)
    for epoch in range(course.finished + 1, settings.epochs + 1):
        started = time.monotonic()
        row = {
            "epoch": epoch,
            **_train_epoch(network, learner, optimiser=optimiser, rate=rate, settings=settings, epoch=epoch),
        }
        if settings.norm_images:
            learner.refresh_norms(network, epoch_generator(settings.seed, epoch), n_images=settings.norm_images)
        probabilities = learner.probabilities(network, examples.validation)
        row |= _validation_metrics(examples, probabilities, by_patient=learner.by_patient)
        course.judge(-row["validation_loss"], keep=settings.keep, validation=probabilities)
        row["learning_rate"], row["seconds"] = optimiser.param_groups[0]["lr"], time.monotonic() - started
        course.end_epoch(row)
    return course.best, rows_of(course.history, _COLUMNS)


def _train_epoch(
    network: nn.Module,
    learner: Learner,
    *,
    optimiser: torch.optim.Optimizer,
    rate: LearningRate,
    settings: ClassifierSettings,
    epoch: int,
) -> dict[str, float]:
    rng = epoch_generator(settings.seed, epoch)
    augment = Augmentation(settings.augmentation, rng)
    batches = learner.batches(rng)
    done = (epoch - 1) * len(batches)
    losses, correct = [], []
    bound = heap.Bound()
    for index, items in enumerate(batches):
        rate.before_step(done + index)
        step = train_step(network, learner, items, augment=augment, optimiser=optimiser, settings=settings)
        losses.append(step.loss)
        correct.append(step.correct)
        bound.after_step()
        reporter.current().progress(done + index + 1, len(batches) * settings.epochs)
    loss = float(torch.stack(losses).sum()) / learner.n_items
    if not np.isfinite(loss):
        msg = (
            f"the training loss of epoch {epoch} is {loss}: the training diverged. Lower optimiser.learning_rate "
            f"(now {settings.optimiser.learning_rate}) or set optimiser.gradient_clip_norm"
        )
        raise ParameterError(msg)
    return {"train_loss": loss, "train_accuracy": float(torch.stack(correct).sum()) / learner.n_items}


def _validation_metrics(examples: Examples, probabilities: np.ndarray, *, by_patient: bool) -> dict[str, float]:
    if len(probabilities) == 0:
        return dict.fromkeys(("validation_loss", "validation_accuracy", "validation_auc"), float("nan"))
    labels, patients = examples.labels[examples.validation], examples.patients[examples.validation]
    _, patient_labels = per_patient_mean(labels, patients)
    _, patient_probabilities = per_patient_mean(probabilities, patients)
    if by_patient:
        labels, probabilities = patient_labels, patient_probabilities
    return {
        "validation_loss": cross_entropy(labels, probabilities),
        "validation_accuracy": float(np.mean((probabilities >= 0.5) == (labels == 1))),
        "validation_auc": area_under_curve(patient_labels, patient_probabilities),
    }


def _require_enough(examples: Examples, settings: ClassifierSettings) -> None:
    if len(examples.fit) < 2:
        msg = f"{len(examples.fit)} crop(s) to learn from; a training needs at least 2. Is the cohort large enough?"
        raise CohortError(msg)
    if len(examples.validation) == 0 and (settings.keep == "best_validation" or isinstance(settings.threshold, str)):
        msg = (
            "there are no inner validation patients, but keep: best_validation or a threshold of theirs was asked for; "
            "raise split.validation_share or set keep: last and a fixed threshold"
        )
        raise CohortError(msg)
