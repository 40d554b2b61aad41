"""Every outline file of a cohort, with the patient it belongs to. Whether it fits the slices is decided elsewhere.

NIfTI label maps say nothing about the patient: their names do. RTSTRUCT and DICOM SEG objects carry PatientID; without
one, the series that they refer to tells.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from npc_kedro.clinical.side_table import IsMissing, SideTable, no_marks
from npc_kedro.dicom.choices import Choices, read_patient_choices
from npc_kedro.dicom.outlines.nifti import SUFFIXES
from npc_kedro.dicom.outlines.rtstruct import RT_STRUCTURE_SET
from npc_kedro.dicom.outlines.segmentation import SEGMENTATION
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError, text
from npc_kedro.dicom.walk import FoundFile, find_files

_CHOICE_COLUMNS = ("patient_id", "file")
_KIND_TAGS = ["SOPClassUID", "PatientID"]

_OF_DESKTOPS = re.compile(r"\._.*|\.DS_Store|Thumbs\.db|desktop\.ini", re.IGNORECASE)
"""Names of files that macOS and Windows leave beside the user's own; the first have the suffix of one of these."""


@dataclass(frozen=True)
class OutlineFile:
    """An outline file.

    Attributes:
        file: its pseudonym.
        path: where it is.
        place: path below the cohort folder, with ``/``; it may hold names and must not leave ``ingest``.
        patient_key: its patient, empty if unknown.
        reason: why it cannot be used, as far as name and header tell.
    """

    file: str
    path: Path
    place: str
    patient_key: str = ""
    reason: RejectReason | None = None

    @property
    def is_label_map(self) -> bool:
        """Whether it is NIfTI; otherwise it is DICOM."""
        return self.path.name.lower().endswith(SUFFIXES)


@dataclass(frozen=True)
class OutlineSearch:
    """What tells whose an outline is.

    Attributes:
        pseudonyms: makes the keys.
        patients: keys of the patients in use.
        series_owners: every series of the cohort to its patient.
        name_pattern: regular expression for the name of a NIfTI file without suffix, with the group ``patient_id``.
        choices: the outlines that the user chose, see :func:`read_choices`.
    """

    pseudonyms: Pseudonyms
    patients: Collection[str]
    series_owners: Mapping[str, str]
    name_pattern: str
    choices: Choices = field(default_factory=lambda: Choices(SideTable("outline_override.csv")))


def find_outlines(folder: Path, objects: Sequence[FoundFile], search: OutlineSearch) -> list[OutlineFile]:
    """Every file of the outlines folder, and the RTSTRUCT and SEG objects among the images.

    Args:
        folder: the outlines folder; need not be there.
        objects: files of the DICOM folder that hold outlines.
        search: what tells whose they are.

    Raises:
        CohortError: listing every choice that is faulty, names a file that is not there, or one of another patient.
    """
    found = find_files(folder) if folder.is_dir() else []
    files = [
        _identified(key_of_outline(file.relative, search.pseudonyms), file, _place(f"outlines/{file.relative}"), search)
        for file in found
    ]
    files += [
        _identified(search.pseudonyms.file(file.relative), file, _place(f"dicom/{file.relative}"), search)
        for file in objects
    ]
    _require_followed(search.choices, files)
    return files


def key_of_outline(relative: str, pseudonyms: Pseudonyms) -> str:
    """The pseudonym of a file of the outlines folder; a DICOM file of the same path has another."""
    return pseudonyms.file(f"../outlines/{relative}")


def _require_followed(choices: Choices, files: Sequence[OutlineFile]) -> None:
    owners = {outline.place: outline.patient_key for outline in files}
    for patient, place in choices.chosen.items():
        if place not in owners:
            what = "no outline lies at the path given in column file; give it as seen from the cohort folder"
            choices.fault(patient, f"patient {patient}: {what}")
        elif owners[place] not in ("", patient):
            choices.fault(patient, f"patient {patient}: the file named belongs to patient {owners[place]}")
    choices.table.require_sound()


def _identified(key: str, found: FoundFile, place: str, search: OutlineSearch) -> OutlineFile:
    regular = found.path.is_file()  # a named pipe or a device, itself or behind a link, would be waited for
    suffix = next((suffix for suffix in SUFFIXES if found.path.name.lower().endswith(suffix)), None)
    if _OF_DESKTOPS.fullmatch(found.path.name):
        return OutlineFile(key, found.path, place, reason=RejectReason.OUTLINE_OF_DESKTOP)
    try:
        if suffix is None and not regular:
            raise TagError(RejectReason.OUTLINE_UNREADABLE, RejectReason.OUTLINE_UNREADABLE.meaning)
        if suffix is None:
            patient_key = _patient_of_object(found.path, search)
        else:
            match = re.fullmatch(search.name_pattern, found.path.name[: -len(suffix)])
            patient_key = search.pseudonyms.patient(match["patient_id"]) if match else ""
    except TagError as error:
        return OutlineFile(key, found.path, place, reason=error.reason)
    if patient_key not in search.patients:
        patient_key = next(
            (patient for patient, chosen in search.choices.chosen.items() if chosen == place), patient_key
        )
    if patient_key not in search.patients:
        known = patient_key if patient_key in search.series_owners.values() else ""
        return OutlineFile(key, found.path, place, known, RejectReason.OUTLINE_WITHOUT_PATIENT)
    return OutlineFile(key, found.path, place, patient_key, None if regular else RejectReason.OUTLINE_UNREADABLE)


def _patient_of_object(path: Path, search: OutlineSearch) -> str:
    """The patient of an RTSTRUCT or SEG object.

    Raises:
        TagError: if the file is neither.
    """
    dataset = open_object(path, tags=_KIND_TAGS)
    if text(dataset, "SOPClassUID") not in (RT_STRUCTURE_SET, *SEGMENTATION):
        raise TagError(RejectReason.OUTLINE_FORMAT, RejectReason.OUTLINE_FORMAT.meaning)
    identifier = text(dataset, "PatientID")
    if identifier:
        return search.pseudonyms.patient(identifier)
    owners = {
        search.series_owners.get(search.pseudonyms.series(uid), "")
        for uid in _referenced_series(
            open_object(path, tags=["ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence"])
        )
    } - {""}
    return owners.pop() if len(owners) == 1 else ""


def _referenced_series(dataset: Any) -> Iterator[str]:
    for item in dataset.get("ReferencedSeriesSequence") or ():
        yield text(item, "SeriesInstanceUID")
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for item in study.get("RTReferencedSeriesSequence") or ():
                yield text(item, "SeriesInstanceUID")


def open_object(path: Path, *, tags: list[str] | None = None) -> Any:
    """A DICOM file; with ``tags`` nothing but these.

    Raises:
        TagError: if it is no DICOM file, or cannot be read.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with silenced():
            return pydicom.dcmread(path, specific_tags=tags, stop_before_pixels=tags is not None)
    except InvalidDicomError:
        raise TagError(RejectReason.OUTLINE_FORMAT, RejectReason.OUTLINE_FORMAT.meaning) from None
    except Exception as error:  # a damaged file can make pydicom raise anything; each ends as a reason code
        detail = f"the file cannot be read ({type(error).__name__})"
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail) from None


def read_choices(path: Path, pseudonyms: Pseudonyms, is_missing: IsMissing = no_marks) -> Choices:
    """The user's choices, patient key to the place of the outline to use; none if there is no such file.

    Columns ``patient_id`` and ``file`` (path as seen from the cohort folder, with /). A choice decides between several
    outlines of a patient, gives a patient to a file whose name does not tell, and admits an outline that was drawn on
    another series, if its geometry fits.

    Raises:
        CohortError: if columns are missing. Faults of rows are told by :func:`find_outlines`.
    """
    columns = _CHOICE_COLUMNS
    return read_patient_choices(path, columns, pseudonyms, _place, identifiers=columns[:1], is_missing=is_missing)


def _place(file: str) -> str:
    """A path in the spelling in which paths are compared: the folder may be Outlines or outlines, ü one sign or two."""
    plain = unicodedata.normalize("NFC", file.replace("\\", "/")).removeprefix("./")
    folder, slash, rest = plain.partition("/")
    return folder.casefold() + slash + rest
