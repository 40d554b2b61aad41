"""A factory of small RTSTRUCT objects, and targets made of image headers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from mini_dicom import MiniSeries, uid
from npc_kedro.dicom.frames import read_frames
from npc_kedro.dicom.outlines.matching import Target
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms

KEYS = Pseudonyms(SIMULATED_KEY)


def target_of(headers: Sequence[Dataset]) -> Target:
    """The slices of a series, from the feet to the head."""
    pairs = [
        (frame.geometry, KEYS.instance(header.SOPInstanceUID)) for header in headers for frame in read_frames(header)
    ]
    pairs.sort(key=lambda pair: pair[0].position_along(pair[0].normal))
    return Target(
        patient_key=KEYS.patient(headers[0].PatientID),
        series_key=KEYS.series(headers[0].SeriesInstanceUID),
        geometries=tuple(geometry for geometry, _ in pairs),
        instance_keys=tuple(key for _, key in pairs),
        frames_of_reference=frozenset(header.get("FrameOfReferenceUID", "") for header in headers) - {""},
    )


def distance_to_edges(polygon: np.ndarray, point: np.ndarray) -> float:
    """From a point to the nearest edge of a closed polygon (n, 2)."""
    starts, ends = polygon, np.roll(polygon, -1, axis=0)
    along = ends - starts
    length = (along**2).sum(axis=1)
    share = np.divide(((point - starts) * along).sum(axis=1), length, out=np.zeros(len(length)), where=length > 0)
    nearest = starts + np.clip(share, 0, 1)[:, np.newaxis] * along
    return float(np.linalg.norm(nearest - point, axis=1).min())


def contour_in(series: MiniSeries, index: int, points: Sequence[tuple[float, float]]) -> np.ndarray:
    """Points (row, column) of a slice as LPS coordinates (n, 3)."""
    along_row, along_column = np.array(series.orientation[:3]), np.array(series.orientation[3:])
    rows, columns = np.array(points, dtype=float).reshape(-1, 2).T
    return (
        np.array(series.position(index))
        + np.outer(rows * series.spacing[0], along_column)
        + np.outer(columns * series.spacing[1], along_row)
    )


def rtstruct(
    series: MiniSeries,
    rois: dict[str, list[tuple[int, np.ndarray]]],
    *,
    referenced: bool = True,
    patient_id: str | None = None,
    kind: str = "CLOSED_PLANAR",
    frame: str = "",
) -> Dataset:
    """A structure set on a series.

    Args:
        series: the images that it was drawn on.
        rois: name to contours; each with the index of the slice that it names and its points.
        referenced: whether it names series and images.
        patient_id: PatientID, by default the series'.
        kind: ContourGeometricType.
        frame: FrameOfReferenceUID.
    """
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    dataset.SOPInstanceUID = uid("rtstruct", series.uid, sorted(rois), referenced)
    dataset.Modality = "RTSTRUCT"
    dataset.PatientID = series.patient_id if patient_id is None else patient_id
    dataset.PatientName = "Doe^Jane"
    dataset.StudyInstanceUID = uid(series.patient_id, "study")
    dataset.SeriesInstanceUID = uid("rtstruct series")
    dataset.StructureSetROISequence = []
    dataset.ROIContourSequence = []
    for number, (name, contours) in enumerate(rois.items(), start=1):
        dataset.StructureSetROISequence.append(
            _item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=frame)
        )
        items = []
        for index, points in contours:
            item = _item(
                ContourGeometricType=kind,
                NumberOfContourPoints=len(points),
                ContourData=[f"{value:.5f}" for value in points.ravel()],
            )
            if referenced:
                item.ContourImageSequence = [
                    _item(ReferencedSOPInstanceUID=uid(series.patient_id, series.number, index))
                ]
            items.append(item)
        dataset.ROIContourSequence.append(_item(ReferencedROINumber=number, ContourSequence=items))
    if referenced:
        series_item = _item(SeriesInstanceUID=series.uid, ContourImageSequence=[])
        study_item = _item(RTReferencedSeriesSequence=[series_item])
        dataset.ReferencedFrameOfReferenceSequence = [
            _item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study_item])
        ]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _item(**values: Any) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
