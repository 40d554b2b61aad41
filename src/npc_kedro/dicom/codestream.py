"""What compressed frames tell of themselves, held against the header before a decoder is asked.

Decoders fill up with made-up pixels what a cut frame lacks, crop what is too much and squeeze 16 bits into 8, at best
with a warning. A JPEG, JPEG-LS or JPEG 2000 codestream tells its size and its end, though, and an RLE frame tells its
bits and, when they are counted, its pixels.

Sources: ITU-T T.81 B (JPEG), T.87 C (JPEG-LS), T.800 A (JPEG 2000); DICOM PS3.5 G (RLE).
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import iter_unpack
from typing import Any

from npc_kedro.dicom.layout import Layout
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_PREFIX = "1.2.840.10008.1.2.4."
_JPEG = tuple(_PREFIX + last for last in ("50", "51", "57", "70"))
_JPEG_LS = tuple(_PREFIX + last for last in ("80", "81"))
_JPEG_2000 = tuple(_PREFIX + last for last in ("90", "91", "201", "202", "203"))
_RLE = "1.2.840.10008.1.2.5"
"""Transfer syntaxes by family; JPEG 2000 with HTJ2K."""

_BEGINNINGS = {
    **dict.fromkeys((*_JPEG, *_JPEG_LS), re.compile(rb"\xff\xd8\xff")),
    **dict.fromkeys(_JPEG_2000, re.compile(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP {2}")),
    _RLE: re.compile(rb"[\x01-\x0f]\0\0\0\x40\0\0\0"),
}
"""What a frame begins with and no later part of one does."""

_END = b"\xff\xd9"
"""Ends a codestream. Within, no coder of these families gives 0xFF followed by more than 0x8F."""

_PADDING = b"\0\xff"
"""May follow the end mark, as often as a writer likes."""

_ITEM_HEAD = 8
"""Bytes of an item's tag and length."""

_SIZE_OF_JPEG_2000 = b"\xff\x4f\xff\x51"
_START_OF_SCAN = 0xDA
_OTHER_TABLES = (0xC4, 0xC8, 0xCC)
"""Markers that lie among those of frames and are none."""

_LONGEST_ZERO_RUN = bytes(64)
"""A code word of JPEG-LS has at most 80 zero bits in a row, flat background included; a hole in a file has more.

In the other families flat background may well be coded as zeros.
"""


@dataclass(frozen=True)
class _Stated:
    """What a codestream says of itself: its size, and the first byte of its coded pixels."""

    rows: int
    columns: int
    bits: int
    pixels_at: int


def is_jpeg(syntax: str) -> bool:
    """Whether frames are JPEG in the narrow sense, lossless or not."""
    return syntax in _JPEG


def require_fitting_frames(dataset: Any, syntax: str, layout: Layout, frames: int) -> int:
    """Passes if there are as many compressed frames as the header says, of its size, and each goes on to its end.

    Args:
        dataset: pydicom's, with encapsulated PixelData.
        syntax: its transfer syntax.
        layout: what the header says of a frame.
        frames: how many it says there are.

    Returns:
        The most bits of a pixel that a codestream states; those allocated where none does.

    Raises:
        TagError: if one is cut or has a hole, or the two disagree.
    """
    beginning = _BEGINNINGS.get(syntax)
    if beginning is None:
        return layout.bits
    bits = 0
    _require_number(dataset, beginning, frames)
    _require_fitting_offsets(dataset)
    for number, stream in enumerate(_streams(dataset, frames), start=1):
        which = f"frame {number}: " if frames > 1 else ""
        if syntax == _RLE:
            _require_rle(stream, layout, which)
            continue
        stated = _stated_by_jpeg_2000(stream) if syntax in _JPEG_2000 else _stated_by_jpeg(stream)
        if stated is None:
            continue  # the decoder will not understand it either
        _require_whole(stream, stated, which, holes=syntax in _JPEG_LS)
        if (stated.rows, stated.columns) != (layout.rows, layout.columns) or stated.bits > layout.bits:
            raise _mismatch(which, f"{stated.rows} x {stated.columns} pixels of {stated.bits} bits", layout)
        bits = max(bits, stated.bits)
    return bits or layout.bits


def _require_number(dataset: Any, beginning: re.Pattern[bytes], frames: int) -> None:
    from pydicom.encaps import generate_fragments, parse_basic_offsets

    buffer = io.BytesIO(dataset.PixelData)
    parse_basic_offsets(buffer)
    found = sum(beginning.match(fragment) is not None for fragment in generate_fragments(buffer))
    if found and found != frames:
        reason = RejectReason.PIXELS_MISMATCH if found > frames else RejectReason.PIXELS_TRUNCATED
        raise TagError(reason, f"{found} compressed frames; expected {frames}, as NumberOfFrames says")


def _require_fitting_offsets(dataset: Any) -> None:
    """An Extended Offset Table gives every item once, in order; decoders follow one that does not.

    Frames of several items have no such table (DICOM PS3.3, C.7.6.3.1.8).
    """
    from pydicom.encaps import generate_fragments, parse_basic_offsets

    tables = [dataset.get(keyword) for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")]
    if not all(tables):
        return
    buffer = io.BytesIO(dataset.PixelData)
    parse_basic_offsets(buffer)
    lengths = [len(fragment) for fragment in generate_fragments(buffer)]
    begins = list(accumulate((_ITEM_HEAD + length for length in lengths[:-1]), initial=0))
    offsets, stated = ([whole for (whole,) in iter_unpack("<Q", table)] for table in tables)
    without_pad = len(stated) == len(lengths) and all(0 <= a - b <= 1 for a, b in zip(lengths, stated, strict=True))
    if offsets != begins or not without_pad:
        detail = f"the Extended Offset Table does not give the {len(lengths)} compressed frames, each once and in order"
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)


def _streams(dataset: Any, frames: int) -> Sequence[bytes]:
    """The compressed frames, found as pydicom's decoders find them."""
    from pydicom.encaps import generate_frames

    table = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    offsets = table if all(table) else None
    return list(generate_frames(dataset.PixelData, number_of_frames=frames, extended_offsets=offsets))


def _require_whole(stream: bytes, stated: _Stated, which: str, *, holes: bool) -> None:
    end = stream.rfind(_END, stated.pixels_at)
    if end < 0:
        detail = f"{which}{len(stream)} bytes of compressed pixels without the end mark FFD9; the file was cut"
        raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
    behind = len(stream[end + len(_END) :].strip(_PADDING))
    if behind > 1:  # one may make the length even
        detail = f"{which}{behind} bytes behind the end mark FFD9: bytes were added to the file, or parts of it moved"
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)
    if holes and stream.find(_LONGEST_ZERO_RUN, stated.pixels_at, end) >= 0:
        detail = f"{which}a run of zeros within the compressed pixels; a part of the file was lost"
        raise TagError(RejectReason.PIXELS_TRUNCATED, detail)


def _stated_by_jpeg(stream: bytes) -> _Stated | None:
    """Goes from marker to marker up to the first scan; None if there is no frame header."""
    size: tuple[int, int, int] | None = None
    at = 2
    while at + 10 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in _OTHER_TABLES):
            size = _number(stream, at + 5), _number(stream, at + 7), stream[at + 4]
        at += 2 + _number(stream, at + 2)
        if marker == _START_OF_SCAN:
            return _Stated(*size, at) if size else None
    return None


def _stated_by_jpeg_2000(stream: bytes) -> _Stated | None:
    """From the marker segment SIZ; None if there is none."""
    at = stream.find(_SIZE_OF_JPEG_2000)
    if at < 0 or at + 43 > len(stream):
        return None
    right, bottom, left, top = (_number(stream, at + place, 4) for place in (8, 12, 16, 20))
    bits = (stream[at + 42] & 0x7F) + 1
    return _Stated(bottom - top, right - left, bits, at + 43)


def _number(stream: bytes, at: int, length: int = 2) -> int:
    return int.from_bytes(stream[at : at + length], "big")


def _require_rle(stream: bytes, layout: Layout, which: str) -> None:
    """A segment for every byte of a pixel, each of as many bytes as there are pixels; zeros behind them are padding."""
    segments = int.from_bytes(stream[:4], "little")
    if segments * 8 != layout.bits:
        raise _mismatch(which, f"pixels of {segments * 8} bits", layout)
    pixels = layout.rows * layout.columns
    starts = [int.from_bytes(stream[at : at + 4], "little") for at in range(4, 4 + 4 * segments, 4)]
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(stream)], strict=True), start=1):
        segment = stream[start:end]
        found, used = _rle_length(segment, pixels)
        if found < pixels:
            detail = f"{which}part {number} of the compressed pixels gives {found} of {pixels}; the file was cut"
            raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
        if found > pixels or segment[used:].strip(b"\0"):
            found += _rle_length(segment[used:], len(segment) * 128)[0]
            raise _mismatch(which, f"{found} pixels of {segments * 8} bits", layout)


def _rle_length(segment: bytes, wanted: int) -> tuple[int, int]:
    """How many bytes a segment gives, until they are enough, and from how many; PackBits as in DICOM PS3.5, G.3.1."""
    length = at = 0
    end = len(segment) - 1  # a last byte alone is padding
    while length < wanted and at < end:
        control = segment[at]
        if control < 128:
            length += min(control + 1, end - at)
            at += control + 2
        else:
            length += 257 - control if control > 128 else 0
            at += 2 if control > 128 else 1
    return length, at


def _mismatch(which: str, found: str, layout: Layout) -> TagError:
    detail = (
        f"{which}the compressed frame holds {found}; the header says {layout.rows} x {layout.columns} of {layout.bits}"
    )
    return TagError(RejectReason.PIXELS_MISMATCH, detail)
