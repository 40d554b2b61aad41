"""The hash by which the same pixels under two patients are found."""

import numpy as np
import pytest

from npc_kedro.dicom.decoding import _fingerprint


def _image(side: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 4_000, (side, side), dtype=np.uint16)


@pytest.mark.parametrize("side", [4, 31, 96])
def test_any_changed_pixel_gives_another_hash(side: int) -> None:
    """Of an image in sixteen equal parts, of one with pixels left over, and of one too small for that."""
    image, rng = _image(side), np.random.default_rng(2)
    known = _fingerprint(image)
    for row, column in rng.integers(0, side, (200, 2)):
        changed = image.copy()
        changed[row, column] += 1
        assert _fingerprint(changed) != known


def test_a_shape_that_moves_by_parts_of_the_image_gives_another_hash() -> None:
    hashes = set()
    for part in range(16):
        image = np.zeros((96, 96), dtype=np.uint16)
        image[6 * part + 2 : 6 * part + 4, 20:40] = 1_000
        hashes.add(_fingerprint(image))
    assert len(hashes) == 16


def test_levels_that_are_multiples_do_not_make_up_for_places() -> None:
    """A block of 2,000 in one part is not two blocks of 1,000 in others."""
    hashes = set()
    for levels in np.ndindex(4, 4, 4, 4):
        image = np.repeat(1_000 * np.array(levels, dtype=np.uint16), 4 * 16).reshape(16, 16)
        hashes.add(_fingerprint(image))
    assert len(hashes) == 4**4


def test_the_depth_of_the_file_does_not_matter() -> None:
    image = _image(96)
    assert len({_fingerprint(image.astype(kind)) for kind in (np.uint16, np.int16, np.int32, np.uint32)}) == 1
    beyond = image.astype(np.int64) * 1_000
    assert len({_fingerprint(beyond.astype(kind)) for kind in (np.int64, np.int32, np.uint32)}) == 1


def test_how_an_image_lies_in_memory_does_not_matter() -> None:
    image = _image(96)
    assert _fingerprint(np.ascontiguousarray(image.T).T) == _fingerprint(image) != _fingerprint(image.T)
