"""A training that was cut short, or killed, ends with the bytes of one that was not."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from npc_kedro import reporter
from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.networks.segmenters import SegmenterSpec
from npc_kedro.training.body import whole
from npc_kedro.training.classification_loop import train_classifier
from npc_kedro.training.device import Compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.outlined_slices import OutlinedSlices
from npc_kedro.training.progress import PositionFiles, kept_by
from npc_kedro.training.segmentation_loop import train_segmenter
from npc_kedro.training.settings import ClassifierSettings, SegmenterSettings

CPU = Compute(torch.device("cpu"), "fp32")
SGD = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-4}
EPOCHS = 4


def classify(compute=CPU, **changes):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(12) % 2, 3)
    base = {
        "epochs": EPOCHS, "batch_size": 12, "keep": "best_validation", "seed": 5, "device": "cpu", "precision": "fp32",
        "threads": 1, "optimiser": {**SGD, "schedule": "one_cycle"}, "max_slices_per_pass": 16,
        "augmentation": {"horizontal_flip": 0.5, "shift": 0.1}, "patient_method": "mean_probability_bags",
        "head_ridge": 1.0,
    }  # fmt: skip
    examples = Examples.from_arrays(
        rng.integers(0, 255, (36, 32, 32)).astype(np.uint8), labels=labels,
        patients=np.repeat([f"{i:016x}" for i in range(12)], 3), is_fit=np.repeat(np.arange(12) < 8, 3),
        image_size=32, device=CPU.device,
    )  # fmt: skip
    spec = ClassifierSpec("test_resnet", "r160_in1k", 32)
    return train_classifier(
        examples, spec, settings=ClassifierSettings(**{**base, **changes}), by_patient=True, compute=compute
    )


def segment(**changes):
    rng = np.random.default_rng(1)
    truth = np.zeros((12, 32, 32), bool)
    truth[::2, 8:20, 8:20] = True
    base = {
        "epochs": EPOCHS, "batch_size": 4, "keep": "best_validation", "seed": 5, "device": "cpu", "precision": "fp32",
        "threads": 1, "optimiser": {**SGD, "name": "rmsprop", "learning_rate": 0.001, "schedule": "one_cycle"},
        "augmentation": {"horizontal_flip": 0.5}, "loss": "bce_dice", "empty_slice_share": 0.5,
        "threshold": 0.5,
    }  # fmt: skip
    slices = OutlinedSlices.from_arrays(
        (rng.integers(0, 80, truth.shape) + 120 * truth).astype(np.uint8), truth,
        patients=np.repeat([f"{i:016x}" for i in range(6)], 2), parts=np.repeat(["train", "validation"], [8, 4]),
        squares=[whole((32, 32))] * 12, image_size=32, device=CPU.device,
    )  # fmt: skip
    decoder = {
        "encoder_depth": 3, "encoder_output_stride": 8, "decoder_channels": 16, "decoder_atrous_rates": (1, 2, 3),
        "decoder_aspp_dropout": 0.5,
    }  # fmt: skip
    spec = SegmenterSpec(name="deeplabv3", encoder="resnet18", image_size=32, decoder=decoder, weights="none")
    return train_segmenter(slices, spec, settings=SegmenterSettings(**{**base, **changes}), compute=CPU)


class FailsAfter:
    """A store of metrics that takes so many epochs and no more."""

    run_id = ""

    def __init__(self, epochs):
        self.left, self.steps = epochs, []

    def metrics(self, values, *, step):
        if self.left == 0:
            raise ConnectionError("the store is down")
        self.left -= 1
        self.steps.append(step)

    def progress(self, done, total):
        pass


def same(first, second) -> bool:
    histories = [trained.history.drop(columns="seconds") for trained in (first, second)]
    pd.testing.assert_frame_equal(*histories, check_exact=True)
    assert first.best_epoch == second.best_epoch
    assert set(first.weights) == set(second.weights)
    return all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


PLATEAU = {"optimiser": {**SGD, "schedule": "plateau", "plateau_patience": 0}}


@pytest.mark.parametrize("finished", [1, 2, EPOCHS])
@pytest.mark.parametrize(
    ("train", "changes"),
    [(classify, {}), (classify, {**PLATEAU, "keep": "last"}), (segment, {})],
    ids=["classifier", "plateau", "segmenter"],
)
def test_a_training_cut_short_ends_as_one_that_was_not(tmp_path, train, changes, finished):
    whole_one = train(**changes)
    keeper = PositionFiles(tmp_path / "t", key="k")
    with pytest.raises(ConnectionError), kept_by(keeper), reporter.listening(FailsAfter(finished - 1)):
        train(**changes)
    random.seed(99)
    torch.manual_seed(99)  # whatever happened in between
    listener = FailsAfter(100)
    with kept_by(PositionFiles(tmp_path / "t", key="k")), reporter.listening(listener):
        resumed = train(**changes)
    assert same(whole_one, resumed)
    assert listener.steps == list(range(1, EPOCHS + 1))  # the new run of MLflow has all epochs
    if train is classify:
        np.testing.assert_array_equal(whole_one.validation, resumed.validation)


def test_only_what_is_left_is_trained(tmp_path):
    keeper = PositionFiles(tmp_path / "t", key="k")
    with pytest.raises(ConnectionError), kept_by(keeper), reporter.listening(FailsAfter(2)):
        classify()
    seen = []

    class Counts(FailsAfter):
        def progress(self, done, total):
            seen.append(done / total)

    with kept_by(PositionFiles(tmp_path / "t", key="k")), reporter.listening(Counts(100)):
        classify()
    assert min(seen) > 3 / EPOCHS  # three epochs had been finished


@pytest.mark.parametrize("finished", [2, EPOCHS])
def test_a_training_begun_in_another_precision_begins_anew_and_says_so(tmp_path, caplog, finished):
    """Where ``auto`` decides otherwise than before: half of the epochs in each would be the result of neither."""
    keeper = PositionFiles(tmp_path / "t", key="k")
    with pytest.raises(ConnectionError), kept_by(keeper), reporter.listening(FailsAfter(finished - 1)):
        classify(Compute(torch.device("cpu"), "bf16"))
    with caplog.at_level("INFO"), kept_by(PositionFiles(tmp_path / "t", key="k")):
        resumed = classify()
    assert f"the position after epoch {finished} was computed in bf16 on cpu, this training" in caplog.text
    assert same(classify(), resumed)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_resume as t
from npc_kedro.training.progress import PositionFiles, kept_by
import torch
with kept_by(PositionFiles(Path({folder!r}), key="k")):
    trained = t.classify(epochs=12)
torch.save((trained.weights, trained.history.drop(columns="seconds"), trained.validation), {out!r})
"""


def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path):
    whole_one = classify(epochs=12)
    out, folder = tmp_path / "out.pt", tmp_path / "t"
    script = KILLED.format(tests=str(Path(__file__).parent), folder=str(folder), out=str(out))
    rng, kills = random.Random(3), 0
    for _ in range(20):
        child = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"OMP_NUM_THREADS": "1"})
        before = _noted(folder)
        while child.poll() is None and _noted(folder) == before and not out.exists():
            time.sleep(0.005)  # until it has got further than the one before
        if kills < 2:
            time.sleep(rng.random() * 0.1)
            child.send_signal(signal.SIGKILL)
        if child.wait(timeout=120) == 0:
            break
        kills += 1
    assert kills == 2
    weights, history, validation = torch.load(out, weights_only=False)
    assert all(torch.equal(weights[name], whole_one.weights[name]) for name in whole_one.weights)
    pd.testing.assert_frame_equal(history, whole_one.history.drop(columns="seconds"), check_exact=True)
    np.testing.assert_array_equal(validation, whole_one.validation)


def _noted(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for path in folder.glob("*.json"):
        with contextlib.suppress(FileNotFoundError):  # a note goes before the next one is written
            found.add((path.name, path.stat().st_mtime_ns))
    return found
