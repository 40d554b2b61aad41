"""Which series a DICOM outline belongs to: by UID first, and only without any usable UID by geometry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.grid import describe_slices, slice_distance_mm
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError


@dataclass(frozen=True)
class Target:
    """The slices on which an outline is to lie: those of the patient's chosen series, from the feet to the head.

    Attributes:
        patient_key: the patient.
        series_key: pseudonym of the series.
        geometries: a grid per slice, all parallel.
        instance_keys: pseudonym of each slice's SOPInstanceUID; slices of a multi-frame file share one.
        frame_of_reference: FrameOfReferenceUID, empty if unknown.
        series_of: pseudonym of every SOPInstanceUID of the export to its series; empty where images of other series
            may have been drawn on.
    """

    patient_key: str
    series_key: str
    geometries: tuple[SliceGeometry, ...]
    instance_keys: tuple[str, ...]
    frame_of_reference: str = ""
    series_of: Mapping[str, str] = field(default_factory=dict)

    def contradicts(self, instance_keys: frozenset[str], index: int) -> RejectReason | None:
        """Why what names these images cannot lie on slice ``index``; images that are not in the export say nothing."""
        named = instance_keys & set(self.instance_keys)
        if named:
            return None if self.instance_keys[index] in named else RejectReason.CONTOUR_CONTRADICTS
        series = {self.series_of[key] for key in instance_keys if key in self.series_of}
        return RejectReason.CONTOUR_OTHER_SERIES if series and self.series_key not in series else None

    @property
    def distance_mm(self) -> float:
        """Distance of neighbouring slices."""
        return slice_distance_mm(self.geometries)


@dataclass(frozen=True)
class References:
    """What an outline says that it was drawn on: pseudonyms of series and instances, and frames of reference (UIDs)."""

    series_keys: frozenset[str] = frozenset()
    instance_keys: frozenset[str] = frozenset()
    frames_of_reference: frozenset[str] = frozenset()


class Match(Enum):
    """How an outline was matched to its series."""

    BY_UID = "uid"
    BY_GEOMETRY = "geometry"
    BY_CHOICE = "outline_override.csv"

    @property
    def strict(self) -> bool:
        """Whether every contour has to lie on a slice, since no UID vouches for them."""
        return self is not Match.BY_UID


def matched(
    references: References, target: Target, *, series_owners: Mapping[str, str], chosen: bool, outline: str
) -> Match:
    """How an outline belongs to the chosen series.

    Args:
        references: of the outline.
        target: the chosen series' slices.
        series_owners: every series of the cohort to its patient.
        chosen: whether ``outline_override.csv`` names this outline: then it may have been drawn on another series.
        outline: its geometry in words.

    Raises:
        TagError: with both geometries, if the outline belongs to another patient or another series.
    """
    if target.series_key in references.series_keys or references.instance_keys & set(target.instance_keys):
        return Match.BY_UID
    owners = {series_owners[key] for key in references.series_keys if key in series_owners}
    both = f"{outline}; slices {describe_slices(target.geometries)}"
    if owners - {target.patient_key}:
        raise TagError(RejectReason.OUTLINE_OTHER_PATIENT, f"drawn on a series of another patient: {both}")
    if chosen:
        return Match.BY_CHOICE
    if owners:
        raise TagError(RejectReason.OUTLINE_OTHER_SERIES, f"drawn on a series of the patient that is not used: {both}")
    frames = references.frames_of_reference - {""}
    if frames and target.frame_of_reference and target.frame_of_reference not in frames:
        detail = f"drawn in another frame of reference, on images that are not in the export: {both}"
        raise TagError(RejectReason.OUTLINE_OTHER_SERIES, detail)
    return Match.BY_GEOMETRY
