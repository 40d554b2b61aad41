"""Grad-CAM lights up where the evidence is, worked by hand on a network of one stage."""

import numpy as np
import pytest
import torch
from torch import nn

from npc_kedro.networks import gradcam
from npc_kedro.networks.checkpoint import Checkpoint, weights_of
from npc_kedro.networks.classifiers import ClassifierSpec, build_classifier
from npc_kedro.networks.inputs import InputSpec


class OneStage(nn.Module):
    """Two feature maps, the image and its negative; the logit is their pooled sum weighted by 3 and 1."""

    feature_info = ({"module": "stage"},)

    def __init__(self):
        super().__init__()
        self.stage = nn.Conv2d(1, 2, 1, bias=False)
        self.stage.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)

    def forward(self, x):
        return (self.stage(x).mean((2, 3)) * torch.tensor([3.0, 1.0])).sum(1, keepdim=True)


def test_map_worked_by_hand(monkeypatch):
    monkeypatch.setattr(gradcam, "restore_classifier", lambda _: (OneStage(), InputSpec(4, (0.0,), (1.0,))))
    image = np.zeros((1, 4, 4), dtype=np.uint8)
    image[0, 0, 0], image[0, 3, 3] = 204, 51
    # gradient of the logit: 3/16 at the first map, 1/16 at the second; map = relu((3 - 1) / 16 * image), scaled to 1
    cam = gradcam.grad_cam(Checkpoint({}, {}), image)
    expected = np.zeros((1, 4, 4))
    expected[0, 0, 0], expected[0, 3, 3] = 1.0, 0.25
    np.testing.assert_allclose(cam, expected, atol=1e-6)
    assert not gradcam.grad_cam(Checkpoint({}, {}), np.zeros((2, 4, 4), dtype=np.uint8)).any()


@pytest.mark.parametrize(("architecture", "tag"), [("resnet50", "a1_in1k"), ("legacy_xception", "tf_in1k")])
def test_real_networks_give_maps_of_the_crops_size(architecture, tag):
    spec = ClassifierSpec(architecture, tag, 64)
    inputs = spec.inputs()
    about = {"architecture": architecture, "image_size": 64, "mean": inputs.mean, "std": inputs.std}
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 40), dtype=np.uint8)
    cam = gradcam.grad_cam(Checkpoint(weights_of(build_classifier(spec, seed=1)), about), images)
    assert cam.shape == (2, 40, 40)
    assert cam.dtype == np.float32
    assert cam.min() >= 0
    assert cam.max() <= 1
    alone = gradcam.grad_cam(Checkpoint(weights_of(build_classifier(spec, seed=1)), about), images[1:])
    np.testing.assert_allclose(alone, cam[1:], atol=1e-4)
