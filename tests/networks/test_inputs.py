"""What the network sees of a grey 8-bit image, worked by hand."""

import numpy as np
import pytest
import torch

from npc_kedro.networks.inputs import InputSpec, normalise, resize_grey


def test_grey_is_repeated_and_normalised_channel_by_channel():
    images = torch.tensor([[[0.0, 1.0], [0.5, 0.25]]])
    out = normalise(images, InputSpec(2, (0.5, 0.0, 0.25), (0.5, 1.0, 0.25)))
    assert out.shape == (1, 3, 2, 2)
    assert out[0, 0].tolist() == [[-1.0, 1.0], [0.0, -0.5]]
    assert out[0, 1].tolist() == [[0.0, 1.0], [0.5, 0.25]]
    assert out[0, 2].tolist() == [[-1.0, 3.0], [1.0, 0.0]]
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_stacked_slices_keep_their_channels():
    images = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)], dim=1)
    out = normalise(images, InputSpec(2, (0.5, 0.5), (0.5, 0.5)))
    assert out[0, 0].unique().item() == -1.0
    assert out[0, 1].unique().item() == 1.0


def test_resizing_keeps_constants_and_blocks():
    flat = torch.full((3, 7, 9), 200, dtype=torch.uint8)
    assert torch.equal(resize_grey(flat, 5), torch.full((3, 5, 5), 200, dtype=torch.uint8))
    many = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (300, 8, 8), dtype=np.uint8))
    assert torch.equal(resize_grey(many, 4)[270:], resize_grey(many[270:], 4))
    assert torch.equal(resize_grey(many, 8), many)


def test_colour_statistics_stay_as_they_are_for_three_channels():
    spec = InputSpec.spread_over(3, image_size=4, mean=[0.1, 0.2, 0.3], std=[1, 2, 3])
    assert (spec.mean, spec.std) == ((0.1, 0.2, 0.3), (1, 2, 3))
    assert InputSpec.spread_over(2, image_size=4, mean=[0.1, 0.2, 0.3], std=[1, 2, 3]).mean == pytest.approx((0.2, 0.2))
