"""A folder of pictures in the catalog."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError

from npc_kedro.datasets.picture_folder import PictureFolderDataset


def test_pictures_come_back_and_old_ones_go(tmp_path: Path) -> None:
    dataset = PictureFolderDataset(filepath=str(tmp_path / "pictures"))
    assert not dataset.exists()
    first = {"a1": np.arange(60, dtype=np.uint8).reshape(4, 5, 3), "b2": np.zeros((2, 2, 3), dtype=np.uint8)}
    dataset.save(first)
    np.testing.assert_array_equal(dataset.load()["a1"], first["a1"])
    dataset.save({"b2": first["b2"]})
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["b2.png"]
    dataset.save({})
    assert dataset.load() == {}


def test_a_picture_may_be_drawn_when_its_turn_comes(tmp_path: Path) -> None:
    dataset = PictureFolderDataset(filepath=str(tmp_path / "pictures"))
    drawn: list[int] = []

    def draw(value: int) -> np.ndarray:
        drawn.append(value)
        return np.full((2, 2, 3), value, dtype=np.uint8)

    pictures = {"a": partial(draw, 1), "b": partial(draw, 2)}
    assert drawn == []
    dataset.save(pictures)
    assert drawn == [1, 2]
    assert dataset.load()["b"].max() == 2


def test_a_name_is_never_a_path(tmp_path: Path) -> None:
    dataset = PictureFolderDataset(filepath=str(tmp_path / "pictures"))
    with pytest.raises(DatasetError, match="1 names of pictures") as caught:
        dataset.save({"../../x": np.zeros((2, 2, 3), dtype=np.uint8)})
    assert "../" not in str(caught.value)
