"""Small specks go, by area; pixels that touch at a corner belong together."""

import numpy as np

from npc_kedro.training.specks import remove_specks


def test_specks_go():
    mask = np.zeros((6, 6), bool)
    mask[0, 0] = mask[1, 1] = mask[2, 2] = True  # three, touching at corners
    mask[5, 4] = mask[5, 5] = True
    kept = remove_specks(mask, smallest_px=3)
    assert kept.sum() == 3
    assert not kept[5].any()
    assert np.array_equal(remove_specks(mask, smallest_px=0), mask)
    assert not remove_specks(mask, smallest_px=4).any()
