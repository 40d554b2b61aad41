"""A series' files become its slices: ordered, on one square grid, in 16 bits.

The policy: a slice is turned onto the usual axes of axial images, padded to the square that holds its field of view and
resampled to M x M pixels, by area where that shrinks and linearly where it grows. All slices of a series share one
scale and offset, so that they stay comparable; the stored integers are exact where nothing was resampled and the
values are whole. A slice that cannot stand beside the others in 16 bits is refused.
"""

import hashlib
import os
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from npc_kedro.dicom.geometry import SAME_PLACE_MM, SliceGeometry
from npc_kedro.dicom.pixels import DecodedImage, decode_file
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from npc_kedro.dicom.turns import turn_of
from npc_kedro.imaging.resample import resample, square_extents

_STORED_MAXIMUM = 65_535

_FEWEST_LEVELS = 256
"""Grey levels that the slices of a series keep in 16 bits, if they have as many: as many as a screen shows."""

_WEIGHTS = np.array([pow(0x9E3779B1, part, 2**32) for part in range(1, 257)], dtype=np.uint32)
"""Of the parts of an image in its fingerprint."""

_SMALLEST_REACH, _LARGEST_REACH = 1e-30, 1e38


class SourceFile(NamedTuple):
    """A file to decode. A tuple, since thousands travel to the processes that decode.

    Attributes:
        file: its pseudonym.
        location: its path.
        stamp: size and time of change when its header was read.
        instance_key: pseudonym of its SOPInstanceUID.
        frames: numbers from 0 of the frames to use; None for all.
        spare_of: the file that this one may stand in for; "" if it is wanted anyway.
    """

    file: str
    location: str
    stamp: tuple[int, int] | None
    instance_key: str
    frames: tuple[int, ...] | None = None
    spare_of: str = ""


@dataclass(frozen=True)
class SeriesTask:
    """A series to decode: its files, the direction across its slices, and what stands in for files that fail."""

    patient_key: str
    series_key: str
    files: tuple[SourceFile, ...]
    normal: tuple[float, float, float]
    matrix: int
    spares: tuple[SourceFile, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedSlice:
    """Where a stored slice came from.

    Attributes:
        file: pseudonym of its file.
        instance_key: pseudonym of its SOPInstanceUID.
        geometry: its file's grid; the stored one is turned by :func:`npc_kedro.dicom.turns.turn_of`.
        position_mm: its place along the series' normal.
        spacing_mm: of the stored square grid.
        pixels_sha256: the same for the same pixels, whatever file, encoding, direction, depth or patient they stand in.
    """

    file: str
    instance_key: str
    geometry: SliceGeometry
    position_mm: float
    spacing_mm: float
    pixels_sha256: str


@dataclass(frozen=True)
class DecodedSeries:
    """A decoded series, from the feet to the head.

    Attributes:
        pixels: uint16 (n, M, M).
        scale: real value = stored * scale + offset, for all its slices.
        offset: see ``scale``.
        slices: n entries.
        rejected: file, reason and detail of the files that could not be decoded.
    """

    pixels: np.ndarray
    scale: float
    offset: float
    slices: tuple[DecodedSlice, ...]
    rejected: tuple[tuple[str, RejectReason, str], ...]


def decode_series(task: SeriesTask) -> DecodedSeries:
    """Decodes every slice of a series once. Damage in a file ends in ``rejected``, never in an exception."""
    normal = np.array(task.normal)
    images: list[np.ndarray] = []
    grains: list[float] = []
    slices: list[DecodedSlice] = []
    rejected: list[tuple[str, RejectReason, str]] = []
    fits: dict[tuple[float, ...], bool] = {}
    buffer = bytearray(max((source.stamp[0] for source in (*task.files, *task.spares) if source.stamp), default=0))
    spares: dict[str, list[SourceFile]] = defaultdict(list)
    for spare in task.spares:
        spares[spare.spare_of].append(spare)
    waiting = deque(task.files)
    while waiting:
        source = waiting.popleft()
        try:
            decoded = decode_file(_content(source, buffer))
        except TagError as error:
            rejected.append((source.file, error.reason, error.detail))
            waiting += spares[source.file]
            continue
        except OSError as error:
            rejected.append((source.file, RejectReason.UNREADABLE, error.strerror or type(error).__name__))
            waiting += spares[source.file]
            continue
        for image in decoded:
            orientation = image.frame.geometry.orientation
            if orientation not in fits:
                fits[orientation] = image.frame.geometry.is_parallel_to(normal)
        wanted = [image for image in decoded if source.frames is None or image.number in source.frames]
        parallel = [image for image in wanted if fits[image.frame.geometry.orientation]]
        if not parallel:
            why = RejectReason.OTHER_ORIENTATION if wanted else RejectReason.CONSTANT_IMAGE
            rejected.append((source.file, why, why.meaning))
            waiting += spares[source.file]
        for image in parallel:
            if source.spare_of and not _is_free(image.frame.geometry, normal, slices):
                continue
            square, spacing_mm = _squared(image, task.matrix)
            images.append(square)
            grains.append(abs(image.frame.slope))
            geometry = image.frame.geometry
            position_mm = geometry.position_along(normal)
            sha256 = _fingerprint(turn_of(geometry.orientation).of_image(image.stored))
            slices.append(DecodedSlice(source.file, source.instance_key, geometry, position_mm, spacing_mm, sha256))
    ranges = _ranges(images)
    unfit = _unfit([_Reach(*ends, grain) for ends, grain in zip(ranges, grains, strict=True)])
    order = sorted(set(range(len(slices))) - set(unfit), key=lambda at: (slices[at].position_mm, slices[at].file))
    still_used = {slices[index].file for index in order}
    wholly = {slices[index].file: why for index, why in unfit.items() if slices[index].file not in still_used}
    rejected += [(file, *why) for file, why in wholly.items()]
    pixels, scale, offset = quantised([images[at] for at in order], task.matrix, ranges=[ranges[at] for at in order])
    return DecodedSeries(pixels, scale, offset, tuple(slices[index] for index in order), tuple(rejected))


def _is_free(geometry: SliceGeometry, normal: np.ndarray, slices: Sequence[DecodedSlice]) -> bool:
    """Whether no slice lies at a place yet; twice the tolerance, so that of two spares near one place one is used."""
    place = geometry.position_along(normal)
    return all(abs(place - one.position_mm) > 2 * SAME_PLACE_MM for one in slices)


def _content(source: SourceFile, buffer: bytearray) -> memoryview:
    """The file's bytes, in ``buffer``: fresh memory for every file would cost as much as reading it.

    Raises:
        TagError: if the file is no longer the one whose header was read.
        OSError: if it cannot be read.
    """
    descriptor = os.open(source.location, os.O_RDONLY | os.O_CLOEXEC)  # a third of what a file object costs
    try:
        status = os.fstat(descriptor)
        size, done = status.st_size, 0
        content = memoryview(buffer)[:size]
        while done < size and (more := os.readv(descriptor, [content[done:]])):
            done += more
    finally:
        os.close(descriptor)
    if (size, status.st_mtime_ns) != source.stamp or done != size:
        raise TagError(RejectReason.CHANGED_MEANWHILE, RejectReason.CHANGED_MEANWHILE.meaning)
    return content


def _squared(image: DecodedImage, matrix: int) -> tuple[np.ndarray, float]:
    """The image on the square grid, and the spacing of that grid, mm."""
    geometry = image.frame.geometry
    turn = turn_of(geometry.orientation)
    spacing = turn.of_pair(geometry.spacing)
    extents = square_extents(turn.of_pair(geometry.shape), spacing)
    side_mm = extents[0].length * spacing[0]
    return resample(turn.of_image(image.values), (matrix, matrix), extents=extents), side_mm / matrix


def _fingerprint(stored: np.ndarray) -> str:
    """SHA-256 of the pixels, 256 parts of them added up with odd weights, modulo 2 ** 32: every pixel counts.

    The same numbers give the same hash in 8, 16 and 32 bits. Those of 16 bits, nearly all, are taken as they are.
    """
    bits = stored.dtype.itemsize * 8
    in_16_bits = bits <= 16 or (int(stored.min()) >= -(2**15) and int(stored.max()) < 2**16)
    # signed and unsigned numbers that both types hold have the same bytes
    kind = np.dtype(f"<{stored.dtype.kind}2" if in_16_bits else "<i8")
    content = stored.astype(kind, order="C", copy=False).reshape(-1).view(np.uint8)
    folded = len(content) - len(content) % (4 * len(_WEIGHTS))
    sums = np.einsum("i,ij->j", _WEIGHTS, content[:folded].view("<u4").reshape(len(_WEIGHTS), -1))
    sha256 = hashlib.sha256(sums)
    sha256.update(content[folded:])
    return sha256.hexdigest()


@dataclass(frozen=True, slots=True)
class _Reach:
    """Lowest and highest real value of a slice, and what one step of its stored values is worth."""

    low: float
    high: float
    grain: float = 1.0


def _unfit(reaches: Sequence[_Reach]) -> dict[int, tuple[RejectReason, str]]:
    """The slices that 16 bits cannot hold beside the others, by index, with reason and detail.

    One scale for a series means that a slice of a far wider range than the others, as a damaged RescaleSlope makes it,
    leaves these without contrast or with few grey levels. If most would be left so, it is refused; if a few, they are,
    unless they keep some contrast.
    """
    unfit: dict[int, tuple[RejectReason, str]] = {}
    left = dict(enumerate(reaches))
    while left:
        low, high = min(one.low for one in left.values()), max(one.high for one in left.values())
        step = (high - low) / _STORED_MAXIMUM
        flat = [index for index, one in left.items() if one.high - one.low < step or not one.low < one.high]
        poor = [index for index, one in left.items() if _loses_levels(one, step)]
        if 2 * len({*flat, *poor}) > len(left) and low < high:
            widest = max(left.values(), key=lambda one: max(abs(one.low), abs(one.high)))
            lost = "no contrast" if flat else f"fewer than {_FEWEST_LEVELS} grey levels"
            detail = (
                f"values from {widest.low:g} to {widest.high:g}, beside which other slices have {lost}; "
                "expected one scale"
            )
            same = [index for index, one in left.items() if (one.low, one.high) == (widest.low, widest.high)]
            unfit |= dict.fromkeys(same, (RejectReason.INVALID_TAG, detail))
        elif flat:
            detail = f"no contrast within the range of the series, {low:g} to {high:g}"
            unfit |= dict.fromkeys(flat, (RejectReason.CONSTANT_IMAGE, detail))
        else:
            break
        left = {index: one for index, one in left.items() if index not in unfit}
    return unfit


def _loses_levels(one: _Reach, step: float) -> bool:
    """Whether a slice keeps few of its grey levels where ``step`` apart is the next stored value."""
    width = one.high - one.low
    return step > 2 * one.grain and width < _FEWEST_LEVELS * step


def _ranges(images: Sequence[np.ndarray]) -> list[tuple[float, float]]:
    """Lowest and highest value of each image."""
    return [(float(image.min()), float(image.max())) for image in images]


def quantised(
    images: list[np.ndarray], matrix: int, *, ranges: Sequence[tuple[float, float]] | None = None
) -> tuple[np.ndarray, float, float]:
    """The images as uint16 (n, M, M) with one scale and offset: real value = stored * scale + offset.

    Whole values within 65,535 of each other are kept exactly (scale 1); others are rounded to 1/65,535 of their range.
    ``ranges`` are the lowest and highest value of each image, where they are known already.
    """
    if not images:
        return np.zeros((0, matrix, matrix), dtype=np.uint16), 1.0, 0.0
    ranges = _ranges(images) if ranges is None else ranges
    low = min(bottom for bottom, _ in ranges)
    reach = max(top for _, top in ranges) - low
    whole = reach <= _STORED_MAXIMUM and all(np.array_equal(image, np.rint(image)) for image in images)
    scale = 1.0 if whole or reach == 0 else reach / _STORED_MAXIMUM
    pixels = np.empty((len(images), matrix, matrix), dtype=np.uint16)
    kind = np.float32 if _SMALLEST_REACH < reach < _LARGEST_REACH else np.float64  # beyond, single precision overflows
    work = np.empty((matrix, matrix), dtype=kind)
    for image, target in zip(images, pixels, strict=True):
        np.subtract(image, kind(low), out=work)
        if not whole:
            np.multiply(work, kind(1.0 / scale), out=work)
            np.rint(work, out=work)  # at most the stored maximum: what single precision adds is far below a half
        target[...] = work
    return pixels, scale, low
