"""The slices on which outlines are to lie, with what only their files tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.frames import read_frames
from npc_kedro.dicom.geometry import SAME_PLACE_MM, SliceGeometry
from npc_kedro.dicom.outlines.folder import open_object
from npc_kedro.dicom.outlines.matching import Target
from npc_kedro.dicom.tags import TagError, text
from npc_kedro.dicom.walk import FoundFile

_TAGS = [
    *("FrameOfReferenceUID", "NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"),
    *("RescaleSlope", "RescaleIntercept"),
]


@dataclass(frozen=True)
class SlicesOfPatients:
    """The stored slices as outlines need them.

    Attributes:
        slices: where each slice came from, by patient, from the feet to the head.
        first_row: row of each patient's first slice.
        series_keys: the series that is used, by patient.
        files: pseudonym of a DICOM file to where it is.
    """

    slices: Mapping[str, Sequence[DecodedSlice]]
    first_row: Mapping[str, int]
    series_keys: Mapping[str, str]
    files: Mapping[str, FoundFile]

    def target(self, patient_key: str, *, of_files: bool) -> Target:
        """The slices of a patient.

        Args:
            patient_key: the patient.
            of_files: whether to open the files for what only they tell: frames of reference, of which the parts of a
                neck may have several, and the frames of multi-frame files.
        """
        slices = self.slices[patient_key]
        target = Target(
            patient_key=patient_key,
            series_key=self.series_keys[patient_key],
            geometries=tuple(item.geometry for item in slices),
            instance_keys=tuple(item.instance_key for item in slices),
        )
        if not of_files:
            return target
        headers = {
            file: open_object(self.files[file].path, tags=_TAGS)
            for file in sorted({item.file for item in slices} & set(self.files))
        }
        return replace(
            target,
            frames_of_reference=frozenset(text(header, "FrameOfReferenceUID") for header in headers.values()) - {""},
            frames=_frames_at(slices, {file: _geometries(header) for file, header in headers.items()}),
        )


def _frames_at(
    slices: Sequence[DecodedSlice], geometries: Mapping[str, Sequence[SliceGeometry]]
) -> tuple[frozenset[tuple[str, int]], ...]:
    """For each slice the frames of its file that lie at its place: other echoes were drawn on as well."""
    return tuple(
        frozenset(
            (item.instance_key, number)
            for number, geometry in enumerate(geometries.get(item.file, ()), start=1)
            if np.abs(np.subtract(geometry.position, item.geometry.position)).max() <= SAME_PLACE_MM
        )
        for item in slices
    )


def _geometries(header: Any) -> list[SliceGeometry]:
    """Where the frames of a multi-frame file lie; nothing for other files."""
    if not header.get("PerFrameFunctionalGroupsSequence"):
        return []
    try:
        return [frame.geometry for frame in read_frames(header)]
    except TagError:
        return []
