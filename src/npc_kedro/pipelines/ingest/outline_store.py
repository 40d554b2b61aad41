"""Outlines on their way into the catalog, patient by patient, so that memory stays flat."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.outlines.doubts import Doubt, doubts_of
from npc_kedro.dicom.outlines.folder import OutlineFile, open_object
from npc_kedro.dicom.outlines.laid import LaidOutline
from npc_kedro.dicom.outlines.matching import Match, Target, matched
from npc_kedro.dicom.outlines.nifti import lay_label_map, read_label_map, relabelled
from npc_kedro.dicom.outlines.rtstruct import RT_STRUCTURE_SET, lay_structure_set, read_structure_set
from npc_kedro.dicom.outlines.rules import OutlineRules
from npc_kedro.dicom.outlines.segmentation import lay_segmentation, read_segmentation
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError, text
from npc_kedro.dicom.turns import turn_of
from npc_kedro.imaging.resample import resample_labels, square_extents
from npc_kedro.pipelines.ingest.outline_target import SlicesOfPatients

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OutlineReader:
    """Lays outline files on slices.

    Attributes:
        rules: what names and labels mean.
        pseudonyms: makes the keys of what an outline refers to.
        series_owners: every series of the cohort to its patient.
        series_of: pseudonym of every SOPInstanceUID of the cohort to its series.
        choices: patient key to the place of the outline that the user chose.
    """

    rules: OutlineRules
    pseudonyms: Pseudonyms
    series_owners: Mapping[str, str]
    series_of: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)

    def lay(self, outline: OutlineFile, slices: SlicesOfPatients) -> LaidOutline:
        """The outline on its patient's slices.

        Raises:
            TagError: with the reason, whatever is wrong with the outline.
        """
        if outline.reason is not None:
            raise TagError(outline.reason, outline.reason.meaning)
        chosen = self.choices.get(outline.patient_key)
        if chosen not in (None, outline.place):
            raise TagError(RejectReason.OUTLINE_NOT_CHOSEN, RejectReason.OUTLINE_NOT_CHOSEN.meaning)
        target = slices.target(outline.patient_key, of_files=not outline.is_label_map)
        try:
            with silenced():
                if outline.is_label_map:
                    label_map = relabelled(read_label_map(outline.path), self.rules.meanings())
                    return lay_label_map(label_map, target.geometries)
                return self._lay_object(outline, target, chosen=chosen is not None)
        except TagError:
            raise
        except Exception as error:  # a damaged object can make pydicom raise anything; each ends as a reason code
            detail = f"the file cannot be read ({type(error).__name__})"
            raise TagError(RejectReason.OUTLINE_UNREADABLE, detail) from None

    def _lay_object(self, outline: OutlineFile, target: Target, *, chosen: bool) -> LaidOutline:
        dataset = open_object(outline.path)
        target = replace(target, series_of={} if chosen else self.series_of)
        given = {"series_owners": self.series_owners, "chosen": chosen}
        if text(dataset, "SOPClassUID") == RT_STRUCTURE_SET:
            structure_set = read_structure_set(dataset, self.pseudonyms)
            match = matched(structure_set.references, target, **given, outline=structure_set.describe())
            target = match.admitting(target, structure_set.references)
            laid = lay_structure_set(structure_set, target, self.rules.structures, strict=match.strict)
            return _remarked(laid, match)
        threshold = self.rules.fractional_threshold
        segmentation = read_segmentation(dataset, self.pseudonyms, threshold=threshold)
        match = matched(segmentation.references, target, **given, outline=segmentation.describe())
        return _remarked(lay_segmentation(segmentation, target, self.rules.structures, strict=match.strict), match)


def _remarked(laid: LaidOutline, match: Match) -> LaidOutline:
    return replace(laid, remarks=replace(laid.remarks, across_frames=match.across_frames))


@dataclass(frozen=True)
class StoredOutlines:
    """The outlines, and the account of their files.

    Attributes:
        images: labels on the slices of outlined patients.
        patients: keys of outlined patients, sorted.
        files: pseudonyms of all outline files.
        rejected: file, patient, reason and detail of those that are refused.
        structures: how many ROIs, segments or labels the outlines in use have, and why some are not used.
        contours: the same for their contours, frames or labelled planes.
        doubts: patient and what is doubtful of an outline in use.
    """

    images: ImageTable
    patients: list[str]
    files: list[str]
    rejected: list[tuple[str, str, RejectReason, str]]
    structures: tuple[int, list[RejectReason]]
    contours: tuple[int, list[RejectReason]]
    doubts: list[tuple[str, Doubt]]

    @property
    def used_files(self) -> set[str]:
        """Files that gave an outline."""
        return set(self.files) - {row[0] for row in self.rejected}


def store_outlines(
    writer: ImageTableWriter,
    found: Sequence[OutlineFile],
    slices: SlicesOfPatients,
    reader: OutlineReader,
    *,
    matrix: int,
) -> StoredOutlines:
    """Lays every outline that verifiably fits on its patient's slices; the others are refused with their reason.

    Args:
        writer: takes the label images.
        found: the outline files with their patients.
        slices: the slices.
        reader: lays a file on slices.
        matrix: side of a stored slice, pixels.
    """
    by_patient: dict[str, list[OutlineFile]] = defaultdict(list)
    for outline in sorted(found, key=lambda outline: (outline.patient_key, outline.file)):
        by_patient[outline.patient_key].append(outline)
    rows: list[dict[str, object]] = []
    rejected: list[tuple[str, str, RejectReason, str]] = []
    used: list[LaidOutline] = []
    doubts: list[tuple[str, Doubt]] = []
    for patient_key, files in by_patient.items():
        usable, refusals = _one_of(files, slices, reader)
        planes: list[np.ndarray] = []
        if usable is not None:
            file, laid = usable
            planes = _on_stored_grid(laid, slices.slices[patient_key], matrix)
            if not any(plane.any() for plane in planes):
                detail = f"nothing that is outlined is left on the stored {matrix} x {matrix} pixels (ingest.matrix)"
                refusals.append((file.file, patient_key, RejectReason.OUTLINE_EMPTY, detail))
                usable = None
        rejected += refusals
        for name, _, _, detail in refusals:
            _log.warning("Outline %s of patient %s is refused: %s", name, patient_key or "unknown", detail)
        if usable is None:
            continue
        used.append(laid)
        if laid.overlap_px:
            _log.info(
                "Outline of patient %s: %d pixels are primary and node; primary holds", patient_key, laid.overlap_px
            )
        for doubt in doubts_of(laid, planes):
            _log.warning("Outline of patient %s: %s; %s", patient_key, doubt.found, doubt.remedy)
            doubts.append((patient_key, doubt))
        for index, plane in enumerate(planes):
            writer.append(plane)
            rows.append({"slice_row": slices.first_row[patient_key] + index, "patient_key": patient_key})
    images = writer.finish(pd.DataFrame(rows, columns=["slice_row", "patient_key"]).astype({"slice_row": "int64"}))
    return StoredOutlines(
        images=images,
        patients=sorted(set(images.table["patient_key"])),
        files=[outline.file for outline in found],
        rejected=rejected,
        structures=(
            sum(laid.structures for laid in used),
            [reason for laid in used for reason in laid.structures_refused],
        ),
        contours=(sum(laid.contours for laid in used), [reason for laid in used for reason in laid.contours_refused]),
        doubts=doubts,
    )


def _one_of(
    files: Sequence[OutlineFile], slices: SlicesOfPatients, reader: OutlineReader
) -> tuple[tuple[OutlineFile, LaidOutline] | None, list[tuple[str, str, RejectReason, str]]]:
    """The one usable outline among a patient's files, if it is one, and the refusals of the others."""
    usable: dict[str, tuple[OutlineFile, LaidOutline]] = {}
    refusals: list[tuple[str, str, RejectReason, str]] = []
    for outline in files:
        try:
            laid = reader.lay(outline, slices)
        except TagError as error:
            refusals.append((outline.file, outline.patient_key, error.reason, error.detail))
            continue
        content = hashlib.sha256(outline.path.read_bytes()).hexdigest() if len(files) > 1 else ""
        if content in usable:
            duplicate = RejectReason.DUPLICATE
            refusals.append((outline.file, outline.patient_key, duplicate, duplicate.meaning))
        else:
            usable[content] = (outline, laid)
    if len(usable) == 1:
        return next(iter(usable.values())), refusals
    ambiguous = RejectReason.OUTLINE_AMBIGUOUS
    refusals += [(file.file, file.patient_key, ambiguous, ambiguous.meaning) for file, _ in usable.values()]
    return None, refusals


def _on_stored_grid(laid: LaidOutline, slices: Sequence[DecodedSlice], matrix: int) -> list[np.ndarray]:
    """The planes turned and resampled as their slices were."""
    stored = []
    for plane, item in zip(laid.planes, slices, strict=True):
        turn = turn_of(item.geometry.orientation)
        extents = square_extents(turn.of_pair(item.geometry.shape), turn.of_pair(item.geometry.spacing))
        stored.append(resample_labels(turn.of_image(plane), (matrix, matrix), extents=extents))
    return stored
