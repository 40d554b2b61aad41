"""Images and their table: same length, an address per row, nothing left behind."""

import numpy as np
import pandas as pd
import pytest

from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.datasets.image_table import ImageTableDataset


def example(n: int = 5) -> ImageTable:
    pixels = np.arange(n * 6, dtype=np.uint16).reshape(n, 2, 3)
    return ImageTable(pixels, pd.DataFrame({"patient_key": [f"p{i}" for i in range(n)]}))


def test_lengths_and_index_must_fit():
    with pytest.raises(ValueError, match="5 images but 4 table rows"):
        ImageTable(example().pixels, example().table.head(4))
    with pytest.raises(ValueError, match=r"0\.\.n-1"):
        ImageTable(example().pixels, example().table.iloc[::-1])


def test_saved_and_loaded_alike_and_mapped(tmp_path):
    dataset = ImageTableDataset(filepath=str(tmp_path / "slices"))
    assert not dataset.exists()
    dataset.save(example())
    dataset.save(example())  # replaces the folder
    loaded = dataset.load()
    assert isinstance(loaded.pixels, np.memmap)
    np.testing.assert_array_equal(loaded.pixels, example().pixels)
    pd.testing.assert_frame_equal(loaded.table, example().table)
    assert [path.name for path in tmp_path.iterdir()] == ["slices"]


def test_an_interrupted_save_leaves_the_old_folder(tmp_path):
    dataset = ImageTableDataset(filepath=str(tmp_path / "slices"))
    dataset.save(example(3))
    broken = ImageTable(example(2).pixels, pd.DataFrame({"x": [object(), object()]}))
    with pytest.raises(Exception, match="slices"):
        dataset.save(broken)
    assert len(dataset.load()) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["slices"]


def test_writer_streams_to_a_file_that_no_kill_leaves_behind(tmp_path):
    scratch = tmp_path / "scratch"
    with ImageTableWriter(scratch, shape=(2, 3), dtype="uint16") as writer:
        rows = [writer.append(image) for image in example().pixels]
        with pytest.raises(ValueError, match="store of"):
            writer.append(np.zeros((3, 3)))
        assert list(scratch.iterdir()) == []
        table = writer.finish(example().table)
    assert rows == [0, 1, 2, 3, 4]
    assert isinstance(table.pixels, np.memmap)
    ImageTableDataset(filepath=str(tmp_path / "slices")).save(table)
    np.testing.assert_array_equal(ImageTableDataset(filepath=str(tmp_path / "slices")).load().pixels, example().pixels)
    assert list(scratch.iterdir()) == []


def test_writer_leaves_nothing_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), ImageTableWriter(tmp_path, shape=(1, 1), dtype="uint8"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_no_images_at_all(tmp_path):
    dataset = ImageTableDataset(filepath=str(tmp_path / "crops"))
    with ImageTableWriter(tmp_path / "scratch", shape=(4, 4), dtype="uint8") as writer:
        dataset.save(writer.finish(pd.DataFrame({"patient_key": []})))
    assert dataset.load().pixels.shape == (0, 4, 4)
