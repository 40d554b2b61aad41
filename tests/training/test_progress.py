"""Positions on disk: the newest sound one is found, whatever happened to the others."""

import logging
import zlib

import pytest
import torch
from safetensors.torch import load_file

from npc_kedro.networks.tensor_file import overwrite
from npc_kedro.training import progress
from npc_kedro.training.progress import Position, PositionFiles, ProgressError


def position(epoch, size=5):
    return Position(epoch, {"w": torch.full((size, 2), float(epoch)), "n": torch.tensor(epoch)}, {"history": [epoch]})


def files(tmp_path, key="k", name="resnet"):
    return PositionFiles(tmp_path / name, key=key)


def kept(tmp_path, *epochs):
    keeper = files(tmp_path)
    for epoch in epochs:
        keeper.keep(position(epoch))
    return keeper


def newest_file(tmp_path, suffix):
    return max((tmp_path / "resnet").glob(f"*{suffix}"), key=lambda path: path.stat().st_mtime_ns)


def test_tensors_are_written_as_safetensors_over_what_was_there(tmp_path):
    path = tmp_path / "x.safetensors"
    first = {"large": torch.randn(1000, 8), "half": torch.randn(3).bfloat16()}
    second = {
        "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last), "scalar": torch.tensor(7),
        "flag": torch.tensor([True, False]), "empty": torch.zeros(0, 3), "bytes": torch.arange(9).to(torch.uint8),
    }  # fmt: skip
    for tensors in (first, second):
        checksum = overwrite(path, tensors)
        assert checksum == zlib.crc32(path.read_bytes())
        loaded = load_file(path)
        assert set(loaded) == set(tensors)
        assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


def test_the_newest_position_comes_back_whole(tmp_path):
    kept(tmp_path, 1, 2, 3)
    found = files(tmp_path).newest()
    assert found is not None
    assert (found.epoch, found.about) == (3, {"history": [3]})
    assert torch.equal(found.tensors["w"], torch.full((5, 2), 3.0))
    assert len(list((tmp_path / "resnet").glob("*.safetensors"))) == 2


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_position_is_reported_and_passed_over(tmp_path, caplog, suffix, damage):
    kept(tmp_path, 1, 2, 3)
    path = newest_file(tmp_path, suffix)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content if damage == "flip" else content[: len(content) // 2])
    with caplog.at_level(logging.WARNING):
        found = files(tmp_path).newest()
    assert found is not None
    assert found.epoch == 2
    assert "damaged: passed over" in caplog.text


def test_a_kill_while_a_position_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    keeper = kept(tmp_path, 1, 2)

    def killed(path, tensors):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "overwrite", killed)
    with pytest.raises(KeyboardInterrupt):
        keeper.keep(position(3))
    found = files(tmp_path).newest()
    assert found is not None
    assert found.epoch == 2


def test_a_full_disk_ends_with_a_remedy_and_loses_no_position(tmp_path, monkeypatch):
    keeper = kept(tmp_path, 1, 2)

    def full(path, tensors):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "overwrite", full)
    with pytest.raises(ProgressError, match=r"after epoch 3 .*No space left.*Free space.*goes on after epoch 2"):
        keeper.keep(position(3))
    found = files(tmp_path).newest()
    assert found is not None
    assert found.epoch == 2


def test_where_no_epoch_is_stored_none_is_promised(tmp_path):
    (tmp_path / "resnet").write_text("a file where the folder should be")
    with pytest.raises(
        ProgressError, match=r"could not be stored.*no epoch of this training is stored, it begins anew"
    ):
        files(tmp_path).keep(position(1))


def test_positions_of_another_training_are_not_used(tmp_path):
    kept(tmp_path, 1)
    assert files(tmp_path, key="other").newest() is None


def test_nothing_kept_nothing_found(tmp_path):
    assert files(tmp_path).newest() is None
    assert progress.current().newest() is None


def test_files_of_a_finished_training_serve_the_next_one(tmp_path):
    kept(tmp_path, 1, 2).forget()
    assert not (tmp_path / "resnet").exists()
    spares = {path.stat().st_ino for path in (tmp_path / progress.SPARE).iterdir()}
    other = files(tmp_path, name="xception")
    other.keep(position(1, size=2))
    used = tmp_path / "xception"
    assert {path.stat().st_ino for path in used.glob("*.safetensors")} <= spares
    assert other.newest().tensors["w"].shape == (2, 2)


def test_another_run_that_clears_the_spare_files_away_disturbs_nothing(tmp_path, monkeypatch):
    keeper = kept(tmp_path, 1, 2)
    replace = progress.Path.replace

    def cleared_before(self, target):
        progress.shutil.rmtree(tmp_path / progress.SPARE, ignore_errors=True)
        return replace(self, target)

    monkeypatch.setattr(progress.Path, "replace", cleared_before)
    keeper.forget()
    assert list(tmp_path.iterdir()) == []
