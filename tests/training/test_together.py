"""Two processes that train one network together end as one process does; a killed one is started again."""

import numpy as np
import pytest
import torch

from killing import KillsOnce
from npc_kedro import reporter
from npc_kedro.errors import ParameterError
from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.training.classification_loop import train_classifier
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.progress import PositionFiles, kept_by
from npc_kedro.training.settings import ClassifierSettings
from npc_kedro.training.together import TogetherError, train_together

SPEC = ClassifierSpec("test_resnet", "r160_in1k", 32)
CPU = Compute(torch.device("cpu"), "fp32")
EPOCHS = 3
TOLERANCE = 1e-5
"""Of losses and probabilities, and of weights by their largest: fp32 rounds at 6e-8, and sums come in another order."""


def settings(**changes) -> ClassifierSettings:
    base = {
        "epochs": EPOCHS, "batch_size": 11, "keep": "best_validation", "seed": 5, "device": "cpu", "precision": "fp32",
        "threads": 1, "max_slices_per_pass": 16, "patient_method": "mean_probability_bags", "head_ridge": 1.0,
        "class_weights": "balanced", "augmentation": {"horizontal_flip": 0.5, "shift": 0.1},
        "optimiser": {
            "name": "sgd", "learning_rate": 0.003, "momentum": 0.9, "weight_decay": 1e-4, "schedule": "one_cycle",
        },
    }  # fmt: skip
    return ClassifierSettings(**{**base, **changes})


def arrays():
    """Bags of 1 to 21 slices: some share a pass, one does not fit into any."""
    sizes = [1, 3, 21, 2, 5, 3, 1, 4, 6, 3]
    patients = np.repeat([f"{i:016x}" for i in range(len(sizes))], sizes)
    labels = np.repeat(np.arange(len(sizes)) % 2, sizes)
    pixels = np.random.default_rng(0).integers(0, 160, (len(labels), 32, 32)) + 60 * labels[:, None, None]
    return {
        "pixels": pixels.astype(np.uint8), "labels": labels, "patients": patients,
        "is_fit": np.repeat(np.arange(len(sizes)) < 8, sizes), "image_size": 32,
    }  # fmt: skip


def alone(by_patient, **changes):
    examples = Examples.from_arrays(**arrays(), device=CPU.device)
    return train_classifier(examples, SPEC, settings=settings(**changes), by_patient=by_patient, compute=CPU)


def together(by_patient, **changes):
    told = settings(processes=2, **changes)
    return train_together(arrays(), SPEC, settings=told, by_patient=by_patient, compute=CPU)


def assert_alike(first, second):
    assert first.best_epoch == second.best_epoch
    columns = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_auc", "learning_rate"]
    np.testing.assert_allclose(first.history[columns], second.history[columns], atol=TOLERANCE)
    np.testing.assert_allclose(first.validation, second.validation, atol=TOLERANCE)
    for name, weights in first.weights.items():
        scale = max(1.0, float(weights.abs().max()))
        np.testing.assert_allclose(weights, second.weights[name], atol=TOLERANCE * scale, err_msg=name)


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    """Unit patient, and what its listener was told."""
    folder = tmp_path_factory.mktemp("by_two")
    with reporter.listening(KillsOnce(folder)):
        return together(True), folder


def test_bags_end_as_in_one_process(by_two):
    found, folder = by_two
    assert_alike(alone(True), found)
    assert (folder / "epochs").read_text() == "1 2 3 "  # one process reports, live
    steps = (folder / "progress").read_text().split()
    assert steps[-1] == f"{len(steps)}/{len(steps)}"


def test_slices_end_as_in_one_process():
    assert_alike(alone(False), together(False))


def test_a_killed_one_is_started_again_and_nothing_changes(tmp_path, by_two):
    whole, _ = by_two
    with reporter.listening(KillsOnce(tmp_path, epoch=2)), kept_by(PositionFiles(tmp_path / "t", key="k")):
        found = together(True)
    assert (tmp_path / "killed").exists()
    # After the second epoch is stored the first process dies; the next tells of both before it goes on.
    assert (tmp_path / "epochs").read_text() == "1 2 1 2 3 "
    assert all(torch.equal(whole.weights[name], found.weights[name]) for name in whole.weights)
    assert whole.history.drop(columns="seconds").equals(found.history.drop(columns="seconds"))


def test_those_that_always_die_end_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("npc_kedro.training.together._RESTARTS", 0)
    with (
        reporter.listening(KillsOnce(tmp_path, epoch=1)),
        pytest.raises(TogetherError, match=r"died 1 time.*smaller batch"),
    ):
        together(False)


def test_an_error_of_ours_comes_back_as_it_is():
    wild = {"name": "sgd", "learning_rate": 1e30, "momentum": 0.9, "weight_decay": 0.0, "schedule": "constant"}
    with pytest.raises(ParameterError, match=r"Lower optimiser\.learning_rate"):
        together(False, optimiser=wild)
