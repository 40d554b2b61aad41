"""Slices on their way into the catalog: decoded straight into one pixel file, series by series, and journalled.

Every series has its rows before anything is decoded, so that processes write side by side and a killed run goes on
where it was. A finished pixel file is never changed again: the catalog shares it (a hard link), and the next run makes
a new one, copying what is unchanged.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro import afresh, reporter
from npc_kedro.arrays import ImageTable
from npc_kedro.dicom.decoding import DecodedSlice, SeriesTask, SourceFile, decode_series
from npc_kedro.dicom.journal import Journal
from npc_kedro.dicom.parallel import batches, ordered_map, worker_count
from npc_kedro.dicom.reading import source_hash
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.walk import FoundFile
from npc_kedro.errors import ConsistencyError, LeakError
from npc_kedro.pipelines.ingest.stored_series import StoredSeries, read_earlier, series_of
from npc_kedro.pixel_file import PixelFile

JOURNAL = "slices.journal"

_FLUSHED_SLICES = 512
"""Slices after which what was decoded goes to the disk, while the processes decode on: at the end all would wait."""


_SERIES_PER_TASK = 4
"""Series that a process decodes before it is spoken to again, which takes a third of a millisecond each time."""

_FEWEST_TASKS = 16
"""Tasks of a process while series are decoded together: at the end none should wait for long."""


@dataclass(frozen=True)
class StoredSlices:
    """All decoded slices.

    Attributes:
        pixels: uint16 (n, M, M), memory-mapped, in the order of patient keys.
        tasks: one per chosen series, in that order.
        series: what became of each.
    """

    pixels: np.ndarray
    tasks: Sequence[SeriesTask]
    series: Sequence[StoredSeries]

    @cached_property
    def slices(self) -> dict[str, tuple[DecodedSlice, ...]]:
        """Where each slice came from, by patient; patients without a slice are absent."""
        pairs = zip(self.tasks, self.series, strict=True)
        return {task.patient_key: stored.slices for task, stored in pairs if stored.slices}

    @cached_property
    def first_row(self) -> dict[str, int]:
        """Row of each patient's first slice."""
        return {task.patient_key: stored.row for task, stored in zip(self.tasks, self.series, strict=True)}

    @cached_property
    def used_files(self) -> set[str]:
        """Files that gave at least one slice."""
        return {item.file for stored in self.series for item in stored.slices}

    @cached_property
    def rejected(self) -> list[tuple[str, RejectReason, str]]:
        """File, reason and detail of files that failed."""
        return [entry for stored in self.series for entry in stored.rejected]

    def image_table(self, outlined: Iterable[str]) -> ImageTable:
        """The slices with their table; ``outlined`` are the keys of the patients with an outline."""
        pairs = [(task, stored) for task, stored in zip(self.tasks, self.series, strict=True) if stored.slices]
        counts = [len(stored.slices) for _, stored in pairs]
        items = [item for _, stored in pairs for item in stored.slices]

        def repeated(values: Iterable[Any]) -> np.ndarray:
            return np.repeat(np.array(list(values), dtype=object), counts)

        patients = repeated(task.patient_key for task, _ in pairs)
        table = pd.DataFrame(
            {
                "patient_key": patients,
                "series_key": repeated(task.series_key for task, _ in pairs),
                "slice_index": np.concatenate([np.arange(count) for count in counts] or [np.arange(0)]),
                "position_mm": np.array([round(item.position_mm, 4) for item in items], dtype=float),
                "spacing_row_mm": np.array([item.spacing_mm for item in items], dtype=float),
                "spacing_col_mm": np.array([item.spacing_mm for item in items], dtype=float),
                "thickness_mm": np.array([item.geometry.thickness_mm for item in items], dtype=float),
                "intensity_scale": repeated(stored.scale for _, stored in pairs).astype(float),
                "intensity_offset": repeated(stored.offset for _, stored in pairs).astype(float),
                "rows_original": np.array([item.geometry.shape[0] for item in items], dtype=int),
                "cols_original": np.array([item.geometry.shape[1] for item in items], dtype=int),
                "file": np.array([item.file for item in items], dtype=object),
                "pixels_sha256": np.array([item.pixels_sha256 for item in items], dtype=object),
                "outlined": np.isin(patients.astype(str), sorted(outlined)),
            }
        )
        return ImageTable(self.pixels, table)


def store_slices(
    folder: Path,
    files: pd.DataFrame,
    series: pd.DataFrame,
    found: Mapping[str, FoundFile],
    *,
    matrix: int,
    workers: int,
) -> StoredSlices:
    """Decodes the chosen series in parallel, in the order of patient keys; what is unchanged is taken from ``folder``.

    Args:
        folder: keeps the pixel file and its journal from run to run; may be deleted at any time between runs.
        files: the survey's files.
        series: the judged series with ``chosen``.
        found: pseudonym of a file to the file.
        matrix: side of a stored slice, pixels.
        workers: processes that decode.

    Raises:
        LeakError: if the same pixels stand under two patients.
    """
    tasks, planned = _tasks(files, series, found, matrix)
    signatures = [_signature(task) for task in tasks]
    journal = Journal(folder / JOURNAL, {"reader": source_hash(), "matrix": matrix})
    if afresh.asked():
        journal.forget()
    earlier = read_earlier(journal)
    kept = PixelFile(folder / earlier.name, (matrix, matrix), np.dtype("<u2"))
    sound = bool(earlier.name) and kept.holds(earlier.rows)
    stored = list(earlier.series.values())
    if sound and earlier.finished and signatures == list(earlier.series) and all(_stands(one, kept) for one in stored):
        pixels = kept.mapped(earlier.rows)
    else:
        layout = hashlib.sha256(repr((signatures, planned)).encode()).hexdigest()
        goes_on = sound and not earlier.finished and earlier.layout == layout
        target = kept if goes_on else replace(kept, path=folder / f"pixels-{secrets.token_hex(4)}.npy")
        if not goes_on:
            target.begin(sum(planned))
            journal.append([{"begun": target.path.name, "rows": sum(planned), "layout": layout}])
        known = {key: (kept, one) for key, one in earlier.series.items()} if sound else {}
        work = _Work(tasks, signatures, planned, known, goes_on)
        stored = _fill(target, journal, work, workers=workers)
        stored, pixels = _finish(target, journal, signatures, stored)
        if not goes_on:
            _forget_others(folder, target, journal)
    result = StoredSlices(pixels, tasks, stored)
    _require_no_leak(result.slices)
    return result


def _tasks(
    files: pd.DataFrame, series: pd.DataFrame, found: Mapping[str, FoundFile], matrix: int
) -> tuple[list[SeriesTask], list[int]]:
    """The series to decode, and how many slices each should give."""
    usable = files[(files["reason"] == "") | (files["spare_of"] != "")].sort_values("file")
    members: dict[tuple[str, str], list[SourceFile]] = defaultdict(list)
    spares: dict[tuple[str, str], list[SourceFile]] = defaultdict(list)
    nowhere = FoundFile("", "")
    names = ("patient_key", "series_key", "file", "instance_key", "frames", "spare_of")
    for patient_key, series_key, file, instance_key, frames, spare_of in zip(
        *(usable[name].tolist() for name in names), strict=True
    ):
        there = found.get(file, nowhere)
        numbers = tuple(map(int, frames.split())) or None
        source = SourceFile(file, there.location, there.stamp, instance_key, numbers, spare_of)
        (spares if spare_of else members)[patient_key, series_key].append(source)
    chosen = series[series["chosen"]].sort_values("patient_key")
    tasks = [
        SeriesTask(
            patient_key=str(row.patient_key),
            series_key=str(row.series_key),
            files=tuple(members[str(row.patient_key), str(row.series_key)]),
            normal=(row.normal_x, row.normal_y, row.normal_z),
            matrix=matrix,
            spares=tuple(spares[str(row.patient_key), str(row.series_key)]),
        )
        for row in chosen.itertuples()
    ]
    return tasks, [int(count) for count in chosen["n_slices"]]


def _signature(task: SeriesTask) -> str:
    """Changes with everything that the decoded series depends on."""
    files, spares = (
        [(source.file, source.stamp, source.instance_key, source.frames, source.spare_of) for source in sources]
        for sources in (task.files, task.spares)
    )
    everything = (task.patient_key, task.series_key, task.normal, files, spares)
    return hashlib.sha256(repr(everything).encode()).hexdigest()[:32]


def _starts(counts: Sequence[int]) -> list[int]:
    return [0, *np.cumsum(counts).tolist()][: len(counts)]


@dataclass(frozen=True)
class _Work:
    """What is to be filled into a pixel file, and what is known of it already."""

    tasks: list[SeriesTask]
    signatures: list[str]
    planned: list[int]
    known: dict[str, tuple[PixelFile, StoredSeries]]
    in_place: bool


def _fill(target: PixelFile, journal: Journal, work: _Work, *, workers: int) -> list[StoredSeries]:
    """Brings every series into the file: what stands there already, what another file has, and the rest by decoding."""
    results: dict[str, StoredSeries] = {}
    starts = _starts(work.planned)
    for signature, start in zip(work.signatures, starts, strict=True):
        if signature not in work.known:
            continue
        source, stored = work.known[signature]
        if not _stands(stored, source):
            continue
        results[signature] = replace(stored, row=start)
        if not work.in_place:
            target.write(start, source.read(stored.row, len(stored.slices)))
            journal.append([{"series": signature, "stored": results[signature].record()}])
    everything = zip(work.signatures, work.tasks, starts, work.planned, strict=True)
    rest = {signature: tuple(one) for signature, *one in everything if signature not in results}
    together = min(_SERIES_PER_TASK, 1 + len(rest) // (_FEWEST_TASKS * worker_count(workers)))
    tasks = batches(list(rest.values()), together)
    decoded = chain.from_iterable(ordered_map(partial(_decode_all_into, target), tasks, workers=workers))
    unflushed = 0
    for signature, record in zip(rest, decoded, strict=True):
        results[signature] = stored = series_of(record)
        unflushed += len(stored.slices)
        if unflushed >= _FLUSHED_SLICES:
            target.flush()
            unflushed = 0
        if stored.is_lasting:
            journal.append([{"series": signature, "stored": record}])
        reporter.current().progress(len(results), len(work.tasks))
    return [results[signature] for signature in work.signatures]


def _stands(stored: StoredSeries, file: PixelFile) -> bool:
    """Whether the series' pixels are in the file as they were written."""
    return file.checksum(stored.row, len(stored.slices)) == stored.checksum


def _decode_all_into(target: PixelFile, works: list[tuple[SeriesTask, int, int]]) -> list[dict[str, Any]]:
    """In a worker: decodes several series, one after the other."""
    return [_decode_into(target, work) for work in works]


def _decode_into(target: PixelFile, work: tuple[SeriesTask, int, int]) -> dict[str, Any]:
    """In a worker: decodes a series into its rows, and says what became of it as the journal holds it."""
    task, row, planned = work
    decoded = decode_series(task)
    if len(decoded.slices) > planned:
        msg = f"series {task.series_key} gave {len(decoded.slices)} slices; {planned} were expected. Run again"
        raise ConsistencyError(msg)
    checksum = target.write(row, decoded.pixels)
    return StoredSeries(row, checksum, decoded.scale, decoded.offset, decoded.slices, decoded.rejected).record()


def _finish(
    target: PixelFile, journal: Journal, signatures: Sequence[str], stored: Sequence[StoredSeries]
) -> tuple[list[StoredSeries], np.ndarray]:
    """Closes the gaps that failed files left, and declares the file finished."""
    starts = _starts([len(one.slices) for one in stored])
    for one, start in zip(stored, starts, strict=True):
        if one.row != start:
            target.move(one.row, start, len(one.slices))
    rows = sum(len(one.slices) for one in stored)
    pixels = target.end(rows)
    journal.append([{"finished": target.path.name, "rows": rows, "starts": dict(zip(signatures, starts, strict=True))}])
    return [replace(one, row=start) for one, start in zip(stored, starts, strict=True)], pixels


def _forget_others(folder: Path, current: PixelFile, journal: Journal) -> None:
    """Earlier pixel files and what the journal says of them; the catalog's link keeps what the catalog still shows."""
    records = list(journal.records())
    begun = max(place for place, record in enumerate(records) if "begun" in record)
    if begun:
        journal.replace(records[begun:])
    for path in folder.glob("pixels-*.npy"):
        if path != current.path:
            path.unlink(missing_ok=True)


def _require_no_leak(slices: Mapping[str, Sequence[DecodedSlice]]) -> None:
    first: dict[str, str] = {}
    owners: dict[str, set[str]] = defaultdict(set)  # of those pixels alone that stand under several patients
    for patient_key, items in slices.items():
        for item in items:
            owner = first.setdefault(item.pixels_sha256, patient_key)
            if owner != patient_key:
                owners[item.pixels_sha256] |= {owner, patient_key}
    shared = sorted({tuple(sorted(patients)) for patients in owners.values()})
    if shared:
        groups = "; ".join(" and ".join(patients) for patients in shared)
        msg = (
            f"The same pixels stand under different patients: {groups}. One person under two identifiers could stand "
            "on both sides of the split: join the person's identifiers in identifiers.csv, or remove the copy."
        )
        raise LeakError(msg)
