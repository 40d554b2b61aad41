"""Replacing whole: the new one on success, the old one on failure, and nothing left beside."""

import pytest

from npc_kedro.datasets.whole import replacing_file, replacing_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_and_fail(replacing, *, name):
    with replacing as partial:
        (partial / name).write_text("half")
        raise OSError("full")


def test_a_folder_is_replaced_only_when_all_went_well(tmp_path):
    folder = tmp_path / "store" / "slices"
    for content in ("first", "second"):
        with replacing_folder(folder) as partial:
            (partial / content).write_text(content)
            assert not (folder / content).exists()
        assert names(folder) == [content]
    with pytest.raises(OSError, match="full"):
        write_and_fail(replacing_folder(folder), name="third")
    assert names(folder) == ["second"]
    assert names(folder.parent) == ["slices"]


def test_what_a_killed_process_left_goes_at_the_next_attempt(tmp_path):
    for state in ("partial", "retired"):
        (tmp_path / f".slices.{state}").mkdir()
        (tmp_path / f".slices.{state}" / "stale").touch()
    with replacing_folder(tmp_path / "slices") as partial:
        assert names(partial) == []
    assert names(tmp_path) == ["slices"]


def test_a_file_is_replaced_only_when_all_went_well(tmp_path):
    path = tmp_path / "reports" / "page.html"
    with replacing_file(path) as partial:
        partial.write_text("first")
    with pytest.raises(OSError, match="full"):
        write_and_fail(replacing_file(path), name="")
    assert path.read_text() == "first"
    assert names(path.parent) == ["page.html"]
