"""Outlined slices as pictures."""

import numpy as np

from npc_kedro.figures.outline_mosaic import outline_mosaic
from npc_kedro.study import SIMULATED_MARK

ORANGE, SKY = [0xE6, 0x9F, 0x00], [0x56, 0xB4, 0xE9]


def test_only_outlined_slices_are_shown_with_borders_inside_the_outlines() -> None:
    images = np.tile(np.arange(64, dtype=np.uint16), (5, 64, 1)) * 10
    labels = np.zeros((5, 64, 64), dtype=np.uint8)
    labels[1, 10:20, 30:40] = 1
    labels[3, 50:60, 5:9] = 2
    picture = outline_mosaic(images, labels)
    assert (picture.shape, picture.dtype) == ((128, 2 * 128, 3), np.uint8)
    primary = (picture[:, :128] == ORANGE).all(axis=2)
    node = (picture[:, 128:] == SKY).all(axis=2)
    for border, rows, columns in ((primary, (20, 40), (60, 80)), (node, (100, 120), (10, 18))):
        expected = np.zeros((128, 128), dtype=bool)
        expected[rows[0] : rows[1], columns[0] : columns[1]] = True
        expected[rows[0] + 1 : rows[1] - 1, columns[0] + 1 : columns[1] - 1] = False
        np.testing.assert_array_equal(border, expected)
    untouched = picture[0, :128]
    assert (untouched[:, 0] == untouched[:, 1]).all()
    assert untouched[0, 0] == 0
    assert untouched[-1, 0] == 255


def test_many_slices_are_thinned_evenly() -> None:
    labels = np.ones((100, 200, 200), dtype=np.uint8)
    picture = outline_mosaic(np.zeros((100, 200, 200), dtype=np.uint16), labels)
    assert picture.shape == (5 * 200, 5 * 200, 3)


def test_a_simulated_cohort_is_named_above_its_slices():
    images, labels = np.zeros((1, 200, 200), dtype=np.uint16), np.zeros((1, 200, 200), dtype=np.uint8)
    labels[0, 50:60, 50:60] = 1
    bare, marked = outline_mosaic(images, labels), outline_mosaic(images, labels, mark=SIMULATED_MARK)
    strip = len(marked) - len(bare)
    np.testing.assert_array_equal(marked[strip:], bare)
    assert marked[:strip].max() > 200
    assert (marked[:strip] > 60).any(axis=(0, 2)).sum() > 100  # as long as the words are
