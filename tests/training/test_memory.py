"""What a training will need, worked out by hand for networks and bags that are small enough for it."""

from dataclasses import dataclass

import pytest
from torch import nn

from npc_kedro.networks.classifiers import ClassifierSpec
from npc_kedro.networks.segmenters import SegmenterSpec
from npc_kedro.training.memory import classifier_need, images_together, profile_of, segmenter_need
from npc_kedro.training.settings import ClassifierSettings

SPEC = ClassifierSpec("test_resnet", "r160_in1k", 32)


@dataclass(frozen=True)
class Tiny:
    image_size: int = 8


def tiny() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 1)
    )


def settings(**changes) -> ClassifierSettings:
    base = {
        "epochs": 1, "batch_size": 12, "keep": "last", "seed": 5, "device": "cpu", "precision": "fp32", "threads": 1,
        "optimiser": {
            "name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.0, "schedule": "constant",
        },
        "max_slices_per_pass": 16, "patient_method": "mean_probability_bags",
    }  # fmt: skip
    return ClassifierSettings(**{**base, **changes})


@pytest.mark.parametrize(("bf16", "bytes_of_a_number"), [(False, 4), (True, 2)])
def test_what_a_backward_pass_needs(bf16, bytes_of_a_number):
    profile = profile_of(Tiny(), tiny, channels=3, bf16=bf16)
    assert profile.parameters == 4 * (4 * 27 + 4 + 4 + 4 + 256 + 1)
    # the image for the convolution, its result for batch norm, that of the ReLU for itself and the last layer
    assert profile.saved == bytes_of_a_number * (3 * 64 + 4 * 64 + 4 * 64)
    assert profile.largest == bytes_of_a_number * 4 * 64


@pytest.mark.parametrize(
    ("by_patient", "bag_sizes", "changes", "together"),
    [
        (False, [9] * 4, {}, 12),
        (True, [3] * 8, {}, 12),  # four bags of three
        (True, [1, 1, 1, 9], {}, 12),  # four bags a step on average: all of them
        (True, [1, 1, 9, 9], {}, 16),  # the two bags of a step may be the long ones; a pass takes 16
        (True, [30, 2], {"bags_per_step": 1}, 16),
        (True, [], {}, 12),
        (True, [30, 2], {"patient_method": "image_average"}, 12),
    ],
)
def test_how_many_images_are_in_the_network_together(by_patient, bag_sizes, changes, together):
    assert images_together(settings(**changes), by_patient=by_patient, bag_sizes=bag_sizes) == together


def test_need_grows_with_what_it_is_made_of():
    def need(n_bags=10, crop_size=32, spec=SPEC, **changes):
        return classifier_need(spec, settings(**changes), by_patient=False, bag_sizes=[4] * n_bags, crop_size=crop_size)

    assert need().images == 40 * 32 * 32
    assert need(n_bags=20).images == 2 * need().images
    assert need(crop_size=50).images == 40 * (32 * 32 + 50 * 50)
    assert need(head_ridge=1.0).images == 40 * (32 * 32 + 96 * 32)  # the head of test_resnet takes 96 features
    assert need(batch_size=24).activations == 2 * need().activations
    assert need(batch_size=24).network == need().network
    larger = need(spec=ClassifierSpec("test_resnet", "r160_in1k", 64))
    assert larger.activations == pytest.approx(4 * need().activations, rel=0.01)
    two = need(processes=2)
    assert (two.images, two.activations) == (2 * need().images, need().activations)
    assert two.network > 2 * need().network
    assert need().total == need().images + need().network + need().activations


def test_a_segmenter_has_slices_and_outlines_in_two_sizes():
    spec = SegmenterSpec("unet", "resnet18", 64)
    need = segmenter_need(spec, batch_size=4, n_slices=10, matrix=160)
    assert need.images == 2 * 10 * (160**2 + 64**2)
    assert segmenter_need(spec, batch_size=8, n_slices=10, matrix=160).activations == 2 * need.activations
