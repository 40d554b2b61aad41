"""Flips and shifts move images and masks together."""

import numpy as np
import torch

from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.settings import AugmentationSettings


def augment(images, masks=None, seed=0, **settings):
    return Augmentation(AugmentationSettings(**settings), np.random.default_rng(seed))(images, masks)


def test_nothing_asked_for_changes_nothing():
    images = torch.rand(3, 8, 8)
    out, masks = augment(images)
    assert torch.equal(out, images)
    assert masks is None


def test_a_certain_flip_mirrors_left_and_right():
    images = torch.rand(3, 8, 8)
    masks = (images > 0.5).float()
    out, moved = augment(images, masks, horizontal_flip=1.0)
    torch.testing.assert_close(out, images.flip(-1), atol=1e-5, rtol=0)
    assert torch.equal(moved, masks.flip(-1))


def test_half_the_images_flip():
    images = torch.rand(400, 4, 4)
    out, _ = augment(images, horizontal_flip=0.5)
    flipped = (out - images).abs().amax((1, 2)) > 1e-4
    assert 160 < flipped.sum() < 240


def test_masks_move_with_their_images_and_stay_binary():
    images = torch.zeros(20, 32, 32)
    images[:, 12:20, 12:20] = 1.0
    out, masks = augment(images, images.clone(), shift=0.2, scale=0.2, rotation_degrees=20, gain=0.0)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert torch.equal((out >= 0.5).float(), masks)
    assert len({tuple(mask.nonzero().float().mean(0).tolist()) for mask in masks}) > 10


def test_gain_stays_within_its_bound():
    out, _ = augment(torch.full((200, 2, 2), 0.5), gain=0.1)
    assert 0.449 < out.min() < 0.46
    assert 0.54 < out.max() < 0.551


def test_the_same_draw_gives_the_same_images():
    images = torch.rand(5, 8, 8)
    first, _ = augment(images, seed=3, horizontal_flip=0.5, shift=0.1, gain=0.1)
    second, _ = augment(images, seed=3, horizontal_flip=0.5, shift=0.1, gain=0.1)
    assert torch.equal(first, second)
