"""One file's pixels as real values, or why they are refused.

pydicom crops surplus pixel data with no more than a warning, and damage shows on decoding only: sizes are therefore
checked against Rows and Columns, and every accepted slice is decoded.
"""

import hashlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from npc_kedro.dicom.frames import Frame, read_frames
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError, required_whole

_NATIVE_LITTLE_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_DECODER_PACKAGES = "pylibjpeg, pylibjpeg-libjpeg, pylibjpeg-openjpeg, pyjpegls"


@dataclass(frozen=True)
class DecodedImage:
    """One slice in real values.

    Attributes:
        values: float32 (rows, columns); bright means high, also for MONOCHROME1.
        frame: its geometry and rescaling.
    """

    values: np.ndarray
    frame: Frame


@dataclass(frozen=True)
class DecodedFile:
    """All slices of a file, and the hash of its bytes."""

    images: tuple[DecodedImage, ...]
    sha256: str


def decode_file(content: bytes) -> DecodedFile:
    """The slices of a DICOM file.

    Args:
        content: the file's bytes, as accepted by :func:`npc_kedro.dicom.headers.read_header`.

    Raises:
        TagError: with the reason, whatever is wrong with the file.
    """
    try:
        with silenced():
            return _decode(content)
    except TagError:
        raise
    except Exception as error:  # decoders raise anything on damaged streams; each ends as a reason code
        detail = f"decoding failed ({type(error).__name__})"
        raise TagError(RejectReason.PIXELS_UNDECODABLE, detail) from None


def _decode(content: bytes) -> DecodedFile:
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(content), force=True)
    if "PixelData" not in dataset:  # of compressed pixels without an end pydicom keeps nothing, not even the header
        raise TagError(RejectReason.PIXELS_TRUNCATED, "no pixel data: the file is cut, or holds none")
    frames = read_frames(dataset)
    stored = _stored_values(dataset, len(frames))
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    images = []
    for values, frame in zip(stored, frames, strict=True):
        if values.min() == values.max():
            continue
        real = (_inverted(values, dataset) if inverted else values).astype(np.float32)
        if (frame.slope, frame.intercept) != (1.0, 0.0):
            real = real * np.float32(frame.slope) + np.float32(frame.intercept)
        images.append(DecodedImage(real, frame))
    if not images:
        raise TagError(RejectReason.CONSTANT_IMAGE, RejectReason.CONSTANT_IMAGE.meaning)
    return DecodedFile(tuple(images), hashlib.sha256(content).hexdigest())


def _stored_values(dataset: Any, frames: int) -> np.ndarray:
    """Stored values as (frames, rows, columns)."""
    shape = (frames, int(dataset.Rows), int(dataset.Columns))
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is not None and syntax.is_encapsulated:
        return _decompressed(dataset, syntax, shape)
    bits = required_whole(dataset, "BitsAllocated", lowest=8)
    _require_length(len(dataset.PixelData), shape, bits)
    if syntax in _NATIVE_LITTLE_ENDIAN and bits in (8, 16):
        kind = np.dtype(f"<{'i' if dataset.PixelRepresentation else 'u'}{bits // 8}")
        return np.frombuffer(dataset.PixelData, kind, count=int(np.prod(shape))).reshape(shape)
    return dataset.pixel_array.reshape(shape)


def _require_length(found: int, shape: tuple[int, int, int], bits: int) -> None:
    expected = int(np.prod(shape)) * bits // 8
    detail = f"{found} bytes of pixel data; {shape[0]} x {shape[1]} x {shape[2]} pixels of {bits} bits need {expected}"
    if found < expected:
        raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
    if found > expected + expected % 2:
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)


def _decompressed(dataset: Any, syntax: Any, shape: tuple[int, int, int]) -> np.ndarray:
    from pydicom.pixels import get_decoder

    try:
        decoder = get_decoder(syntax)
        available = decoder.is_available
    except NotImplementedError:
        available = False
    if not available:
        detail = f"transfer syntax {syntax.name}: install {_DECODER_PACKAGES}"
        raise TagError(RejectReason.MISSING_DECODER, detail)
    decoded = np.asarray(dataset.pixel_array)
    if decoded.shape not in (shape, shape[1:]):
        raise TagError(RejectReason.PIXELS_MISMATCH, f"decoded pixels are {decoded.shape}; expected {shape}")
    return decoded.reshape(shape)


def _inverted(values: np.ndarray, dataset: Any) -> np.ndarray:
    """MONOCHROME1 shows high values dark: turned round within the range of BitsStored (DICOM PS3.3 C.7.6.3.1.2)."""
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    top = -1 if dataset.PixelRepresentation else 2**bits - 1
    return top - values.astype(np.int64)
