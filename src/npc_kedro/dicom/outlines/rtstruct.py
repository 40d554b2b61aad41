"""RT Structure Sets: contours in patient coordinates, laid on the slices in whose planes they lie.

Source: DICOM PS3.3 C.8.8.5 (Structure Set) and C.8.8.6 (ROI Contour). Contours of one ROI on one slice are filled by
the even-odd rule, see :mod:`npc_kedro.dicom.outlines.polygons`; those that cross are joined.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npc_kedro.dicom.outlines.contours import Contour, Roi, drawn_on
from npc_kedro.dicom.outlines.grid import point
from npc_kedro.dicom.outlines.images_named import images_named
from npc_kedro.dicom.outlines.laid import LaidOutline, Remarks, Structures, counted, merged, require_mostly_on_slices
from npc_kedro.dicom.outlines.matching import References, Target
from npc_kedro.dicom.outlines.meanings import Structure, meanings_of
from npc_kedro.dicom.outlines.naming import name_of
from npc_kedro.dicom.outlines.numbers import own_numbers, require_listed
from npc_kedro.dicom.outlines.rules import StructureRules
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError, text

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


@dataclass(frozen=True)
class StructureSet:
    """An RT Structure Set."""

    rois: tuple[Roi, ...]
    references: References

    def describe(self) -> str:
        """Number and extent (LPS) of all contours, in words."""
        clouds = [contour.points for roi in self.rois for contour in roi.contours if np.isfinite(contour.points).all()]
        points = np.concatenate([*clouds, np.zeros((0, 3))])
        if not len(points):
            return f"{len(self.rois)} ROIs without contours"
        return f"{len(clouds)} contours from {point(points.min(axis=0))} to {point(points.max(axis=0))}"


def read_structure_set(dataset: Any, pseudonyms: Pseudonyms) -> StructureSet:
    """Takes an RTSTRUCT dataset apart.

    Raises:
        TagError: if the ROIs' numbers do not say which contours are whose.
    """
    character_set = text(dataset, "SpecificCharacterSet")
    observed: dict[int | None, list[str]] = defaultdict(list)
    kinds: dict[int | None, set[str]] = defaultdict(set)
    for item in dataset.get("RTROIObservationsSequence") or ():
        kinds[_whole(item, "ReferencedROINumber")].add(text(item, "RTROIInterpretedType").upper())
        label = name_of(item, "ROIObservationLabel", character_set=character_set)
        observed[_whole(item, "ReferencedROINumber")].append(label)
    drawn: dict[int | None, list[Contour]] = defaultdict(list)
    for item in dataset.get("ROIContourSequence") or ():
        drawn[_whole(item, "ReferencedROINumber")] += _contours(item, pseudonyms)
    items = list(dataset.get("StructureSetROISequence") or ())
    numbers = own_numbers([_whole(item, "ROINumber") for item in items], of="ROIs")
    require_listed([number for number, contours in drawn.items() if contours], numbers, of="ROIs")
    rois, frames = [], set()
    for item, number in zip(items, numbers, strict=True):
        frame = text(item, "ReferencedFrameOfReferenceUID")
        frames.add(frame)
        name = name_of(item, "ROIName", character_set=character_set)
        rois.append(Roi(number, (name, *observed[number]), tuple(drawn[number]), frozenset(kinds[number]), frame))
    return StructureSet(tuple(rois), _references(dataset, rois, frames, pseudonyms))


def _contours(roi: Any, pseudonyms: Pseudonyms) -> Iterator[Contour]:
    for item in roi.get("ContourSequence") or ():
        images = images_named(item.get("ContourImageSequence") or (), pseudonyms)
        yield Contour(_points(item), text(item, "ContourGeometricType"), images)


def _points(item: Any) -> np.ndarray:
    """The points; NaN where the data are no triples of numbers, or not as many as they should be."""
    unreadable = np.full((1, 3), np.nan)
    try:
        values = np.array([float(part) for part in item.get("ContourData") or ()])
        expected = int(item.get("NumberOfContourPoints") or len(values) // 3)
    except (TypeError, ValueError):
        return unreadable
    return values.reshape(-1, 3) if len(values) == 3 * expected else unreadable


def _references(dataset: Any, rois: Sequence[Roi], frames: set[str], pseudonyms: Pseudonyms) -> References:
    series, instances = set(), {key for roi in rois for contour in roi.contours for key in contour.images.instance_keys}
    within: dict[str, set[str]] = defaultdict(set)
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        frame_uid = text(frame, "FrameOfReferenceUID")
        frames.add(frame_uid)
        for study in frame.get("RTReferencedStudySequence") or ():
            for item in study.get("RTReferencedSeriesSequence") or ():
                series.add(pseudonyms.series(text(item, "SeriesInstanceUID")))
                within[frame_uid].add(pseudonyms.series(text(item, "SeriesInstanceUID")))
                for image in item.get("ContourImageSequence") or ():
                    instances.add(pseudonyms.instance(text(image, "ReferencedSOPInstanceUID")))
    stated = {uid: frozenset(keys) for uid, keys in within.items() if uid}
    return References(frozenset(series), frozenset(instances), frozenset(frames), stated)


def _whole(item: Any, keyword: str) -> int | None:
    try:
        return int(item.get(keyword))
    except (TypeError, ValueError):
        return None


def lay_structure_set(found: StructureSet, target: Target, rules: StructureRules, *, strict: bool) -> LaidOutline:
    """The structure set's tumour on the slices.

    Args:
        found: the structure set.
        target: the slices.
        rules: which ROIs are primary tumour and nodes.
        strict: whether every contour must lie on a slice, see :func:`require_mostly_on_slices`.

    Raises:
        TagError: if no ROI is known, nothing is drawn, or the contours do not lie on the slices.
    """
    named = {roi.number: Structure(roi.names, roi.kinds, drawn=bool(roi.contours)) for roi in found.rois}
    meanings = meanings_of(named, rules)
    structures = Structures(len(target.geometries))
    contours, contours_refused = 0, list[RejectReason]()
    joined = hollowed = cut = 0
    for roi in found.rois:
        if roi.number not in meanings.of:
            continue
        contours += len(roi.contours)
        drawn = drawn_on(roi, target)
        contours_refused += drawn.refused
        joined, hollowed, cut = joined + drawn.joined, hollowed + drawn.hollowed, cut + drawn.cut
        structures.add(meanings.of[roi.number], drawn.masks)
    if not structures.masks:
        detail = f"none of {len(found.rois)} ROIs is called primary tumour or node; see ingest.outlines.structures"
        raise TagError(RejectReason.OUTLINE_LABELS, detail)
    require_mostly_on_slices(
        contours, contours_refused, strict=strict, outline=found.describe(), geometries=target.geometries
    )
    planes, overlap = merged(structures.masks, target.geometries)
    if not any(plane.any() for plane in planes):
        others = f"; of {contours} contours are refused: {counted(contours_refused)}" if contours_refused else ""
        raise TagError(RejectReason.OUTLINE_EMPTY, f"no pixel's centre lies inside a contour{others}")
    return LaidOutline(
        planes,
        len(found.rois),
        meanings.refused,
        contours,
        tuple(contours_refused),
        overlap,
        structures.twice_px,
        Remarks(meanings.doubtful, meanings.contradicted, joined=joined, hollowed=hollowed, cut=cut),
    )
