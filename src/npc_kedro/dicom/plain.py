"""The header of an ordinary MR file straight from its bytes: the few elements that the study asks for, and no others.

pydicom parses every element into an object, which costs as much as reading the pixels. This reader walks over the
elements, keeps the wanted ones as bytes and stops at the pixels. It declines (returns None) whatever is not plain:
big-endian and deflated files, enhanced multi-frame, unusual value representations, anything damaged. Those are read by
pydicom, so that nothing is understood here that pydicom would understand differently (a test holds the two together).

Source: DICOM PS3.5, 7.1 (data elements) and 7.5 (sequences); PS3.10, 7.1 (file meta information).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from struct import Struct, error
from typing import Any, TypeVar

_EXPLICIT = Struct("<L2sH").unpack_from
_IMPLICIT = Struct("<LL").unpack_from
_LENGTH = Struct("<L").unpack_from


def _in_file(tag: int) -> int:
    """A tag as it is read from a little-endian file in one go: its element before its group."""
    return (tag & 0xFFFF) << 16 | tag >> 16


IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_ENCAPSULATED_PREFIX = "1.2.840.10008.1.2.4."
_RLE = "1.2.840.10008.1.2.5"

HEADER_BYTES = (2**14, 2**17, 2**20)
"""Most headers end before the first; most of Siemens' with their private elements before the second; nearly all before
the third."""

_UNDEFINED = 0xFFFFFFFF
_PIXEL_GROUP = 0x7FE0
_PIXEL_DATA, _TRANSFER_SYNTAX, _ITEM, _SEQUENCE_END = map(_in_file, (0x7FE00010, 0x00020010, 0xFFFEE000, 0xFFFEE0DD))

SHORT_KINDS = {kind.encode(): kind for kind in (
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI",
    "UL", "US",
)}  # fmt: skip
"""Value representations with a length of two bytes; all others have two reserved bytes and a length of four."""

LONG_KINDS = {kind.encode(): kind for kind in (
    "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
)}  # fmt: skip

WANTED: dict[str, tuple[int, str]] = {
    "SpecificCharacterSet": (0x00080005, "CS"),
    "ImageType": (0x00080008, "CS"),
    "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"),
    "StudyDate": (0x00080020, "DA"),
    "SeriesDate": (0x00080021, "DA"),
    "AcquisitionDate": (0x00080022, "DA"),
    "ContentDate": (0x00080023, "DA"),
    "AcquisitionDateTime": (0x0008002A, "DT"),
    "AcquisitionTime": (0x00080032, "TM"),
    "ContentTime": (0x00080033, "TM"),
    "SeriesDescription": (0x0008103E, "LO"),
    "PatientName": (0x00100010, "PN"),
    "PatientID": (0x00100020, "LO"),
    "PatientBirthDate": (0x00100030, "DA"),
    "PatientSex": (0x00100040, "CS"),
    "ContrastBolusAgent": (0x00180010, "LO"),
    "BodyPartExamined": (0x00180015, "CS"),
    "ScanningSequence": (0x00180020, "CS"),
    "ScanOptions": (0x00180022, "CS"),
    "SequenceName": (0x00180024, "SH"),
    "SliceThickness": (0x00180050, "DS"),
    "RepetitionTime": (0x00180080, "DS"),
    "EchoTime": (0x00180081, "DS"),
    "InversionTime": (0x00180082, "DS"),
    "EchoNumbers": (0x00180086, "IS"),
    "ProtocolName": (0x00181030, "LO"),
    "FlipAngle": (0x00181314, "DS"),
    "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"),
    "AcquisitionNumber": (0x00200012, "IS"),
    "InstanceNumber": (0x00200013, "IS"),
    "ImagePositionPatient": (0x00200032, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"),
    "FrameOfReferenceUID": (0x00200052, "UI"),
    "TemporalPositionIdentifier": (0x00200100, "IS"),
    "NumberOfTemporalPositions": (0x00200105, "IS"),
    "SamplesPerPixel": (0x00280002, "US"),
    "PhotometricInterpretation": (0x00280004, "CS"),
    "NumberOfFrames": (0x00280008, "IS"),
    "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"),
    "PixelSpacing": (0x00280030, "DS"),
    "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"),
    "HighBit": (0x00280102, "US"),
    "PixelRepresentation": (0x00280103, "US"),
    "PixelPaddingValue": (0x00280120, "US"),
    "PixelPaddingRangeLimit": (0x00280121, "US"),
    "RescaleIntercept": (0x00281052, "DS"),
    "RescaleSlope": (0x00281053, "DS"),
}
"""What the study asks of a header: keyword, tag and value representation (DICOM PS3.6)."""

_KEPT = {_in_file(tag): (keyword, kind) for keyword, (tag, kind) in WANTED.items()}
_NESTED = frozenset(map(_in_file, (0x00180012, 0x00283000, 0x52009229, 0x52009230)))
"""Sequences that the study looks into: contrast agents by code, modality LUT, functional groups of enhanced files."""


_MOST_REMEMBERED = 1024
"""Answers of one function, after which it begins afresh: memory does not grow with the cohort."""

Answer = TypeVar("Answer")


class _NotPlainError(Exception):
    """Something that is left to pydicom."""


@dataclass(frozen=True)
class PlainHeader:
    """The wanted elements of a file, with the part of pydicom's ``Dataset`` interface that :mod:`tags` needs.

    Attributes:
        elements: keyword to value representation and bytes.
        syntax: TransferSyntaxUID.
        pixels_at: first byte of the pixel data's value.
        pixels_length: its length in bytes; None if undefined (encapsulated).
    """

    elements: dict[str, tuple[str, bytes]]
    syntax: str
    pixels_at: int
    pixels_length: int | None

    @property
    def is_native(self) -> bool:
        """Whether the pixels lie in the file as they are, in little-endian order."""
        return self.syntax in (IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN) and self.pixels_length is not None

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.elements

    def get(self, keyword: str) -> Any:
        """The element's value as pydicom gives it: whole numbers, or text in the file's character set."""
        found = self.elements.get(keyword)
        if found is None or not found[1]:
            return None
        kind, content = found
        if kind in ("US", "SS"):
            signed = kind == "SS"
            if len(content) == 2:
                return int.from_bytes(content, "little", signed=signed)
            numbers = [
                int.from_bytes(content[at : at + 2], "little", signed=signed) for at in range(0, len(content), 2)
            ]
            return numbers[0] if len(numbers) == 1 else numbers
        _, character_sets = self.elements.get("SpecificCharacterSet", ("CS", b""))
        return _decoded(kind, content, character_sets)


def understood_once(*keywords: str) -> Callable[[Callable[[Any], Answer]], Callable[[Any], Answer]]:
    """For functions of a header: elements that stand in it as they stood in an earlier plain one mean the same.

    The slices of a series repeat nearly all of their header, and what it means costs more than to read it. The function
    is shown the elements named here and no others, so that nothing else can enter what is remembered. Errors are not
    remembered; datasets of pydicom go straight through.
    """

    def decorate(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        answers: dict[tuple[tuple[str, bytes] | None, ...], Answer] = {}

        @wraps(function)
        def understood(dataset: Any) -> Answer:
            if not isinstance(dataset, PlainHeader):
                return function(dataset)
            values = tuple(map(dataset.elements.get, keywords))
            if values not in answers:
                if len(answers) >= _MOST_REMEMBERED:
                    answers.clear()
                shown = {keyword: value for keyword, value in zip(keywords, values, strict=True) if value is not None}
                answers[values] = function(PlainHeader(shown, "", 0, None))
            return answers[values]

        return understood

    return decorate


@lru_cache(maxsize=1024)
def _decoded(kind: str, content: bytes, character_sets: bytes) -> Any:
    """Text in the file's character set. Names repeat from slice to slice, hence the cache."""
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_PN, convert_string, convert_text

    encodings = convert_encodings(convert_string(character_sets, True))
    if kind == "PN":
        return convert_PN(content, encodings)
    return convert_text(content, encodings) if kind in ("LO", "SH") else convert_string(content, True)


def plain_header(content: bytes) -> PlainHeader | None:
    """The header of a file, or None if pydicom has to read it.

    Args:
        content: the file's bytes from the first on; enough of them to reach the pixel data.
    """
    if content[128:132] != b"DICM":
        return None
    try:
        syntax, start = _meta(content)
        if syntax == IMPLICIT_LITTLE_ENDIAN:
            return _scan(content, start, syntax, _implicit_element, {})
        if syntax in (EXPLICIT_LITTLE_ENDIAN, _RLE) or syntax.startswith(_ENCAPSULATED_PREFIX):
            return _scan(content, start, syntax, _explicit_element, SHORT_KINDS)
    except (_NotPlainError, error):  # struct.error: the bytes end before the pixels
        pass
    return None


def _meta(content: bytes) -> tuple[str, int]:
    """TransferSyntaxUID, and the first byte after the file meta information.

    pydicom converts the group's length before anything else and refuses a file where it is no whole number.
    """
    position, syntax = 132, ""
    while content[position : position + 2] == b"\x02\x00":
        tag, kind, length, value_at = _explicit_element(content, position)
        position = value_at + length
        if kind not in ("UI", "SH", "AE", "OB") and (kind, length) != ("UL", 4):
            raise _NotPlainError
        if tag == _TRANSFER_SYNTAX:
            syntax = content[value_at:position].decode("ascii", "replace").strip(" \0")
    return syntax, position


_Element = tuple[int, str, int, int]
"""Tag as in the file, value representation ("" if unknown), length of the value and its first byte."""


def _explicit_element(content: bytes, position: int) -> _Element:
    tag, kind, length = _EXPLICIT(content, position)
    short = SHORT_KINDS.get(kind)
    if short is not None:
        return tag, short, length, position + 8
    if kind in LONG_KINDS:
        return tag, LONG_KINDS[kind], _LENGTH(content, position + 8)[0], position + 12
    raise _NotPlainError


def _implicit_element(content: bytes, position: int) -> _Element:
    tag, length = _IMPLICIT(content, position)
    return tag, _KEPT[tag][1] if tag in _KEPT else "", length, position + 8


def _scan(
    content: bytes, position: int, syntax: str, read: Callable[[bytes, int], _Element], short_kinds: dict[bytes, str]
) -> PlainHeader:
    """The elements up to the pixels; those of ``short_kinds`` without a call of ``read`` each."""
    elements: dict[str, tuple[str, bytes]] = {}
    while True:
        tag, written, length = _EXPLICIT(content, position)
        short = short_kinds.get(written)
        if short is not None:
            kind, value_at = short, position + 8
        else:
            tag, kind, length, value_at = read(content, position)
        position = value_at + length
        kept = _KEPT.get(tag)
        if kept is not None:
            fits = kind == kept[1] or (kind, kept[1]) == ("SS", "US")
            if not fits or position > len(content):  # an undefined length reaches beyond the end, too
                raise _NotPlainError
            elements[kept[0]] = (kind, content[value_at:position])
        elif tag & 0xFFFF >= _PIXEL_GROUP:
            if tag != _PIXEL_DATA:
                raise _NotPlainError
            return PlainHeader(elements, syntax, value_at, None if length == _UNDEFINED else length)
        elif tag in _NESTED:
            raise _NotPlainError
        elif length == _UNDEFINED:
            if kind not in ("SQ", ""):
                raise _NotPlainError
            position = _after_sequence(content, value_at, read)


def _after_sequence(content: bytes, position: int, read: Callable[[bytes, int], _Element]) -> int:
    """The first byte after a sequence of undefined length."""
    while True:
        tag, length = _IMPLICIT(content, position)
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise _NotPlainError
        position = _after_item(content, position, read) if length == _UNDEFINED else position + length


def _after_item(content: bytes, position: int, read: Callable[[bytes, int], _Element]) -> int:
    """The first byte after an item of undefined length."""
    while content[position : position + 4] != b"\xfe\xff\x0d\xe0":
        _, kind, length, value_at = read(content, position)
        if length != _UNDEFINED:
            position = value_at + length
        elif kind in ("SQ", ""):
            position = _after_sequence(content, value_at, read)
        else:
            raise _NotPlainError
    return position + 8
