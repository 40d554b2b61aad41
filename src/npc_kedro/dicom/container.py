"""The bytes round the pixels: whether what encloses them, and what follows them, stands where it should.

Bytes that were lost from compressed pixels, or slipped in among uncompressed ones, move everything behind them: items
then end elsewhere than the next one begins, and no data element begins where the pixels end. Decoders do not look.

Source: DICOM PS3.5, 7.1 (data elements) and A.4 (encapsulated pixel data).
"""

from struct import Struct, error

from npc_kedro.dicom.plain import LONG_KINDS, SHORT_KINDS
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LENGTH = Struct("<L").unpack_from

_UNDEFINED = 0xFFFFFFFF
_PIXEL_DATA = 0x7FE00010

_BLOCK = 128
"""Zeros that fill a file up to a multiple of this, or are a multiple of it themselves, were put there to fill it."""


def end_of_items(content: bytes | memoryview, at: int) -> int:
    """The first byte behind encapsulated pixel data; bytes that follow an odd length, uncounted, belong to it.

    Args:
        content: the file.
        at: first byte of the value of its PixelData, which has no length of its own.

    Raises:
        TagError: if the items do not lead to the mark that ends them.
    """
    while (tag := bytes(content[at : at + 4])) == _ITEM and at + 8 <= len(content):
        length = _LENGTH(content, at + 4)[0]
        at += 8 + length
        at += length % 2 and bytes(content[at : at + 4]) not in (_ITEM, _DELIMITER)
    if tag != _DELIMITER:
        detail = "the compressed pixels do not end where they say: the file was cut, or bytes among them lost or added"
        raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
    return min(at + 8, len(content))


def require_sound_rest(
    content: bytes | memoryview, at: int, *, implicit: bool = False, little_endian: bool = True
) -> None:
    """Passes if nothing follows the pixels but data elements, zeros that fill the file up, or one behind an odd number.

    Args:
        content: the file.
        at: first byte behind its pixels.
        implicit: whether elements come without a value representation.
        little_endian: the byte order of tags and lengths.

    Raises:
        TagError: otherwise.
    """
    begun = at
    while at < len(content):
        end = _end_of_element(content, at, implicit, "<" if little_endian else ">")
        if end is None:
            break
        at = end
    if at < len(content) and not _is_filling(content, at):
        detail = (
            f"{len(content) - begun} bytes behind the pixels that are no data elements: bytes were added to the file, "
            "or slipped in among the pixels"
        )
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)


def _end_of_element(content: bytes | memoryview, at: int, implicit: bool, order: str) -> int | None:
    """The first byte behind a data element that can follow pixels; None if none stands there.

    One of undefined length, which holds items, is taken to reach to the end of the file.
    """
    try:
        group, element = Struct(order + "HH").unpack_from(content, at)
        kind = bytes(content[at + 4 : at + 6])
        if implicit or kind in LONG_KINDS:
            value_at = at + (8 if implicit else 12)
            (length,) = Struct(order + "L").unpack_from(content, value_at - 4)
        elif kind in SHORT_KINDS:
            value_at = at + 8
            (length,) = Struct(order + "H").unpack_from(content, at + 6)
        else:
            return None
    except error:  # the file ends within it
        return None
    if (group << 16 | element) <= _PIXEL_DATA:
        return None
    if length == _UNDEFINED:
        first = Struct(order + "HH").pack(0xFFFE, 0xE000), Struct(order + "HH").pack(0xFFFE, 0xE0DD)
        return len(content) if bytes(content[value_at : value_at + 4]) in first else None
    return value_at + length if value_at + length <= len(content) else None


def _is_filling(content: bytes | memoryview, at: int) -> bool:
    rest = bytes(content[at:])
    filled_up = (len(rest), at % 2) == (1, 1) or not len(rest) % _BLOCK or not len(content) % _BLOCK
    return filled_up and not rest.strip(b"\0")
