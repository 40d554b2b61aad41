"""The frames of an MR file: one for MR Image Storage, many for Enhanced MR.

Enhanced files keep geometry and rescaling in functional groups, shared by all frames or given per frame (DICOM PS3.3
C.7.6.16). Makers also leave them at the top level, which is tried last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from npc_kedro.dicom.geometry import GeometryError, SliceGeometry
from npc_kedro.dicom.plain import PlainHeader, understood_once
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError, number, required_numbers, required_whole, text

ENHANCED_MR = ("1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4")
"""Enhanced MR Image Storage and Legacy Converted Enhanced MR Image Storage."""


SLOPES = (1e-9, 1e9)
"""Smallest and largest RescaleSlope, regardless of sign, that a scanner is believed to write."""

LARGEST_INTERCEPT = 1e12
"""Likewise for RescaleIntercept; with it single precision still holds every rescaled value."""


@dataclass(frozen=True)
class Frame:
    """One image of a file: where it lies and how stored values become real ones (value * slope + intercept)."""

    geometry: SliceGeometry
    slope: float
    intercept: float


def read_frames(dataset: Any) -> tuple[Frame, ...]:
    """The frames of a file, in the file's order.

    Raises:
        TagError: if a frame's size, geometry or rescaling is missing or impossible.
    """
    if isinstance(dataset, PlainHeader):
        return (_placed(dataset, _plain_grid(dataset)),)
    shape = _shape(dataset)
    groups = functional_groups(dataset)
    if not groups:
        _require_one_frame(dataset)
        return (_frame([dataset], shape),)
    if len(groups) != required_whole(dataset, "NumberOfFrames", lowest=1):
        raise TagError(RejectReason.INVALID_TAG, f"NumberOfFrames disagrees with {len(groups)} functional groups")
    return tuple(_frame(places, shape) for places in groups)


def functional_groups(dataset: Any) -> list[list[Any]]:
    """For each frame where its values may stand: its own groups, the shared ones, the top level. Empty without them."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = (dataset.get("SharedFunctionalGroupsSequence") or (None,))[0]
    return [[group, shared, dataset] for group in per_frame]


def require_pixel_bytes(found: int, shape: tuple[int, int, int], bits: int) -> None:
    """Passes if ``found`` bytes are just what frames x rows x columns of uncompressed pixels need, padding allowed.

    Raises:
        TagError: if they are fewer or more; pydicom would crop a surplus with no more than a warning.
    """
    expected = shape[0] * shape[1] * shape[2] * bits // 8
    detail = f"{found} bytes of pixel data; {shape[0]} x {shape[1]} x {shape[2]} pixels of {bits} bits need {expected}"
    if found < expected:
        raise TagError(RejectReason.PIXELS_TRUNCATED, detail)
    if found > expected + expected % 2:
        raise TagError(RejectReason.PIXELS_MISMATCH, detail)


@dataclass(frozen=True)
class _Grid:
    """What the slices of a series share of their frames."""

    orientation: tuple[float, ...]
    spacing: tuple[float, ...]
    shape: tuple[int, int]
    thickness_mm: float
    slope: float
    intercept: float


@understood_once(
    *("Rows", "Columns", "NumberOfFrames", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"),
    *("RescaleSlope", "RescaleIntercept"),
)
def _plain_grid(header: Any) -> _Grid:
    shape = _shape(header)
    _require_one_frame(header)
    return _grid(header, header, (header, header), shape)


def _frame(places: Sequence[Any], shape: tuple[int, int]) -> Frame:
    orientation = find_in_groups(places, "PlaneOrientationSequence", "ImageOrientationPatient")
    measures = find_in_groups(places, "PixelMeasuresSequence", "PixelSpacing")
    rescaling = [
        find_in_groups(places, "PixelValueTransformationSequence", f"Rescale{part}") for part in ("Slope", "Intercept")
    ]
    position = find_in_groups(places, "PlanePositionSequence", "ImagePositionPatient")
    return _placed(position, _grid(orientation, measures, rescaling, shape))


def _shape(dataset: Any) -> tuple[int, int]:
    return required_whole(dataset, "Rows", lowest=1), required_whole(dataset, "Columns", lowest=1)


def _require_one_frame(dataset: Any) -> None:
    if number(dataset, "NumberOfFrames") > 1:
        raise TagError(RejectReason.BAD_GEOMETRY, "several frames without PerFrameFunctionalGroupsSequence")


def _grid(orientation: Any, measures: Any, rescaling: Sequence[Any], shape: tuple[int, int]) -> _Grid:
    return _Grid(
        required_numbers(orientation, "ImageOrientationPatient", 6),
        required_numbers(measures, "PixelSpacing", 2),
        shape,
        number(measures, "SliceThickness"),
        *_rescaling(*rescaling),
    )


def _placed(position: Any, grid: _Grid) -> Frame:
    """The frame whose dataset gives this position."""
    try:
        geometry = SliceGeometry(
            position=required_numbers(position, "ImagePositionPatient", 3),  # type: ignore[arg-type]
            orientation=grid.orientation,  # type: ignore[arg-type]
            spacing=grid.spacing,  # type: ignore[arg-type]
            shape=grid.shape,
            thickness_mm=grid.thickness_mm,
        )
    except GeometryError as error:
        raise TagError(RejectReason.BAD_GEOMETRY, str(error)) from None
    return Frame(geometry, grid.slope, grid.intercept)


def _rescaling(sloping: Any, intercepting: Any) -> tuple[float, float]:
    """Slope and intercept, each from the dataset that gives it."""
    slope = number(sloping, "RescaleSlope") if text(sloping, "RescaleSlope") else 1.0
    intercept = number(intercepting, "RescaleIntercept") if text(intercepting, "RescaleIntercept") else 0.0
    if not SLOPES[0] <= abs(slope) <= SLOPES[1]:
        detail = f"RescaleSlope is {_said(slope)}; expected a size from {SLOPES[0]:g} to {SLOPES[1]:g}"
        raise TagError(RejectReason.INVALID_TAG, detail)
    if not abs(intercept) <= LARGEST_INTERCEPT:
        detail = f"RescaleIntercept is {_said(intercept)}; expected a size up to {LARGEST_INTERCEPT:g}"
        raise TagError(RejectReason.INVALID_TAG, detail)
    return slope, intercept


def _said(value: float) -> str:
    return f"{value:g}" if value == value else "not a number"


def find_in_groups(places: Sequence[Any], sequence: str, keyword: str) -> Any:
    """The first dataset that gives ``keyword`` a value: in the sequence of a functional group, or at the top level.

    Where none does, the first that has it empty, so that it is told as such; else the top level.
    """
    empty = None
    for place in places:
        if place is None:
            continue
        for holder in (*(place.get(sequence) or ())[:1], place):
            if keyword in holder:
                if text(holder, keyword):
                    return holder
                empty = empty or holder
    return empty or places[-1]
