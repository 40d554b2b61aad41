"""The second run and the run after a killed one: what is known is not read again, and the result is the same."""

import os
from pathlib import Path

import numpy as np
import pytest

from ingest_bench import Bench
from mini_dicom import MiniSeries, encoded
from npc_kedro import afresh
from npc_kedro.dicom import headers, reading
from npc_kedro.dicom.journal import Journal
from npc_kedro.errors import LeakError
from npc_kedro.pipelines.ingest import slice_store


class Watch:
    """Counts headers read and series decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.headers = self.series = 0
        read, decode = headers._read_header, slice_store.decode_series

        def counted_read(*given: object) -> object:
            self.headers += 1
            return read(*given)

        def counted_decode(task: object) -> object:
            self.series += 1
            return decode(task)

        monkeypatch.setattr(headers, "_read_header", counted_read)
        monkeypatch.setattr(slice_store, "decode_series", counted_decode)

    def taken(self) -> tuple[int, int]:
        """Both counts since the last time."""
        counted = self.headers, self.series
        self.headers = self.series = 0
        return counted


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def content(found: dict) -> tuple[object, ...]:
    tables = ("patients", "attrition_ingest", "rejected_files", "series_choice")
    return (
        found["slices"].pixels.tobytes(), found["slices"].table.to_csv(), *(found[name].to_csv() for name in tables)
    )  # fmt: skip


def three_patients(bench: Bench) -> None:
    bench.add(MiniSeries("P1"), MiniSeries("P2"), MiniSeries("P3"))
    bench.put("cut", MiniSeries("P1").content(4)[:-1])
    bench.clinical("P1", "P2", "P3")


def test_an_unchanged_folder_is_only_checked(bench: Bench, watch: Watch) -> None:
    three_patients(bench)
    first = content(bench.run())
    assert watch.taken() == (13, 3)
    assert content(bench.run()) == first
    assert watch.taken() == (0, 0)


def test_only_what_was_changed_added_or_removed_is_read_again(bench: Bench, watch: Watch) -> None:
    three_patients(bench)
    bench.run()
    watch.taken()
    bench.add(MiniSeries("P4"))
    bench.clinical("P1", "P2", "P3", "P4")
    changed = next((bench.root / "dicom").rglob("P2/s1/im0"))
    changed.write_bytes(MiniSeries("P2").content(9))
    os.utime(changed, ns=(1, 1))
    next((bench.root / "dicom").rglob("P3/s1/im3")).unlink()
    again = content(bench.run())
    assert watch.taken() == (5, 3)
    assert content(bench.run(scratch=str(bench.store / "fresh"))) == again


def test_a_killed_run_goes_on_where_it_was(bench: Bench, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    three_patients(bench)
    whole = content(bench.run(scratch=str(bench.store / "fresh")))
    watch.taken()
    append, appended = Journal.append, []

    def killed(journal: Journal, records: list) -> None:
        append(journal, records)
        appended.append(records)
        if "series" in records[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            bench.run()
    assert watch.taken() == (13, 1)
    assert content(bench.run()) == whole
    assert watch.taken() == (0, 2)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_damage_to_a_journal_costs_time_only(bench: Bench, watch: Watch, damage: str) -> None:
    three_patients(bench)
    first = content(bench.run())
    for journal in (bench.store / "scratch").glob("*.journal"):
        written = bytearray(journal.read_bytes())
        if damage == "flipped":
            written[len(written) // 2] ^= 1
        journal.write_bytes({"cut": written[:-30], "flipped": written, "emptied": b""}[damage])
    watch.taken()
    assert content(bench.run()) == first
    assert sum(watch.taken()) > 0
    assert content(bench.run()) == first


def test_damaged_pixels_of_an_unfinished_file_are_decoded_again(
    bench: Bench, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_patients(bench)
    whole = content(bench.run(scratch=str(bench.store / "fresh")))
    with monkeypatch.context() as patch:
        patch.setattr(slice_store, "_finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            bench.run()
    (pixels,) = (bench.store / "scratch").glob("pixels-*.npy")
    with pixels.open("r+b") as file:
        file.seek(128)
        file.write(b"\xff\xff\xff")
    watch.taken()
    assert content(bench.run()) == whole
    assert watch.taken() == (0, 1)


def test_damaged_pixels_of_a_finished_file_are_decoded_again(bench: Bench, watch: Watch) -> None:
    three_patients(bench)
    whole = content(bench.run())
    stored = bench.store / "02_intermediate/slices/pixels.npy"  # the same file as the scratch one
    with stored.open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"\xff\xff\xff")
    watch.taken()
    assert content(bench.run()) == whole
    assert watch.taken() == (0, 1)


def test_when_everything_is_to_be_repeated_nothing_that_was_kept_counts(bench: Bench, watch: Watch) -> None:
    three_patients(bench)
    first = content(bench.run())
    watch.taken()
    with afresh.repeating():
        assert content(bench.run()) == first
    assert watch.taken() == (13, 3)
    assert content(bench.run()) == first
    assert watch.taken() == (0, 0)


@pytest.mark.parametrize("edited", ["pipelines/ingest/slice_store.py", "dicom/outlines/nifti.py", "pixel_file.py"])
def test_any_code_that_reads_decodes_or_stores_is_in_the_hash(edited: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, read = reading.source_hash.__wrapped__(), Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + (b"#" if path.as_posix().endswith(edited) else b"")
    )
    assert reading.source_hash.__wrapped__() != before


def test_the_catalog_shares_the_pixel_file_and_keeps_it(bench: Bench) -> None:
    three_patients(bench)
    kept = np.array(bench.run()["slices"].pixels)
    stored = bench.store / "02_intermediate/slices/pixels.npy"
    (scratch,) = (bench.store / "scratch").glob("pixels-*.npy")
    assert stored.stat().st_ino == scratch.stat().st_ino
    scratch.unlink()
    np.testing.assert_array_equal(np.load(stored), kept)
    np.testing.assert_array_equal(bench.run()["slices"].pixels, kept)


def test_journals_name_nobody(bench: Bench) -> None:
    bench.add(MiniSeries("SECRET77", description="Ax T1 +C SECRETWORD"))
    bench.clinical("SECRET77")
    bench.run()
    journals = list((bench.store / "scratch").glob("*.journal"))
    assert len(journals) == 2
    for journal in journals:
        written = journal.read_bytes()
        for secret in (b"SECRET", b"19700102", b"Jane", MiniSeries("SECRET77").uid.encode()):
            assert secret not in written


def test_bad_input_24_a_leak_stops_the_second_run_too(bench: Bench) -> None:
    bench.add(MiniSeries("P1"), MiniSeries("P2"))
    bench.clinical("P1", "P2")
    bench.put("leak", encoded(MiniSeries("P2").dataset(9, MiniSeries("P1").dataset(2).pixel_array)))
    for _ in range(2):
        with pytest.raises(LeakError, match="same pixels"):
            bench.run()


def test_a_line_that_was_cut_does_not_swallow_the_next(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "here")
    journal.append([{"a": 1}, {"a": 2}])
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes()[:-3])
    journal = Journal(path, "here")  # the process that goes on is another one
    journal.append([{"a": 3}])
    journal.append([{"a": 4}])
    assert list(journal.records()) == [{"a": 1}, {"a": 3}, {"a": 4}]
    assert list(Journal(path, "elsewhere").records()) == []
