"""One file's header: what identifies it, where its slices lie, what speaks for its sequence. Pixels are not read.

pydicom returns a dataset without warning when a file is cut inside its header, so every mandatory tag is checked here.
"""

import os
import stat
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import inf
from typing import Any

from npc_kedro.dicom.facts import ImageLook
from npc_kedro.dicom.frames import ENHANCED_MR, read_frames, require_pixel_bytes
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.looks import read_looks
from npc_kedro.dicom.plain import HEADER_BYTES, PlainHeader, plain_header, understood_once
from npc_kedro.dicom.pseudonyms import normalised_identifier
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError, number, required_text, required_whole, text
from npc_kedro.dicom.timing import day_of, seconds_of
from npc_kedro.dicom.walk import FoundFile

MR_IMAGE = ("1.2.840.10008.5.1.4.1.1.4", *ENHANCED_MR)
"""SOP classes that are read: MR Image Storage and the enhanced ones."""

OUTLINE_OBJECTS = (
    "1.2.840.10008.5.1.4.1.1.481.3",
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.66.7",
)
"""SOP classes that hold outlines: RT Structure Set, Segmentation and Label Map Segmentation Storage."""

_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR: Media Storage Directory Storage."""

_GREYSCALE = ("MONOCHROME1", "MONOCHROME2")
_COLOURS = (
    "RGB",
    "PALETTE COLOR",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_PARTIAL_420",
    "YBR_ICT",
    "YBR_RCT",
    "HSV",
    "ARGB",
    "CMYK",
)
"""Names that may be repeated in a message: a damaged tag may hold anything."""

_FIRST_PIXELS = 0x7FE00008

_LARGEST_VALUE = 2**28
"""A larger value before the pixels is passed over, bytes: it is damage, and would ask for all memory."""

_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")

_KNOWN_BEGINNINGS = {
    b"PK": "a zip archive; unpack it",
    b"\xff\xd8": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file",
}


@dataclass(frozen=True)
class Person:
    """Who a file says it belongs to, as written. Lives in memory only."""

    identifier: str
    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""

    @property
    def known(self) -> bool:
        """Whether the identifier is more than blanks."""
        return bool(normalised_identifier(self.identifier))


@dataclass(frozen=True)
class Header:
    """A readable MR file; ``looks`` has one entry for all images, or one per frame."""

    found: FoundFile
    person: Person
    study_uid: str
    series_uid: str
    instance_uid: str
    frame_of_reference: str
    order: tuple[float, float]
    study_day: date | None
    geometries: tuple[SliceGeometry, ...]
    looks: tuple[ImageLook, ...]


@dataclass(frozen=True)
class Rejection:
    """A file that is refused, with its reason and a detail free of patients' values."""

    found: FoundFile
    reason: RejectReason
    detail: str
    person: Person | None = None


def read_header(found: FoundFile, *, accept_without_preamble: bool = False) -> Header | Rejection:
    """The header of a file, or why the file is refused. Never raises on what a file may contain."""
    return read_headers([found], accept_without_preamble=accept_without_preamble)[0]


def read_headers(found: Sequence[FoundFile], *, accept_without_preamble: bool = False) -> list[Header | Rejection]:
    """The headers of several files; see :func:`read_header`."""
    with silenced():
        return [_read_header(file, accept_without_preamble) for file in found]


def _read_header(found: FoundFile, accept_without_preamble: bool) -> Header | Rejection:
    person: Person | None = None
    try:
        dataset, size = _open(found.location, accept_without_preamble)
        person = _person(dataset)
        header = _header(found, person, dataset)
        _require_pixels(dataset, header, size)
        return header
    except TagError as error:
        return Rejection(found, error.reason, error.detail, person)
    except (OSError, EOFError) as error:
        if getattr(error, "errno", None) is None:  # pydicom's own, where the file ends too early
            return Rejection(found, RejectReason.MISSING_TAG, "the header has no end; the file was cut", person)
        return Rejection(found, RejectReason.UNREADABLE, error.strerror or type(error).__name__, person)
    except zlib.error:  # pydicom unpacks a deflated file as a whole
        detail = "the deflated data have no end or are damaged: the file was cut, or bytes in it changed"
        return Rejection(found, RejectReason.PIXELS_TRUNCATED, detail, person)
    except Exception as error:  # a damaged file can make pydicom raise anything; each ends as a reason code
        detail = f"the header cannot be parsed ({type(error).__name__})"
        return Rejection(found, RejectReason.INVALID_TAG, detail, person)


def _require_pixels(dataset: Any, header: Header, size: int) -> None:
    """Sees to it that uncompressed pixels are all there; of compressed ones only decoding can tell."""
    if isinstance(dataset, PlainHeader) and dataset.is_native:
        there = min(dataset.pixels_length or 0, size - dataset.pixels_at)
        rows, columns = header.geometries[0].shape
        bits = required_whole(dataset, "BitsAllocated", lowest=8)
        require_pixel_bytes(there, (len(header.geometries), rows, columns), bits)


def _open(location: str, accept_without_preamble: bool) -> tuple[Any, int]:
    """The header, and the size of the file."""
    # By the system's own calls: Python's file objects cost as much as the reading. A named pipe must not be waited for.
    descriptor = os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise TagError(RejectReason.UNREADABLE, "not a regular file, or a link to a folder")
        head = os.read(descriptor, HEADER_BYTES[0])
        plain = plain_header(head)
        if plain is not None:
            return plain, status.st_size
        if not head:
            raise TagError(RejectReason.EMPTY_FILE, RejectReason.EMPTY_FILE.meaning)
        preamble = head[128:132] == b"DICM"
        if not preamble:
            _require_plausible(head[:132], accept_without_preamble)
        for size in HEADER_BYTES[1:]:
            head += os.read(descriptor, size - len(head))
            plain = plain_header(head)
            if plain is not None or len(head) >= status.st_size:
                break
        return plain or _by_pydicom(descriptor, force=not preamble), status.st_size
    finally:
        os.close(descriptor)


def _by_pydicom(descriptor: int, *, force: bool) -> Any:
    from pydicom.filereader import read_partial

    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return read_partial(file, _header_ends, force=force, defer_size=_LARGEST_VALUE)


def _header_ends(tag: Any, _kind: str | None, _length: int) -> bool:
    """At the pixels; and where a file was never filled, whose zeros pydicom would take for millions of elements."""
    return tag >= _FIRST_PIXELS or tag == 0


def _require_plausible(head: bytes, accept_without_preamble: bool) -> None:
    """Lets only a bare dataset through: one that begins with group 0002 or 0008, in either byte order."""
    if head[:2] not in (b"\x08\x00", b"\x02\x00", b"\x00\x08", b"\x00\x02") or len(head) < 8:
        known = [what for beginning, what in _KNOWN_BEGINNINGS.items() if head.startswith(beginning)]
        raise TagError(RejectReason.NOT_DICOM, known[0] if known else "no DICM at byte 128")
    if not accept_without_preamble:
        raise TagError(RejectReason.NO_PREAMBLE, RejectReason.NO_PREAMBLE.meaning)


@understood_once("SpecificCharacterSet", "PatientID", "PatientName", "PatientBirthDate", "PatientSex")
def _person(dataset: Any) -> Person:
    return Person(
        identifier=text(dataset, "PatientID"),
        name=text(dataset, "PatientName"),
        birth_date=text(dataset, "PatientBirthDate"),
        sex=text(dataset, "PatientSex"),
    )


def _header(found: FoundFile, person: Person, dataset: Any) -> Header:
    if _is_directory(dataset):
        raise TagError(RejectReason.NOT_MR_IMAGE, "DICOMDIR, a list of the files on a disc")
    kind = required_text(dataset, "SOPClassUID")
    if kind in OUTLINE_OBJECTS:
        raise TagError(RejectReason.OUTLINE_OBJECT, RejectReason.OUTLINE_OBJECT.meaning)
    if kind not in MR_IMAGE:
        raise TagError(RejectReason.NOT_MR_IMAGE, f"SOP class {_sop_class_name(kind)}")
    if "PatientID" not in dataset:
        raise TagError(RejectReason.MISSING_TAG, "PatientID is missing")
    if not person.known:
        raise TagError(RejectReason.NO_PATIENT_ID, RejectReason.NO_PATIENT_ID.meaning)
    _require_greyscale(dataset)
    if dataset.get("ModalityLUTSequence"):
        detail = (
            "ModalityLUTSequence; expected RescaleSlope and RescaleIntercept. Export the series as its scanner made it"
        )
        raise TagError(RejectReason.PIXELS_UNDECODABLE, detail)
    return Header(
        found=found,
        person=person,
        study_uid=required_text(dataset, "StudyInstanceUID"),
        series_uid=required_text(dataset, "SeriesInstanceUID"),
        instance_uid=required_text(dataset, "SOPInstanceUID"),
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        order=_order(dataset),
        study_day=_study_day(dataset),
        geometries=tuple(frame.geometry for frame in read_frames(dataset)),
        looks=read_looks(dataset),
    )


def _is_directory(dataset: Any) -> bool:
    """Whether this is a DICOMDIR, which says so in its file meta information only (DICOM PS3.10, 8.6)."""
    return not isinstance(dataset, PlainHeader) and text(dataset.file_meta, "MediaStorageSOPClassUID") == _DIRECTORY


@understood_once("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "PixelRepresentation")
def _require_greyscale(dataset: Any) -> None:
    samples = required_whole(dataset, "SamplesPerPixel", lowest=1)
    colours = required_text(dataset, "PhotometricInterpretation")
    required_whole(dataset, "BitsAllocated", lowest=8)
    required_whole(dataset, "PixelRepresentation", lowest=0)
    if samples != 1 or colours not in _GREYSCALE:
        what = colours if colours in (*_GREYSCALE, *_COLOURS) else "an unknown PhotometricInterpretation"
        detail = f"{what} of {samples} samples per pixel; expected MONOCHROME1 or MONOCHROME2 of 1"
        raise TagError(RejectReason.NOT_GREYSCALE, detail)


def _order(dataset: Any) -> tuple[float, float]:
    """InstanceNumber and time of day: what decides between images at one place that nothing else tells apart.

    Missing ones come last.
    """
    instance = number(dataset, "InstanceNumber")
    return instance if instance == instance else inf, _time(dataset)


def _time(dataset: Any) -> float:
    """Seconds of the day; of a date and time at once the time, without its zone."""
    both = text(dataset, "AcquisitionDateTime")[8:].partition("+")[0].partition("-")[0]
    written = (text(dataset, "AcquisitionTime"), both, text(dataset, "ContentTime"))
    return next((at for one in written if (at := seconds_of(one)) is not None), inf)


@understood_once(*_DATES, "AcquisitionDateTime")
def _study_day(dataset: Any) -> date | None:
    """The day of the examination, from the first tag that holds one, or that of the image, if it is later.

    A series that was made later and filed under an earlier study must not pass for one before the treatment.
    """
    days = [day_of(text(dataset, keyword)) for keyword in _DATES]
    of_study = next(filter(None, days), None)
    acquired = days[_DATES.index("AcquisitionDate")] or day_of(text(dataset, "AcquisitionDateTime")[:8])
    return max(of_study, acquired) if of_study and acquired else of_study


def _sop_class_name(uid: str) -> str:
    from pydicom.uid import UID_dictionary

    known = UID_dictionary.get(uid)
    return known[0] if known else "unknown"
