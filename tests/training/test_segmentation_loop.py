"""Segmenters learn bright discs, repeat bit by bit, and keep the epoch they were told to keep."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from npc_kedro.errors import CohortError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.segmenters import SegmenterSpec
from npc_kedro.training.body import Square
from npc_kedro.training.device import Compute
from npc_kedro.training.mask_inference import MaskPredictor
from npc_kedro.training.outlined_slices import OutlinedSlices, resize_mask
from npc_kedro.training.segmentation_loop import patient_dice, segmentation_loss, train_segmenter
from npc_kedro.training.settings import SegmenterSettings

SQUARE = Square(2, 3, 36)
CPU = Compute(torch.device("cpu"), "fp32")
SPEC = SegmenterSpec("unet", "resnet18", 32, {"encoder_depth": 3, "decoder_channels": [32, 16, 8]})


def settings(**changes):
    base = {
        "epochs": 2, "batch_size": 8, "keep": "best_validation", "seed": 3, "device": "cpu", "precision": "fp32",
        "threads": 1, "loss": "bce_dice", "empty_slice_share": 0.5, "threshold": 0.5,
        "optimiser": {"name": "rmsprop", "learning_rate": 0.001, "momentum": 0.0, "weight_decay": 0.0,
                      "schedule": "constant"},
    }  # fmt: skip
    return SegmenterSettings(**{**base, **changes})


def slices(n_patients=6):
    """Four slices a patient, of 40 px; a bright disc in the first three."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:40, :40]
    pixels = rng.integers(0, 90, (4 * n_patients, 40, 40)).astype(np.uint8)
    truth = np.zeros(pixels.shape, bool)
    for row in range(len(pixels)):
        if row % 4 < 3:
            cy, cx = rng.uniform(12, 28, 2)
            truth[row] = (y - cy) ** 2 + (x - cx) ** 2 < 49
    pixels[truth] += 150
    patients = np.repeat([f"{i:016x}" for i in range(n_patients)], 4)
    parts = np.repeat(["validation" if i >= n_patients - 2 else "train" for i in range(n_patients)], 4)
    return OutlinedSlices.from_arrays(
        pixels, truth, patients=patients, parts=parts, squares=[SQUARE] * len(pixels), image_size=32, device=CPU.device
    ), pixels  # fmt: skip


def test_it_learns_and_its_masks_fit_the_full_sized_slices():
    data, pixels = slices()
    trained = train_segmenter(data, SPEC, settings=settings(epochs=8), compute=CPU)
    assert list(trained.history.columns) == [
        "epoch", "train_loss", "train_dice", "validation_dice", "learning_rate", "seconds",
    ]  # fmt: skip
    assert trained.history["validation_dice"].max() > 0.8
    assert trained.best_epoch == trained.history["validation_dice"].idxmax() + 1
    about = {
        "architecture": "unet", "encoder": "resnet18", "decoder": dict(SPEC.decoder), "image_size": 32,
        "mean": SPEC.inputs().mean, "std": SPEC.inputs().std,
    }  # fmt: skip
    predicted = (
        MaskPredictor(Checkpoint(trained.weights, about), device="cpu").probabilities(pixels[20:23], SQUARE) >= 0.5
    )
    truth = data.truth[20:23]
    assert predicted.shape == truth.shape
    assert 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()) > 0.75


def test_two_trainings_with_one_seed_are_bit_identical():
    data, _ = slices()
    first, second = (train_segmenter(data, SPEC, settings=settings(), compute=CPU) for _ in range(2))
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


def test_the_last_epoch_is_kept_where_that_is_asked_for():
    data, _ = slices()
    assert train_segmenter(data, SPEC, settings=settings(keep="last"), compute=CPU).best_epoch == 2


def test_no_one_to_validate_on_is_refused():
    data, _ = slices()
    lonely = replace(data, validation=data.validation[:0])
    with pytest.raises(CohortError, match="0 to validate on"):
        train_segmenter(lonely, SPEC, settings=settings(), compute=CPU)


def test_loss_by_hand():
    logits = torch.zeros(1, 2, 2)
    targets = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    assert segmentation_loss(logits, targets, kind="bce").item() == pytest.approx(math.log(2))
    # p = 1/2 everywhere: overlap 1, sums 2 and 2; soft Dice (2 + 1) / (4 + 1)
    both = segmentation_loss(logits, targets, kind="bce_dice").item()
    assert both == pytest.approx(math.log(2) + 1 - 3 / 5)


def test_patient_dice_is_over_all_slices_of_the_patient():
    overlap, predicted, outlined = np.array([2, 1, 0]), np.array([4, 1, 0]), np.array([2, 3, 0])
    keys, values = patient_dice(overlap, predicted, outlined, patients=np.array(["a", "a", "b"]))
    assert keys.tolist() == ["a", "b"]
    assert values[0] == pytest.approx(2 * 3 / (5 + 5))
    assert math.isnan(values[1])


def test_outlines_shrink_by_area():
    mask = np.zeros((1, 4, 4), bool)
    mask[0, :2, :2] = True
    mask[0, 3, 3] = True  # a quarter of a coarse pixel
    assert resize_mask(mask, 2, device=CPU.device).tolist() == [[[1, 0], [0, 0]]]
