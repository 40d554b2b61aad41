"""Trainings on bright and dark squares: they learn, repeat bit by bit, and keep the epoch they were told to keep."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from npc_kedro import reporter
from npc_kedro.errors import CohortError, ParameterError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.training.classification_loop import train_classifier
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.inference import predict
from npc_kedro.training.metrics import area_under_curve, cross_entropy, per_patient_mean
from npc_kedro.training.settings import ClassifierSettings

SPEC = ClassifierSpec("test_resnet", "r160_in1k", 32)
PLAIN = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant"}
CPU = Compute(torch.device("cpu"), "fp32")


def settings(**changes):
    base = {
        "epochs": 2, "batch_size": 12, "keep": "last", "seed": 5, "device": "cpu", "precision": "fp32", "threads": 1,
        "optimiser": {**PLAIN, "momentum": 0.9, "schedule": "one_cycle"},
        "augmentation": {"horizontal_flip": 0.5, "shift": 0.1},
        "max_slices_per_pass": 16, "patient_method": "mean_probability_bags",
    }  # fmt: skip
    return ClassifierSettings(**{**base, **changes})


def cohort(n_patients=16, slices=3, size=36):
    """Noise; in patients with residual tumour a bright square."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(n_patients) % 2, slices)
    pixels = rng.integers(60, 140, (len(labels), size, size))
    pixels[labels == 1, 10:26, 10:26] += 110
    patients = np.repeat([f"{i:016x}" for i in range(n_patients)], slices)
    is_fit = np.repeat(np.arange(n_patients) < n_patients - 4, slices)
    return pixels.astype(np.uint8), labels, patients, is_fit


def examples(**size):
    pixels, labels, patients, is_fit = cohort(**size)
    return Examples.from_arrays(
        pixels, labels=labels, patients=patients, is_fit=is_fit, image_size=32, device=CPU.device
    )


def train(by_patient=False, spec=SPEC, data=None, **changes):
    data = data or examples()
    return train_classifier(data, spec, settings=settings(**changes), by_patient=by_patient, compute=CPU)


@pytest.mark.parametrize("by_patient", [False, True])
def test_it_learns(by_patient):
    trained = train(by_patient, epochs=6)
    data = examples()
    labels, patients = data.labels[data.validation], data.patients[data.validation]
    _, truth = per_patient_mean(labels, patients)
    _, probabilities = per_patient_mean(trained.validation, patients)
    assert area_under_curve(truth, probabilities) == 1.0
    assert trained.history["train_loss"].iloc[-1] < 0.5 * np.log(2)


@pytest.mark.parametrize("by_patient", [False, True])
def test_two_trainings_with_one_seed_are_bit_identical(by_patient):
    first, second = train(by_patient), train(by_patient)
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    np.testing.assert_array_equal(first.validation, second.validation)
    other = train(by_patient, seed=6)
    assert not torch.equal(first.weights["conv1.0.weight"], other.weights["conv1.0.weight"])


def test_the_unit_decides_what_is_learnt_and_averaging_is_the_unit_image():
    image, bags = train(False), train(True)
    average = train(True, patient_method="image_average")
    assert torch.equal(image.weights["fc.weight"], average.weights["fc.weight"])
    assert not torch.equal(image.weights["fc.weight"], bags.weights["fc.weight"])


def test_a_stack_of_slices_gives_a_patient_one_probability():
    spec = ClassifierSpec("test_resnet", "r160_in1k", 32, channels=2)
    trained = train(True, spec=spec, patient_method="channel_stack", stacked_slices=2, epochs=1)
    assert trained.weights["conv1.0.weight"].shape[1] == 2
    assert all(len(set(trained.validation[start : start + 3])) == 1 for start in range(0, 12, 3))
    pixels, _, patients, _ = cohort()
    about = {
        "architecture": "test_resnet", "image_size": 32, "patient_method": "channel_stack",
        "mean": spec.inputs().mean, "std": spec.inputs().std,
    }  # fmt: skip
    checkpoint, rows = Checkpoint(trained.weights, about), np.arange(36, 48)
    predicted = predict(checkpoint, pixels, rows, device="cpu", patients=patients[rows])
    np.testing.assert_allclose(predicted, trained.validation, atol=1e-6)
    with pytest.raises(ParameterError, match="pass `patients`"):
        predict(checkpoint, pixels, rows, device="cpu")


def test_the_best_validation_epoch_is_kept():
    best = train(epochs=4, keep="best_validation", optimiser=PLAIN)
    assert best.best_epoch == best.history["validation_loss"].idxmin() + 1
    data = examples()
    kept_loss = cross_entropy(data.labels[data.validation], best.validation)
    assert kept_loss == pytest.approx(best.history["validation_loss"].min())
    assert train(epochs=4, optimiser=PLAIN).best_epoch == 4


def test_history_and_reports():
    heard, progress = [], []

    class Listener:
        def metrics(self, values, *, step):
            heard.append((step, set(values)))

        def progress(self, done, total):
            progress.append((done, total))

    with reporter.listening(Listener()):
        trained = train(True, epochs=2)
    columns = [
        "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "validation_auc",
        "learning_rate", "seconds",
    ]  # fmt: skip
    assert list(trained.history.columns) == columns
    assert heard == [(1, set(columns[1:])), (2, set(columns[1:]))]
    # 12 fit patients of 3 slices; 12 images a step make 4 bags, so 3 steps an epoch
    assert progress == [(step, 6) for step in range(1, 7)]


def test_predictions_are_those_of_the_validation():
    trained = train(True)
    pixels, _, _, is_fit = cohort()
    about = {"architecture": "test_resnet", "image_size": 32, "mean": SPEC.inputs().mean, "std": SPEC.inputs().std}
    predicted = predict(Checkpoint(trained.weights, about), pixels, np.flatnonzero(~is_fit), device="cpu", batch_size=5)
    assert predicted.dtype == np.float64
    np.testing.assert_allclose(predicted, trained.validation, atol=1e-6)


def test_classes_weigh_the_same_when_balanced():
    pixels, labels, patients, is_fit = cohort()
    rare = (labels == 0) | (np.arange(len(labels)) < 12)
    data = Examples.from_arrays(
        pixels[rare], labels=labels[rare], patients=patients[rare], is_fit=is_fit[rare] | (labels[rare] == 1),
        image_size=32, device=CPU.device,
    )  # fmt: skip
    from npc_kedro.training.learners import BagLearner

    plain = BagLearner(data, settings(), inputs=SPEC.inputs(), compute=CPU)
    balanced = BagLearner(data, settings(class_weights="balanced"), inputs=SPEC.inputs(), compute=CPU)
    # fit patients: 2 with residual tumour, 6 without
    assert plain.log_odds == pytest.approx(np.log(2 / 6))
    assert balanced.log_odds == pytest.approx(0.0, abs=1e-6)


def test_fresh_norms_change_the_validation_and_nothing_that_is_learnt():
    stale, fresh = train(epochs=1), train(epochs=1, norm_images=20)
    assert torch.equal(stale.weights["fc.weight"], fresh.weights["fc.weight"])
    assert not torch.equal(stale.weights["conv1.1.running_var"], fresh.weights["conv1.1.running_var"])
    assert fresh.weights["conv1.1.num_batches_tracked"] == 2  # 20 images in even batches of at most 12


@pytest.mark.parametrize(
    ("by_patient", "changes"),
    [(False, {}), (True, {}), (True, {"patient_method": "channel_stack", "stacked_slices": 2})],
)
def test_a_fitted_head_starts_ahead(by_patient, changes):
    spec = replace(SPEC, channels=2) if changes else SPEC
    still = {"optimiser": {**PLAIN, "learning_rate": 1e-9}, "epochs": 1, "augmentation": {}, **changes}
    plain, fitted = (
        train(by_patient, spec=spec, **still, **extra)
        for extra in ({"norm_images": 36}, {"norm_images": 36, "head_ridge": 1.0})
    )
    assert fitted.history["train_loss"].item() < 0.7 * plain.history["train_loss"].item()


def test_divergence_and_emptiness_end_with_a_remedy():
    wild = {"name": "sgd", "learning_rate": 1e30, "momentum": 0.9, "weight_decay": 0.0, "schedule": "constant"}
    with pytest.raises(ParameterError, match=r"diverged.*Lower optimiser.learning_rate"):
        train(optimiser=wild)
    nobody = Examples.from_arrays(
        np.zeros((4, 36, 36), np.uint8), labels=np.array([0, 1, 0, 1]), patients=np.array(list("aabb")),
        is_fit=np.ones(4, bool), image_size=32, device=CPU.device,
    )  # fmt: skip
    with pytest.raises(CohortError, match="no inner validation patients"):
        train(data=nobody, keep="best_validation")
