"""Outlines on their way into the catalog, patient by patient, so that memory stays flat."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.outlines.folder import OutlineFile
from npc_kedro.dicom.outlines.nifti import on_slices, read_label_map, relabelled
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from npc_kedro.imaging.resample import resample_labels, square_extents
from npc_kedro.pipelines.ingest.slice_store import StoredSlices

_log = logging.getLogger(__name__)


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
