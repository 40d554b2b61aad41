"""The square round the body."""

import numpy as np

from npc_kedro.training.body import Square, body_square, whole


def patient(rows, columns, side=100):
    rng = np.random.default_rng(0)
    slices = rng.integers(0, 12, (4, side, side)).astype(np.uint8)
    slices[:, rows, columns] = rng.integers(100, 200, slices[:, rows, columns].shape)
    return slices


def test_square_round_a_body_by_hand():
    # rows 30..69 and columns 40..59: the longer side is 40, plus a margin of 2 either way; centred on both
    assert body_square(patient(slice(30, 70), slice(40, 60))) == Square(28, 28, 44)


def test_the_square_stays_inside():
    square = body_square(patient(slice(0, 60), slice(70, 100)))
    assert square == Square(0, 36, 64)
    assert body_square(patient(slice(0, 100), slice(0, 100), side=100)) == Square(0, 0, 100)


def test_specks_of_noise_do_not_widen_it():
    slices = patient(slice(30, 70), slice(40, 60))
    slices[:, 5, 5] = 255
    assert body_square(slices) == Square(28, 28, 44)


def test_nothing_to_see_means_everything():
    assert body_square(np.zeros((2, 40, 40), np.uint8)) == whole((40, 40)) == Square(0, 0, 40)
    tiny = patient(slice(50, 52), slice(50, 52))
    assert body_square(tiny).side == 25
