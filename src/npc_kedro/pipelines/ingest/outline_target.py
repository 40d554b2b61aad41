"""The slices on which outlines are to lie, with what only their files tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.outlines.folder import open_object
from npc_kedro.dicom.outlines.matching import Target
from npc_kedro.dicom.tags import text
from npc_kedro.dicom.walk import FoundFile


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

    def target(self, patient_key: str, *, frames_of_reference: bool) -> Target:
        """The slices of a patient; their frames of reference cost opening the files: parts of a neck may differ."""
        slices = self.slices[patient_key]
        return Target(
            patient_key=patient_key,
            series_key=self.series_keys[patient_key],
            geometries=tuple(item.geometry for item in slices),
            instance_keys=tuple(item.instance_key for item in slices),
            frames_of_reference=self._frames_of_reference(slices) if frames_of_reference else frozenset(),
        )

    def _frames_of_reference(self, slices: Sequence[DecodedSlice]) -> frozenset[str]:
        files = {item.file for item in slices} & set(self.files)
        tag = "FrameOfReferenceUID"
        return frozenset(text(open_object(self.files[file].path, tags=[tag]), tag) for file in files) - {""}
