"""Slices and outlines on their way into the catalog: series by series, so that memory stays flat."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from npc_kedro import reporter
from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.dicom.decoding import DecodedSeries, DecodedSlice, SeriesTask, decode_series
from npc_kedro.dicom.outlines.folder import OutlineFile
from npc_kedro.dicom.outlines.nifti import on_slices, read_label_map, relabelled
from npc_kedro.dicom.parallel import ordered_map
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from npc_kedro.errors import LeakError
from npc_kedro.imaging.resample import resample_labels, square_extents

_log = logging.getLogger(__name__)

SLICE_COLUMNS = [
    "patient_key", "series_key", "slice_index", "position_mm", "spacing_row_mm", "spacing_col_mm", "thickness_mm",
    "intensity_scale", "intensity_offset", "rows_original", "cols_original", "source_sha256", "outlined",
]  # fmt: skip


@dataclass(frozen=True)
class StoredSlices:
    """The decoded slices before their table is closed.

    Attributes:
        writer: holds the pixels.
        rows: one table row per slice.
        slices: where each slice came from, by patient.
        first_row: row of each patient's first slice.
        used_files: files that gave at least one slice.
        rejected: file, reason and detail of files that failed.
    """

    writer: ImageTableWriter
    rows: list[dict[str, object]] = field(default_factory=list)
    slices: dict[str, tuple[DecodedSlice, ...]] = field(default_factory=dict)
    first_row: dict[str, int] = field(default_factory=dict)
    used_files: set[str] = field(default_factory=set)
    rejected: list[tuple[str, RejectReason, str]] = field(default_factory=list)

    def add(self, series: DecodedSeries) -> None:
        """Takes one patient's series."""
        patient_key = series.task.patient_key
        self.rejected.extend(series.rejected)
        self.used_files.update(item.file for item in series.slices)
        if not series.slices:
            return
        self.slices[patient_key] = series.slices
        self.first_row[patient_key] = len(self.rows)
        for index, (image, item) in enumerate(zip(series.pixels, series.slices, strict=True)):
            self.writer.append(image)
            self.rows.append(_slice_row(series, item, index))

    def finish(self, outlined: Sequence[str]) -> ImageTable:
        """The slices with their table."""
        table = pd.DataFrame(self.rows, columns=SLICE_COLUMNS)
        table["outlined"] = table["patient_key"].isin(outlined)
        return self.writer.finish(table)


@dataclass(frozen=True)
class StoredOutlines:
    """The outlines, and the account of their files.

    Attributes:
        images: labels on the slices of outlined patients.
        patients: keys of outlined patients, sorted.
        files: how many outline files there are.
        rejected: file, patient, reason and detail of those that are refused.
    """

    images: ImageTable
    patients: list[str]
    files: int
    rejected: list[tuple[str, str, RejectReason, str]]


def store_slices(
    writer: ImageTableWriter,
    files: pd.DataFrame,
    series: pd.DataFrame,
    paths: Mapping[str, Path],
    *,
    matrix: int,
    workers: int,
) -> StoredSlices:
    """Decodes the chosen series in parallel and writes them in the order of patient keys.

    Args:
        writer: takes the slices.
        files: the survey's files.
        series: the judged series with ``chosen``.
        paths: pseudonym of a file to its path.
        matrix: side of a stored slice, pixels.
        workers: processes that decode.

    Raises:
        LeakError: if the same pixels stand under two patients.
    """
    tasks = list(_tasks(files, series, paths, matrix))
    stored = StoredSlices(writer)
    for done, decoded in enumerate(ordered_map(decode_series, tasks, workers=workers), start=1):
        stored.add(decoded)
        reporter.current().progress(done, len(tasks))
    _require_no_leak(stored.slices)
    return stored


def _tasks(files: pd.DataFrame, series: pd.DataFrame, paths: Mapping[str, Path], matrix: int) -> Iterator[SeriesTask]:
    usable = files[files["reason"] == ""]
    members = {key: tuple(group["file"]) for key, group in usable.groupby(["patient_key", "series_key"])}
    for row in series[series["chosen"]].sort_values("patient_key").itertuples():
        names = sorted(members.get((row.patient_key, row.series_key), ()))
        yield SeriesTask(
            patient_key=str(row.patient_key),
            series_key=str(row.series_key),
            files=tuple((name, paths.get(name, Path(name))) for name in names),
            normal=(row.normal_x, row.normal_y, row.normal_z),
            matrix=matrix,
        )


def _slice_row(series: DecodedSeries, item: DecodedSlice, index: int) -> dict[str, object]:
    return {
        "patient_key": series.task.patient_key,
        "series_key": series.task.series_key,
        "slice_index": index,
        "position_mm": round(item.position_mm, 4),
        "spacing_row_mm": item.spacing_mm,
        "spacing_col_mm": item.spacing_mm,
        "thickness_mm": item.geometry.thickness_mm,
        "intensity_scale": series.scale,
        "intensity_offset": series.offset,
        "rows_original": item.geometry.shape[0],
        "cols_original": item.geometry.shape[1],
        "source_sha256": item.sha256,
        "outlined": False,
    }


def _require_no_leak(slices: Mapping[str, Sequence[DecodedSlice]]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for patient_key, items in slices.items():
        for item in items:
            owners[item.fingerprint].add(patient_key)
    shared = sorted({tuple(sorted(patients)) for patients in owners.values() if len(patients) > 1})
    if shared:
        groups = "; ".join(" and ".join(patients) for patients in shared)
        msg = (
            f"The same pixels stand under different patients: {groups}. One person under two identifiers could stand "
            "on both sides of the split: give the person one identifier, or remove the copy."
        )
        raise LeakError(msg)


def store_outlines(
    writer: ImageTableWriter,
    found: Sequence[OutlineFile],
    stored: StoredSlices,
    *,
    matrix: int,
    labels: Mapping[int, int],
) -> StoredOutlines:
    """Lays every outline that verifiably fits on its patient's slices; the others are refused with their reason.

    Args:
        writer: takes the label images.
        found: the outline files with their patients.
        stored: the slices.
        matrix: side of a stored slice, pixels.
        labels: label in the files to the study's label.
    """
    rows: list[dict[str, object]] = []
    rejected: list[tuple[str, str, RejectReason, str]] = []
    for outline in sorted(found, key=lambda outline: (outline.patient_key, outline.file)):
        try:
            planes = _planes(outline, stored.slices.get(outline.patient_key, ()), labels, matrix)
        except TagError as error:
            rejected.append((outline.file, outline.patient_key, error.reason, error.detail))
            _log.warning("Outline of patient %s is refused: %s", outline.patient_key or "unknown", error.detail)
            continue
        for index, plane in enumerate(planes):
            writer.append(plane)
            row = stored.first_row[outline.patient_key] + index
            rows.append({"slice_row": row, "patient_key": outline.patient_key})
    images = writer.finish(pd.DataFrame(rows, columns=["slice_row", "patient_key"]).astype({"slice_row": "int64"}))
    return StoredOutlines(images, sorted(set(images.table["patient_key"])), len(found), rejected)


def _planes(
    outline: OutlineFile, slices: Sequence[DecodedSlice], labels: Mapping[int, int], matrix: int
) -> list[np.ndarray]:
    """The outline on the stored grid of every slice.

    Raises:
        TagError: with the reason, if the outline is refused.
    """
    if outline.reason is not None:
        raise TagError(outline.reason, outline.reason.meaning)
    geometries = [item.geometry for item in slices]
    label_map = relabelled(read_label_map(outline.path), labels)
    return [
        resample_labels(plane, (matrix, matrix), extents=square_extents(geometry.shape, geometry.spacing))
        for plane, geometry in zip(on_slices(label_map, geometries), geometries, strict=True)
    ]
