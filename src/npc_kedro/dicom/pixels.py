"""One file's pixels as real values, or why they are refused.

pydicom crops surplus pixel data with no more than a warning, and damage shows on decoding only: sizes are therefore
checked against Rows and Columns, and every accepted slice is decoded.
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from npc_kedro.dicom.codestream import is_jpeg, require_fitting_frames
from npc_kedro.dicom.container import end_of_items, require_sound_rest
from npc_kedro.dicom.frames import Frame, read_frames, require_pixel_bytes
from npc_kedro.dicom.layout import (
    Layout,
    decoded_shape,
    inverted,
    read_layout,
    require_bits_stored,
    within_bits_stored,
    without_padding,
)
from npc_kedro.dicom.plain import EXPLICIT_LITTLE_ENDIAN, HEADER_BYTES, IMPLICIT_LITTLE_ENDIAN, plain_header
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError

_DEFLATED = "1.2.840.10008.1.2.1.99"
_META_AT = 144
"""From where FileMetaInformationGroupLength counts: behind preamble, DICM and itself."""

_JPEG, _JPEG_LS = ("pylibjpeg", "pylibjpeg-libjpeg"), ("pyjpegls",)
_JPEG_2000, _HTJ2K = ("pillow", "pylibjpeg", "pylibjpeg-openjpeg"), ("pylibjpeg", "pylibjpeg-openjpeg")

_DECODERS = {
    "1.2.840.10008.1.2.4.50": _JPEG,
    "1.2.840.10008.1.2.4.51": _JPEG,
    "1.2.840.10008.1.2.4.57": _JPEG,
    "1.2.840.10008.1.2.4.70": _JPEG,
    "1.2.840.10008.1.2.4.80": _JPEG_LS,
    "1.2.840.10008.1.2.4.81": _JPEG_LS,
    "1.2.840.10008.1.2.4.90": _JPEG_2000,
    "1.2.840.10008.1.2.4.91": _JPEG_2000,
    "1.2.840.10008.1.2.4.201": _HTJ2K,
    "1.2.840.10008.1.2.4.202": _HTJ2K,
    "1.2.840.10008.1.2.4.203": _HTJ2K,
}
"""Transfer syntax to the packages that decode it; the first is the one that pydicom is told to use.

Left to itself, pydicom hands a frame that one decoder refuses to the next, and some give an image of any damaged one.
"""

_MOST_BITS_OF_PILLOW = 16
"""Of a pixel in JPEG 2000; deeper ones are the second package's."""

_MOST_BITS_TOLD_APART = 16
"""Of whole numbers, by single precision, whatever they are."""


@dataclass(frozen=True)
class DecodedImage:
    """One slice.

    Attributes:
        values: numbers (rows, columns), rescaled to real values; bright means high, also for MONOCHROME1. Padding far
            outside the image's own range has the lowest value of that range.
        stored: whole numbers (rows, columns) as the file stores them, for comparison with other files; MONOCHROME1 is
            turned round, so that copies which differ in that are the same.
        frame: its geometry and rescaling.
        number: of the frame in its file, from 0.
    """

    values: np.ndarray
    stored: np.ndarray
    frame: Frame
    number: int


def decode_file(content: bytes | memoryview) -> tuple[DecodedImage, ...]:
    """The slices of a DICOM file; frames without any contrast are left out.

    Args:
        content: the bytes of a file that ``read_header`` accepts; the images may share them.

    Raises:
        TagError: with the reason, whatever is wrong with the file.
    """
    try:
        return _decode(content)
    except TagError:
        raise
    except Exception as error:  # decoders raise anything on damaged streams; each ends as a reason code
        detail = f"decoding failed ({type(error).__name__})"
        raise TagError(RejectReason.PIXELS_UNDECODABLE, detail) from None


def _decode(content: bytes | memoryview) -> tuple[DecodedImage, ...]:
    plain = next(filter(None, map(plain_header, _beginnings(content))), None)
    if plain is not None and plain.is_native:
        frames, layout = read_frames(plain), read_layout(plain)
        length = min(plain.pixels_length or 0, len(content) - plain.pixels_at)
        pixels = memoryview(content)[plain.pixels_at : plain.pixels_at + length]
        stored = _native(layout, pixels, len(frames))
        require_sound_rest(content, plain.pixels_at + length, implicit=plain.syntax == IMPLICIT_LITTLE_ENDIAN)
        return _images(layout, frames, stored)
    if plain is not None:
        require_sound_rest(content, end_of_items(content, plain.pixels_at))
    with silenced():  # costs as much as reading a plain header
        dataset = _opened(bytes(content))
        if plain is None:
            _require_whole_container(dataset, content)
        frames, layout = read_frames(dataset), read_layout(dataset)
        return _images(layout, frames, _by_pydicom(dataset, layout, len(frames)))


def _beginnings(content: bytes | memoryview) -> Iterator[bytes]:
    """More and more of a file, as far as its header may need: to copy all of it costs as much as reading it."""
    for size in HEADER_BYTES:
        yield bytes(content[:size])
        if size >= len(content):
            return
    yield bytes(content)


def _images(layout: Layout, frames: Sequence[Frame], stored: np.ndarray) -> tuple[DecodedImage, ...]:
    """The frames with contrast, each with its real values."""
    images = []
    used = within_bits_stored(layout, stored)
    for number, (values, frame) in enumerate(zip(used, frames, strict=True)):
        if _is_constant(values):
            continue
        real = values = inverted(values, layout) if layout.inverted else values
        rescaled = (frame.slope, frame.intercept) != (1.0, 0.0)
        if rescaled or layout.bits > _MOST_BITS_TOLD_APART:
            _require_told_apart(values, frame)
        if rescaled:
            real = real.astype(np.float32) * np.float32(frame.slope) + np.float32(frame.intercept)
        if layout.padding is not None:
            written = [stored[number]] if used is stored else [stored[number], used[number]]
            real = without_padding(real, written, layout)
            if _is_constant(real):
                continue
        images.append(DecodedImage(real, values, frame, number))
    if not images:
        raise TagError(RejectReason.CONSTANT_IMAGE, RejectReason.CONSTANT_IMAGE.meaning)
    return tuple(images)


def _require_told_apart(values: np.ndarray, frame: Frame) -> None:
    """Passes if single precision tells the real values apart, or as many of them as 16 bits hold."""
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low * frame.slope + frame.intercept), abs(high * frame.slope + frame.intercept))
    steps = (high - low) * abs(frame.slope) / float(np.spacing(np.float32(largest)))
    if not steps >= min(high - low, 2**16 - 1):
        fine = f"{abs(frame.slope):g}: single precision holds only {steps:.0f}"
        detail = f"real values up to {largest:g} in steps of {fine}"
        raise TagError(RejectReason.INVALID_TAG, detail)


def _is_constant(values: np.ndarray) -> bool:
    middle = values[len(values) // 2]  # nearly always enough to see that it is not
    return bool(middle.min() == middle.max() and values.min() == values.max())


def _opened(content: bytes) -> Any:
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(content), force=True)
    for keyword in ("FloatPixelData", "DoubleFloatPixelData"):
        if keyword in dataset:
            detail = f"{keyword}; expected whole numbers in PixelData. Export the series as its scanner made it"
            raise TagError(RejectReason.PIXELS_UNDECODABLE, detail)
    if "PixelData" not in dataset:  # of compressed pixels without an end pydicom keeps nothing, not even the header
        raise TagError(RejectReason.PIXELS_TRUNCATED, "no pixel data: the file is cut, or holds none")
    return dataset


def _require_whole_container(dataset: Any, content: bytes | memoryview) -> None:
    """For files whose header is not plain."""
    element = dataset["PixelData"]
    if dataset.file_meta.get("TransferSyntaxUID") == _DEFLATED:
        if "FileMetaInformationGroupLength" not in dataset.file_meta:
            return
        content = _inflated(dataset, content)
    implicit, little_endian = dataset.original_encoding
    if element.is_undefined_length:
        end = end_of_items(content, element.file_tell)
    else:
        end = element.file_tell + len(element.value)
    require_sound_rest(content, end, implicit=implicit, little_endian=little_endian)


def _inflated(dataset: Any, content: bytes | memoryview) -> bytes:
    """What pydicom read of a deflated file, which it does not keep; writers add the sums that gzip or zlib end with."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = stream.decompress(content[_META_AT + dataset.file_meta.FileMetaInformationGroupLength :])
    gzip_end = zlib.crc32(inflated).to_bytes(4, "little") + (len(inflated) % 2**32).to_bytes(4, "little")
    ends = (gzip_end, zlib.adler32(inflated).to_bytes(4, "big"))
    if (rest := stream.unused_data).strip(b"\0") and not any(rest.startswith(end) for end in ends):
        detail = f"{len(rest)} bytes behind the end of the deflated data: bytes were added to the file"
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)
    return inflated


def _native(layout: Layout, content: memoryview | bytes, frames: int) -> np.ndarray:
    """Uncompressed little-endian pixels as (frames, rows, columns), without a copy."""
    shape = decoded_shape(layout, frames)
    require_pixel_bytes(len(content), shape, layout.bits)
    if layout.bits not in (8, 16, 32):
        raise TagError(RejectReason.INVALID_TAG, f"BitsAllocated is {layout.bits}; expected 8, 16 or 32")
    kind = np.dtype(f"<{'i' if layout.signed else 'u'}{layout.bits // 8}")
    return np.frombuffer(content, kind, count=shape[0] * shape[1] * shape[2]).reshape(shape)


def _by_pydicom(dataset: Any, layout: Layout, frames: int) -> np.ndarray:
    """Pixels in any other transfer syntax as (frames, rows, columns)."""
    syntax = _syntax(dataset)
    shape = decoded_shape(layout, frames)
    if syntax.is_encapsulated:
        return _decompressed(dataset, syntax, layout, shape)
    if syntax in (IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN):
        return _native(layout, dataset.PixelData, frames)
    require_pixel_bytes(len(dataset.PixelData), shape, layout.bits)
    return dataset.pixel_array.reshape(shape)


def _syntax(dataset: Any) -> Any:
    """The transfer syntax; where none is given, that in which pydicom could read the header.

    Raises:
        TagError: if it is none of DICOM's.
    """
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, UID_dictionary

    if not dataset.file_meta.get("TransferSyntaxUID"):
        little_endian = dataset.original_encoding[1]
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian
    syntax = dataset.file_meta.TransferSyntaxUID
    known = UID_dictionary.get(syntax)
    if not known or known[1] != "Transfer Syntax":
        written = f"{syntax} ({known[0]})" if known else "that is unknown"
        detail = f"transfer syntax {written}, none of DICOM's; export the series uncompressed"
        raise TagError(RejectReason.MISSING_DECODER, detail)
    return syntax


def _decompressed(dataset: Any, syntax: Any, layout: Layout, shape: tuple[int, int, int]) -> np.ndarray:
    _require_decoder(syntax)
    bits = require_fitting_frames(dataset, str(syntax), layout, shape[0])
    if bits <= 8 < layout.bits and is_jpeg(str(syntax)):  # the decoder gives a byte for a pixel, and pydicom wants two
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, bits, bits - 1
    dataset.pixel_array_options(decoding_plugin=_plugin(str(syntax), bits))
    decoded = np.asarray(dataset.pixel_array)
    if decoded.shape not in (shape, shape[1:]):
        raise TagError(RejectReason.PIXELS_MISMATCH, f"decoded pixels are {decoded.shape}; expected {shape}")
    if str(syntax) in _DECODERS:
        require_bits_stored(layout, decoded, bits)
    if decoded.dtype.itemsize * 8 < layout.bits:
        decoded = decoded.astype(np.dtype(f"{decoded.dtype.kind}{layout.bits // 8}"))
    return decoded.reshape(shape)


def _require_decoder(syntax: Any) -> None:
    from pydicom.pixels import get_decoder

    try:
        available = get_decoder(syntax).available_plugins
    except NotImplementedError:
        available = ()
    packages = _DECODERS.get(str(syntax), ())
    if packages and not {*packages} & {*available}:
        remedy = f"install {' and '.join(packages)}"
    elif not available:
        remedy = "no package decodes it; export the series uncompressed"
    else:
        return
    raise TagError(RejectReason.MISSING_DECODER, f"transfer syntax {syntax.name}: {remedy}")


def _plugin(syntax: str, bits: int) -> str:
    """The name of pydicom's plugin for pixels of so many bits; "" where it may choose."""
    packages = _DECODERS.get(syntax, ("",))
    return packages[1] if packages is _JPEG_2000 and bits > _MOST_BITS_OF_PILLOW else packages[0]
