"""How the pixels of a file are written: their size, how many bits count, whether high means bright."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npc_kedro.dicom.plain import understood_once
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError, number, required_text, required_whole

_LARGEST_BYTES = 2**31
"""Decoded size of one file above which a header is not believed: a damaged Rows must not ask for all memory."""


@dataclass(frozen=True)
class Layout:
    """How the pixels of a frame are written.

    Attributes:
        rows: and ``columns``: their numbers.
        bits: of a stored pixel, BitsAllocated.
        bits_stored: BitsStored; 0 if it is missing or the values do not begin at the lowest bit.
        signed: whether pixels may be negative.
        inverted: whether high values are dark, MONOCHROME1.
        padding: lowest and highest stored value of what fills the image up where nothing was measured; None if unsaid.
    """

    rows: int
    columns: int
    bits: int
    bits_stored: int
    signed: bool
    inverted: bool
    padding: tuple[int, int] | None = None


@understood_once(
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
)
def read_layout(dataset: Any) -> Layout:
    """The layout of a file's pixels.

    Raises:
        TagError: if a tag is missing or impossible.
    """
    stored, high = number(dataset, "BitsStored"), number(dataset, "HighBit")
    believable = stored >= 1 and not (high == high and high != stored - 1)
    bits = required_whole(dataset, "BitsAllocated", lowest=8)
    representation = required_whole(dataset, "PixelRepresentation", lowest=0)
    if representation > 1:
        raise TagError(RejectReason.INVALID_TAG, f"PixelRepresentation is {representation}; expected 0 or 1")
    signed = representation == 1
    return Layout(
        rows=required_whole(dataset, "Rows", lowest=1),
        columns=required_whole(dataset, "Columns", lowest=1),
        bits=bits,
        bits_stored=int(min(stored, 2**16)) if believable else 0,
        signed=signed,
        inverted=required_text(dataset, "PhotometricInterpretation") == "MONOCHROME1",
        padding=_padding(dataset, bits, signed=signed),
    )


def _padding(dataset: Any, bits: int, *, signed: bool) -> tuple[int, int] | None:
    """PixelPaddingValue to PixelPaddingRangeLimit, in the type of the pixels (DICOM PS3.3 C.7.5.1.1.2)."""
    try:
        written = [dataset.get(f"PixelPadding{end}") for end in ("Value", "RangeLimit")]
    except ValueError:  # pydicom, of bytes that are no numbers
        return None
    ends = [_stored_value(value, bits, signed=signed) for value in written]
    if ends[0] is None:
        return None
    other = ends[0] if ends[1] is None else ends[1]
    return min(ends[0], other), max(ends[0], other)


def _stored_value(value: Any, bits: int, *, signed: bool) -> int | None:
    """A value written as US or SS, whichever the writer thought right; pydicom leaves it as bytes in implicit VR."""
    if isinstance(value, bytes) and len(value) == 2:
        value = int.from_bytes(value, "little")
    if type(value) is not int:
        return None
    value %= 2**16
    if signed and value >= 2**15:
        return value - 2**16
    return value % 2**bits


def decoded_shape(layout: Layout, frames: int) -> tuple[int, int, int]:
    """Frames, rows, columns.

    Raises:
        TagError: if they ask for more memory than any MR file needs.
    """
    shape = (frames, layout.rows, layout.columns)
    needed = shape[0] * shape[1] * shape[2] * (layout.bits // 8)
    if needed > _LARGEST_BYTES:
        detail = (
            f"{shape[0]} x {shape[1]} x {shape[2]} pixels need {needed} bytes; at most {_LARGEST_BYTES} are decoded"
        )
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)
    return shape


def without_padding(real: np.ndarray, stored: Sequence[np.ndarray], layout: Layout) -> np.ndarray:
    """Real values, with those of padding that lies far outside the image's own range at the lowest of this range.

    A filling of -32768 beside a range of 0 to 2000 would leave the image without contrast; one of 0 does no harm and
    stays as it is. "Far" is more than the width of the image's own range. Where some of what is called padding is not
    far, it may be image: a damaged tag must not take part of one away.

    Args:
        real: values (rows, columns), bright means high.
        stored: the same pixels as the file stores them, with and without bits above High Bit: padding is either.

    Returns:
        ``real`` itself, or a copy. An image of nothing but padding is returned as it is.
    """
    if layout.padding is None:
        return real
    lowest, highest = layout.padding
    filled = np.logical_or.reduce([(values >= lowest) & (values <= highest) for values in stored])
    if not filled.any() or filled.all():
        return real
    image, filling = real[~filled], real[filled]
    low, high = float(image.min()), float(image.max())
    near = (filling >= 2 * low - high) & (filling <= 2 * high - low)
    return real if near.any() else np.where(filled, real.dtype.type(low), real)


def within_bits_stored(layout: Layout, stored: np.ndarray) -> np.ndarray:
    """The values without what older files keep in the bits above High Bit, overlays above all (DICOM PS3.5, 8.1.1)."""
    allocated, bits = stored.dtype.itemsize * 8, _bits_stored(layout, stored.dtype)
    if bits == allocated or stored.dtype.kind not in "iu":
        return stored
    shift = allocated - bits
    if stored.dtype.kind == "u":
        return stored if int(stored.max()) < 2**bits else stored & stored.dtype.type(2**bits - 1)
    within = int(stored.min()) >= -(2 ** (bits - 1)) and int(stored.max()) < 2 ** (bits - 1)
    return stored if within else (stored << shift) >> shift


def require_bits_stored(layout: Layout, decoded: np.ndarray, coded: int) -> None:
    """Passes if compressed pixels lie within BitsStored, or were coded with no more bits than that.

    Nothing but the values is compressed: where they need more bits than the header says, either is wrong.

    Args:
        layout: what the header says.
        decoded: whole numbers.
        coded: bits of a pixel that the codestream states.

    Raises:
        TagError: otherwise.
    """
    bits = layout.bits_stored
    if not 1 <= bits < coded:
        return
    lowest = -(2 ** (bits - 1)) if layout.signed else 0  # some writers leave the sign to BitsStored, hence 2 ** bits
    if not (lowest <= int(decoded.min()) and int(decoded.max()) < 2**bits):
        detail = f"compressed values of {coded} bits lie outside the {bits} of BitsStored"
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)


def _bits_stored(layout: Layout, dtype: np.dtype) -> int:
    """BitsStored where it is believable, otherwise all bits of the decoded type."""
    allocated = dtype.itemsize * 8
    return layout.bits_stored if 1 <= layout.bits_stored <= allocated else allocated


def inverted(values: np.ndarray, layout: Layout) -> np.ndarray:
    """MONOCHROME1 shows high values dark: turned round within the range of BitsStored (DICOM PS3.3 C.7.6.3.1.2)."""
    top = -1 if layout.signed else 2 ** _bits_stored(layout, values.dtype) - 1
    return top - values.astype(np.int64)
