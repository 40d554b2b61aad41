"""DICOM Segmentations: binary, fractional and label maps, laid on the slices by their own geometry.

Source: DICOM PS3.3 C.8.20 (Segmentation). A frame without a plane of its own takes that of the image it was made from.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from npc_kedro.dicom.frames import read_frames
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.grid import describe_slices, frame_map, plane_on
from npc_kedro.dicom.outlines.images_named import ImagesNamed, images_named
from npc_kedro.dicom.outlines.laid import LaidOutline, Remarks, Structures, merged, require_mostly_on_slices
from npc_kedro.dicom.outlines.matching import References, Target
from npc_kedro.dicom.outlines.meanings import Structure, meanings_of
from npc_kedro.dicom.outlines.naming import name_of
from npc_kedro.dicom.outlines.numbers import own_numbers, require_listed
from npc_kedro.dicom.outlines.rules import StructureRules
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError, required_whole, text

SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation and Label Map Segmentation Storage."""


_KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")


@dataclass(frozen=True)
class SegmentFrame:
    """Where one segment lies on one plane.

    Attributes:
        segment: its number.
        mask: bool (rows, columns).
        geometry: the plane; None if the file does not say.
        images: what the frame was made from.
    """

    segment: int
    mask: np.ndarray
    geometry: SliceGeometry | None
    images: ImagesNamed


@dataclass(frozen=True)
class Segmentation:
    """A segmentation: its segments' numbers and names, and every frame that holds something."""

    segments: dict[int, tuple[str, ...]]
    frames: tuple[SegmentFrame, ...]
    references: References

    def describe(self) -> str:
        """The frames' grids, in words."""
        known = [frame.geometry for frame in self.frames if frame.geometry is not None]
        return f"segmentation {describe_slices(known)}" if known else f"{len(self.frames)} frames without geometry"


def read_segmentation(dataset: Any, pseudonyms: Pseudonyms, *, threshold: float) -> Segmentation:
    """Takes a segmentation apart.

    Args:
        dataset: with pixel data.
        pseudonyms: makes the keys.
        threshold: share of the maximum from which a fractional segment holds a pixel.

    Raises:
        TagError: if the pixels do not fit the header, or segments share a number.
    """
    if "PixelData" not in dataset:
        raise TagError(RejectReason.OUTLINE_UNREADABLE, "no pixel data: the file is cut, or holds none")
    items = list(dataset.get("SegmentSequence") or ())
    numbers = own_numbers([required_whole(item, "SegmentNumber", lowest=0) for item in items], of="segments")
    character_set = text(dataset, "SpecificCharacterSet")
    segments = {number: tuple(_names(item, character_set)) for number, item in zip(numbers, items, strict=True)}
    segments.pop(0, None)  # the background of a label map
    frames = tuple(frame for frame in _frames(dataset, pseudonyms, threshold) if frame.mask.any())
    require_listed([frame.segment for frame in frames], segments, of="segments")
    series, instances = set(), {key for frame in frames for key in frame.images.instance_keys}
    for item in dataset.get("ReferencedSeriesSequence") or ():
        series.add(pseudonyms.series(text(item, "SeriesInstanceUID")))
        for image in item.get("ReferencedInstanceSequence") or ():
            instances.add(pseudonyms.instance(text(image, "ReferencedSOPInstanceUID")))
    frame_uid = frozenset({text(dataset, "FrameOfReferenceUID")})
    return Segmentation(segments, frames, References(frozenset(series), frozenset(instances), frame_uid))


def _names(segment: Any, character_set: str) -> Iterator[str]:
    """The label, then what says less: description and coded type."""
    yield name_of(segment, "SegmentLabel", character_set=character_set)
    yield name_of(segment, "SegmentDescription", character_set=character_set)
    for item in segment.get("SegmentedPropertyTypeCodeSequence") or ():
        yield name_of(item, "CodeMeaning", character_set=character_set)


def _frames(dataset: Any, pseudonyms: Pseudonyms, threshold: float) -> Iterator[SegmentFrame]:
    rows, columns = required_whole(dataset, "Rows", lowest=1), required_whole(dataset, "Columns", lowest=1)
    _require_no_more_pixels(dataset, rows * columns)
    values = np.asarray(dataset.pixel_array).reshape(-1, rows, columns)
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    if len(groups) != len(values):
        detail = f"{len(values)} frames of pixels and {len(groups)} functional groups"
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail)
    geometries = _geometries(dataset, len(values))
    shared = (dataset.get("SharedFunctionalGroupsSequence") or (None,))[0]
    kind = _kind(dataset, values)
    for group, image, geometry in zip(groups, values, geometries, strict=True):
        sources = images_named(_sources(group), pseudonyms)
        if kind == "LABELMAP":
            for number in np.unique(image[image > 0]):
                yield SegmentFrame(int(number), image == number, geometry, sources)
            continue
        number = _segment_number(group, shared)
        if kind == "FRACTIONAL":
            most = required_whole(dataset, "MaximumFractionalValue", lowest=1)
            yield SegmentFrame(number, image >= threshold * most, geometry, sources)
        else:
            yield SegmentFrame(number, image > 0, geometry, sources)


def _require_no_more_pixels(dataset: Any, of_frame: int) -> None:
    """Passes unless the file holds more pixels than frames, of which pydicom would drop what is behind the last.

    Raises:
        TagError: if it does; a part of the outline would be missing.
    """
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    frames = required_whole(dataset, "NumberOfFrames", lowest=1) if text(dataset, "NumberOfFrames") else 1
    bits = required_whole(dataset, "BitsAllocated", lowest=1)
    expected = -(-of_frame * frames * bits // 8)
    if len(dataset.PixelData) > expected + expected % 2:
        detail = (
            f"{len(dataset.PixelData)} bytes of pixels; {frames} frames need {expected}: NumberOfFrames is too small"
        )
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail)


def _kind(dataset: Any, values: np.ndarray) -> str:
    """What the pixels mean.

    Raises:
        TagError: if the file does not say it, or says of shares that they are yes and no.
    """
    kind = text(dataset, "SegmentationType")
    if kind not in _KINDS:
        detail = f"SegmentationType is none of {', '.join(_KINDS)}: whether the pixels are shares or labels is unsaid"
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail)
    if kind == "BINARY" and len(np.unique(values[values > 0])) > 1:
        raise TagError(RejectReason.OUTLINE_UNREADABLE, "SegmentationType is BINARY, but the pixels have more values")
    return kind


def _geometries(dataset: Any, frames: int) -> list[SliceGeometry | None]:
    try:
        return [frame.geometry for frame in read_frames(dataset)]
    except TagError:
        return [None] * frames  # the frames' source images may still say it


def _segment_number(group: Any, shared: Any) -> int:
    for place in (group, shared):
        items = place.get("SegmentIdentificationSequence") if place is not None else None
        if items:
            return required_whole(items[0], "ReferencedSegmentNumber", lowest=1)
    raise TagError(RejectReason.OUTLINE_UNREADABLE, "a frame without ReferencedSegmentNumber")


def _sources(group: Any) -> Iterator[Any]:
    for derivation in group.get("DerivationImageSequence") or ():
        yield from derivation.get("SourceImageSequence") or ()


def lay_segmentation(found: Segmentation, target: Target, rules: StructureRules, *, strict: bool) -> LaidOutline:
    """The segmentation's tumour on the slices.

    Args:
        found: the segmentation.
        target: the slices.
        rules: which segments are primary tumour and nodes.
        strict: whether every frame must lie on a slice, see :func:`require_mostly_on_slices`.

    Raises:
        TagError: if no segment is known, nothing is marked, or the frames' pixels are not the slices'.
    """
    drawn = {frame.segment for frame in found.frames}
    named = {number: Structure(names, drawn=number in drawn) for number, names in found.segments.items()}
    meanings = meanings_of(named, rules)
    if not meanings.of:
        detail = f"none of {len(found.segments)} segments is called primary or node; see ingest.outlines.structures"
        raise TagError(RejectReason.OUTLINE_LABELS, detail)
    of_segments: dict[int, list[np.ndarray | None]] = defaultdict(lambda: [None] * len(target.geometries))
    frames = [frame for frame in found.frames if frame.segment in meanings.of]
    frames_refused: list[RejectReason] = []
    for frame in frames:
        placed = _placed(frame, target)
        if isinstance(placed, RejectReason):
            frames_refused.append(placed)
            continue
        index, mask = placed
        before = of_segments[frame.segment][index]
        of_segments[frame.segment][index] = mask if before is None else before | mask
    structures = Structures(len(target.geometries))
    for number, masks in of_segments.items():
        structures.add(meanings.of[number], masks)
    require_mostly_on_slices(
        len(frames), frames_refused, strict=strict, outline=found.describe(), geometries=target.geometries
    )
    planes, overlap = merged(structures.masks, target.geometries)
    return LaidOutline(
        planes,
        len(found.segments),
        meanings.refused,
        len(frames),
        tuple(frames_refused),
        overlap,
        structures.twice_px,
        Remarks(unused=meanings.doubtful, contradicted=meanings.contradicted),
    )


def _placed(frame: SegmentFrame, target: Target) -> tuple[int, np.ndarray] | RejectReason:
    """The slice whose pixels are the frame's and the mask on it, or why it is refused."""
    if frame.geometry is None:
        named = [index for index, key in enumerate(target.instance_keys) if key in frame.images.instance_keys]
        same = len(named) == 1 and target.geometries[named[0]].shape == frame.mask.shape
        return (named[0], frame.mask) if same else RejectReason.CONTOUR_OFF_SLICES
    normal = target.geometries[0].normal
    places = np.array([geometry.position_along(normal) for geometry in target.geometries])
    index = int(np.argmin(np.abs(places - frame.geometry.position_along(normal))))
    image = frame_map(frame.mask, frame.geometry, across_mm=target.distance_mm)
    plane = plane_on(image, np.linalg.inv(image.to_patient), target.geometries[index])
    if plane is None:
        return RejectReason.CONTOUR_OFF_SLICES
    return target.contradicts(frame.images, index) or (index, plane.labels)
