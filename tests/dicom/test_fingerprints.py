"""The hash by which the same pixels under two patients are found."""

import numpy as np
import pytest

from npc_kedro.dicom.decoding import _fingerprint, _folded
from npc_kedro.imaging.resample import resample

LARGE = 96
"""Side of a file's image."""


def _of(image: np.ndarray, side: int) -> str:
    return _fingerprint(image, resample(image, (side, side)))


def _image(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4_000, (LARGE, LARGE), dtype=np.uint16)


@pytest.mark.parametrize("side", [30, 32, 96, 128])
def test_any_changed_pixel_gives_another_hash(side: int) -> None:
    """Downsampled by a third (with rows left over and without), as it is, and upsampled."""
    image, rng = _image(), np.random.default_rng(2)
    known = _of(image, side)
    for row, column in rng.integers(0, LARGE, (200, 2)):
        changed = image.copy()
        changed[row, column] += 1
        assert _of(changed, side) != known


@pytest.mark.parametrize("side", [30, 32])
def test_a_shape_that_moves_by_a_quarter_of_the_image_gives_another_hash(side: int) -> None:
    hashes = set()
    for quarter in range(4):
        image = np.zeros((LARGE, LARGE), dtype=np.uint16)
        start = quarter * LARGE // 4
        image[start + 3 : start + 15, 20:40] = 1_000
        hashes.add(_of(image, side))
    assert len(hashes) == 4


def test_levels_that_are_multiples_do_not_make_up_for_places() -> None:
    """A block of 2,000 in one quarter is not two blocks of 1,000 in others."""
    squares = []
    for levels in np.ndindex(4, 4, 4, 4):
        square = np.zeros((32, 32), dtype=np.float32)
        for quarter, level in enumerate(levels):
            square[8 * quarter : 8 * quarter + 8] = 1_000 * level
        squares.append(_folded(square).tobytes())
    assert len(set(squares)) == 4**4


@pytest.mark.parametrize("side", [30, 96])
def test_the_depth_of_the_file_does_not_matter(side: int) -> None:
    image = _image()
    assert len({_of(image.astype(kind), side) for kind in (np.uint16, np.int16, np.int32, np.uint32)}) == 1
