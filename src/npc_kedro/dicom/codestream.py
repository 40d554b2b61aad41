"""What compressed frames tell of themselves before a decoder is asked.

Decoders fill up with made-up pixels what a cut frame lacks, and say so by a warning or not at all. A JPEG, JPEG-LS or
JPEG 2000 codestream tells its end, though, and nothing inside looks like that: whether it is whole can be seen.

Sources: ITU-T T.81 B.1 (JPEG), T.87 A and C.1 (JPEG-LS), T.800 A (JPEG 2000).
"""

from collections.abc import Iterator
from typing import Any

from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_PREFIX = "1.2.840.10008.1.2.4."
_JPEG = tuple(_PREFIX + last for last in ("50", "51", "57", "70"))
_JPEG_LS = tuple(_PREFIX + last for last in ("80", "81"))
_JPEG_2000 = tuple(_PREFIX + last for last in ("90", "91", "92", "93", "201", "202", "203"))
"""Transfer syntaxes by family; the last has JPEG 2000 and HTJ2K."""

_START_OF_SCAN, _START_OF_DATA = b"\xff\xda", b"\xff\x93"
_END = b"\xff\xd9"
"""Ends a codestream of any of these families. Coders never give 0xFF followed by more than 0x8F."""

_LONGEST_ZERO_RUN = bytes(64)
"""A code word of JPEG-LS has at most 80 zero bits in a row, flat background included; a hole in a file has more.

In the other families flat background may well be coded as zeros.
"""


def require_whole_frames(dataset: Any, syntax: str, frames: int) -> None:
    """Passes if every compressed frame goes on to its end mark.

    Args:
        dataset: pydicom's, with encapsulated PixelData.
        syntax: its transfer syntax.
        frames: how many it should hold.

    Raises:
        TagError: if one is cut, or has a hole.
    """
    if syntax not in (*_JPEG, *_JPEG_LS, *_JPEG_2000):
        return
    begins = _START_OF_DATA if syntax in _JPEG_2000 else _START_OF_SCAN
    for number, stream in enumerate(_streams(dataset, frames), start=1):
        which = f"frame {number}: " if frames > 1 else ""
        pixels_at = max(stream.find(begins), 0)
        end = stream.rfind(_END, pixels_at)  # after it nothing but padding counts
        if end < 0:
            detail = f"{which}{len(stream)} bytes of compressed pixels without the end mark FFD9; the file was cut"
            raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
        if syntax in _JPEG_LS and stream.find(_LONGEST_ZERO_RUN, pixels_at, end) >= 0:
            detail = f"{which}a run of zeros within the compressed pixels; a part of the file was lost"
            raise TagError(RejectReason.PIXELS_TRUNCATED, detail)


def _streams(dataset: Any, frames: int) -> Iterator[bytes]:
    """The compressed frames, found as pydicom's decoders find them."""
    from pydicom.encaps import generate_frames

    table = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    offsets = table if all(table) else None
    return generate_frames(dataset.PixelData, number_of_frames=frames, extended_offsets=offsets)
