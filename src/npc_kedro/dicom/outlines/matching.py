"""Which series a DICOM outline belongs to: by UID first, and only without any usable UID by geometry."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.grid import describe_slices, slice_distance_mm
from npc_kedro.dicom.outlines.images_named import ImagesNamed
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
        frames_of_reference: FrameOfReferenceUIDs of the slices; empty if unknown, or if others are admitted.
        series_of: pseudonym of every SOPInstanceUID of the export to its series; empty where images of other series
            may have been drawn on.
        frames: for each slice of a multi-frame file its ``instance_keys`` with the numbers of the file's frames at its
            place; empty if unknown.
    """

    patient_key: str
    series_key: str
    geometries: tuple[SliceGeometry, ...]
    instance_keys: tuple[str, ...]
    frames_of_reference: frozenset[str] = frozenset()
    series_of: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[frozenset[tuple[str, int]], ...] = ()

    def contradicts(self, images: ImagesNamed, index: int) -> RejectReason | None:
        """Why what names these images cannot lie on slice ``index``; images that are not in the export say nothing."""
        named = images.instance_keys & set(self.instance_keys)
        if named:
            here = self.instance_keys[index] in named and self._is_of_frame(images, index)
            return None if here else RejectReason.CONTOUR_CONTRADICTS
        series = {self.series_of[key] for key in images.instance_keys if key in self.series_of}
        return RejectReason.CONTOUR_OTHER_SERIES if series and self.series_key not in series else None

    def _is_of_frame(self, images: ImagesNamed, index: int) -> bool:
        named = {frame for frame in images.frames if frame[0] == self.instance_keys[index]}
        there = self.frames[index] if self.frames else frozenset()
        return not named or not there or not named.isdisjoint(there)

    def is_elsewhere(self, frames_of_reference: frozenset[str]) -> bool:
        """Whether coordinates in these frames of reference (UIDs, "" is unknown) are not those of the slices."""
        known = frames_of_reference - {""}
        return bool(known and self.frames_of_reference) and not known & self.frames_of_reference

    @property
    def distance_mm(self) -> float:
        """Distance of neighbouring slices."""
        return slice_distance_mm(self.geometries)


@dataclass(frozen=True)
class References:
    """What an outline says that it was drawn on.

    Attributes:
        series_keys: pseudonyms of series.
        instance_keys: pseudonyms of images.
        frames_of_reference: UIDs.
        series_within: pseudonyms of the series that lie in a frame of reference, as far as the file says so itself.
    """

    series_keys: frozenset[str] = frozenset()
    instance_keys: frozenset[str] = frozenset()
    frames_of_reference: frozenset[str] = frozenset()
    series_within: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def frames_stated_of(self, target: Target) -> frozenset[str]:
        """The frames of reference in which, as the file says, the slices lie: programs make up UIDs for them."""
        return frozenset(frame for frame, series in self.series_within.items() if target.series_key in series)


class Match(Enum):
    """How an outline was matched to its series."""

    BY_UID = "uid"
    BY_GEOMETRY = "geometry"
    BY_STATEMENT = "uid, in another frame of reference of which the file says that the series lies in it"
    BY_CHOICE = "outline_override.csv"
    BY_CHOICE_ACROSS_FRAMES = "outline_override.csv, in another frame of reference"

    @property
    def strict(self) -> bool:
        """Whether every contour has to lie on a slice, since no UID vouches for them, or another one speaks against."""
        return self is not Match.BY_UID

    @property
    def across_frames(self) -> bool:
        """Whether nothing but the file's or the user's word says that the coordinates are those of the series."""
        return self in (Match.BY_STATEMENT, Match.BY_CHOICE_ACROSS_FRAMES)

    def admitting(self, target: Target, references: References) -> Target:
        """The slices, for contours in all frames of reference that are then admitted."""
        if self is Match.BY_CHOICE_ACROSS_FRAMES:
            return replace(target, frames_of_reference=frozenset())
        if self is Match.BY_STATEMENT:
            admitted = target.frames_of_reference | references.frames_stated_of(target)
            return replace(target, frames_of_reference=admitted)
        return target


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
    named = target.series_key in references.series_keys or bool(references.instance_keys & set(target.instance_keys))
    elsewhere = target.is_elsewhere(references.frames_of_reference)
    if named and not elsewhere:
        return Match.BY_UID
    owners = {series_owners[key] for key in references.series_keys if key in series_owners}
    both = f"{outline}; slices {describe_slices(target.geometries)}"
    if owners - {target.patient_key}:
        raise TagError(RejectReason.OUTLINE_OTHER_PATIENT, f"drawn on a series of another patient: {both}")
    if chosen:
        return Match.BY_CHOICE_ACROSS_FRAMES if elsewhere else Match.BY_CHOICE
    if references.frames_stated_of(target):
        return Match.BY_STATEMENT
    if named:
        detail = f"names images of the series in use, but is drawn in another frame of reference than these: {both}"
        raise TagError(RejectReason.OUTLINE_OTHER_FRAME, detail)
    if owners:
        raise TagError(RejectReason.OUTLINE_OTHER_SERIES, f"drawn on a series of the patient that is not used: {both}")
    if elsewhere:
        detail = f"drawn in another frame of reference, on images that are not in the export: {both}"
        raise TagError(RejectReason.OUTLINE_OTHER_SERIES, detail)
    return Match.BY_GEOMETRY
