"""Training one segmenter, epoch by epoch; the best epoch on the validation patients is kept."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from npc_kedro import heap, reporter
from npc_kedro.errors import CohortError, ParameterError
from npc_kedro.networks.inputs import InputSpec, normalise
from npc_kedro.networks.segmenters import SegmenterSpec, build_segmenter
from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.batches import shuffled_batches
from npc_kedro.training.course import Course, rows_of
from npc_kedro.training.device import Compute
from npc_kedro.training.mask_inference import blocks, mask_probabilities
from npc_kedro.training.metrics import dice, per_patient_sum
from npc_kedro.training.optimisation import LearningRate, build_optimiser, clip_gradients
from npc_kedro.training.outlined_slices import OutlinedSlices, by_square
from npc_kedro.training.seeding import epoch_generator, reproducible
from npc_kedro.training.settings import SegmenterSettings

_COLUMNS = ("epoch", "train_loss", "train_dice", "validation_dice", "learning_rate", "seconds")


@dataclass(frozen=True)
class TrainedSegmenter:
    """The kept epoch of a training.

    Attributes:
        weights: parameters and buffers on the CPU.
        best_epoch: the kept epoch, counted from 1.
        history: one row an epoch: epoch, train_loss, train_dice (over the pixels of the epoch), validation_dice (mean
            over patients, each over all of the patient's slices at full size), learning_rate, seconds.
    """

    weights: dict[str, torch.Tensor]
    best_epoch: int
    history: pd.DataFrame


@dataclass(frozen=True)
class Trainer:
    """A network with what it learns from and how."""

    network: nn.Module
    slices: OutlinedSlices
    inputs: InputSpec
    settings: SegmenterSettings
    compute: Compute


def train_segmenter(
    slices: OutlinedSlices, spec: SegmenterSpec, *, settings: SegmenterSettings, compute: Compute
) -> TrainedSegmenter:
    """Trains a network of ``spec`` on the fit rows.

    Raises:
        CohortError: if there are no slices to learn from or to validate on.
        ParameterError: if the loss stops being a number.
    """
    if len(slices.fit) < 2 or (settings.keep == "best_validation" and len(slices.validation) == 0):
        msg = (
            f"{len(slices.fit)} outlined slices to learn from and {len(slices.validation)} to validate on; "
            "outline more patients, or enlarge their part of the segmentation split"
        )
        raise CohortError(msg)
    with reproducible(settings.seed, threads=settings.threads, device=compute.device):
        network = compute.move(build_segmenter(spec, seed=settings.seed)).train()
        trained = _epochs(Trainer(network, slices, spec.inputs(), settings, compute))
    heap.release()
    return trained


def segmentation_loss(logits: torch.Tensor, targets: torch.Tensor, *, kind: str) -> torch.Tensor:
    """Mean pixel-wise cross-entropy, and for ``bce_dice`` plus one minus the soft Dice over the whole batch.

    Args:
        logits: float (b, s, s).
        targets: float (b, s, s), 0 or 1.
        kind: ``bce`` or ``bce_dice``.
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets)
    if kind == "bce_dice":
        probability = logits.sigmoid()
        overlap = 2.0 * (probability * targets).sum() + 1.0  # one pixel each: an empty batch has Dice near 1, not 0/0
        loss = loss + 1.0 - overlap / (probability.sum() + targets.sum() + 1.0)
    return loss


def patient_dice(
    intersection: np.ndarray, predicted: np.ndarray, outlined: np.ndarray, *, patients: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Dice of each patient over all of the patient's slices: sorted keys and values, nan where nothing is anywhere."""
    keys, overlap = per_patient_sum(intersection, patients)
    return keys, dice(overlap, per_patient_sum(predicted, patients)[1], per_patient_sum(outlined, patients)[1])


def _epochs(trainer: Trainer) -> TrainedSegmenter:
    settings = trainer.settings
    n_steps = len(_batches(trainer, epoch_generator(settings.seed, 1)))
    optimiser = build_optimiser(trainer.network, settings.optimiser)
    rate = LearningRate(optimiser, settings.optimiser, steps_per_epoch=n_steps, epochs=settings.epochs)
    course = Course(trainer.network, optimiser, rate, settings.epochs, trainer.compute)
    course.take_up()
    for epoch in range(course.finished + 1, settings.epochs + 1):
        started = time.monotonic()
        row = {"epoch": epoch, **_train_epoch(trainer, optimiser, rate=rate, epoch=epoch)}
        row["validation_dice"] = _validation_dice(trainer)
        course.judge(row["validation_dice"] if np.isfinite(row["validation_dice"]) else 0.0, keep=settings.keep)
        row["learning_rate"], row["seconds"] = optimiser.param_groups[0]["lr"], time.monotonic() - started
        course.end_epoch(row)
    return TrainedSegmenter(course.best.weights, course.best.epoch, pd.DataFrame(rows_of(course.history, _COLUMNS)))


def _batches(trainer: Trainer, rng: np.random.Generator) -> list[np.ndarray]:
    """The rows of each step: all slices with an outline, and a fresh share of those without."""
    outlined = trainer.slices.truth[trainer.slices.fit].any(axis=(1, 2))
    full, empty = trainer.slices.fit[outlined], trainer.slices.fit[~outlined]
    drawn = rng.permutation(empty)[: round(len(empty) * trainer.settings.empty_slice_share)]
    rows = np.concatenate([full, np.sort(drawn)])
    return [rows[batch] for batch in shuffled_batches(len(rows), trainer.settings.batch_size, rng)]


def _train_epoch(
    trainer: Trainer, optimiser: torch.optim.Optimizer, *, rate: LearningRate, epoch: int
) -> dict[str, float]:
    settings = trainer.settings
    rng = epoch_generator(settings.seed, epoch)
    augment = Augmentation(settings.augmentation, rng)
    batches = _batches(trainer, rng)
    done = (epoch - 1) * len(batches)
    sums = torch.zeros(3, device=trainer.compute.device)
    bound = heap.Bound()
    for index, rows in enumerate(batches):
        rate.before_step(done + index)
        loss, overlap, total = train_step(trainer, rows, augment=augment, optimiser=optimiser)
        sums += torch.stack([loss / len(batches), overlap, total])
        bound.after_step()
        reporter.current().progress(done + index + 1, len(batches) * settings.epochs)
    loss_mean, overlap_sum, total_sum = sums.tolist()
    if not np.isfinite(loss_mean):
        msg = f"the training loss of epoch {epoch} is {loss_mean}: it diverged. Lower optimiser.learning_rate"
        raise ParameterError(msg)
    return {"train_loss": loss_mean, "train_dice": float(dice(overlap_sum * np.ones(1), total_sum, 0)[0])}


def train_step(
    trainer: Trainer, rows: np.ndarray, *, augment: Augmentation, optimiser: torch.optim.Optimizer
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Moves the network once, by the gradient of the rows' loss; does not wait for the device.

    Returns:
        scalars on the device: the loss; the pixels predicted and outlined; the sum of both areas.
    """
    slices, settings, network = trainer.slices, trainer.settings, trainer.network
    at = torch.from_numpy(rows).to(slices.images.device, non_blocking=True)
    images, targets = augment(slices.images[at].float() / 255.0, slices.targets[at].float())
    with trainer.compute.autocast():
        logits = network(normalise(images, trainer.inputs))[:, 0].float()
    loss = segmentation_loss(logits, targets, kind=settings.loss)
    loss.backward()
    clip_gradients(network.parameters(), settings.optimiser)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    predicted = (logits.detach() >= 0).float()
    return loss.detach(), (predicted * targets).sum(), predicted.sum() + targets.sum()


def _validation_dice(trainer: Trainer) -> float:
    """Mean over the validation patients of the Dice over each one's slices, at full size, specks not removed."""
    slices, rows = trainer.slices, trainer.slices.validation
    if len(rows) == 0:
        return float("nan")
    trainer.network.eval()
    counts, patients = [], []
    for same_square, square in by_square(rows, slices.squares):
        for block in blocks(len(same_square), trainer.settings.batch_size):
            chosen = same_square[block]
            at = torch.from_numpy(chosen).to(slices.images.device)
            size = (square.side, square.side)
            full = mask_probabilities(trainer.network, slices.images[at], spec=trainer.inputs, size=size)
            predicted, truth = (full >= trainer.settings.threshold).cpu().numpy(), slices.truth[chosen]
            overlap = predicted & truth[:, *square.window]
            counts.append(np.stack([overlap.sum((1, 2)), predicted.sum((1, 2)), truth.sum((1, 2))]))
            patients.append(slices.patients[chosen])
    trainer.network.train()
    overlap_px, predicted_px, outlined_px = np.concatenate(counts, axis=1)
    _, values = patient_dice(overlap_px, predicted_px, outlined_px, patients=np.concatenate(patients))
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
