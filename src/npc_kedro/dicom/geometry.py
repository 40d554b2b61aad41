"""Where a slice lies: DICOM's patient coordinates (LPS: x to the left, y to the back, z to the head), in mm.

Source: DICOM PS3.3 C.7.6.2.1.1, Image Position and Image Orientation (Patient).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

import numpy as np

UNIT_TOLERANCE = 1e-2
"""Allowed error of a direction's length and of the right angle between two; writers round cosines to a few digits."""

PARALLEL_TOLERANCE_DEGREES = 2.0
"""Slices of one series may differ by this angle (rounding noise, tiny motion correction) and still be parallel."""

SAME_PLACE_MM = 1e-2
"""Two slices closer than this along the normal lie at the same place."""


FARTHEST_MM = 1e5
"""No part of an ImagePositionPatient lies farther from the origin: scanners are some metres long."""

SPACING_MM = (0.01, 100.0)
"""The smallest and the largest distance of pixels that an image of a patient can have."""


class GeometryError(ValueError):
    """Orientation, position or spacing on which no slice can be placed; says which."""


@dataclass(frozen=True)
class SliceGeometry:
    """The grid of one slice.

    Attributes:
        position: centre of the first pixel, LPS, mm (ImagePositionPatient).
        orientation: direction along a row (towards growing columns), then along a column (ImageOrientationPatient).
        spacing: distance between rows, between columns, mm (PixelSpacing).
        shape: rows, columns.
        thickness_mm: SliceThickness, NaN if unknown.
    """

    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float, float, float]
    spacing: tuple[float, float]
    shape: tuple[int, int]
    thickness_mm: float = float("nan")

    def __post_init__(self) -> None:
        if not _is_position(self.position):
            raise _impossible("ImagePositionPatient", self.position, f"three numbers up to {FARTHEST_MM:g} mm")
        if not _is_orientation(self.orientation):
            raise _impossible("ImageOrientationPatient", self.orientation, "two unit vectors at a right angle")
        if not _is_spacing(self.spacing):
            raise _impossible(
                "PixelSpacing", self.spacing, f"two numbers from {SPACING_MM[0]:g} to {SPACING_MM[1]:g} mm"
            )

    @property
    def normal(self) -> np.ndarray:
        """Unit vector across the slice, pointing to the head as far as it does so at all."""
        return _normal(self.orientation)

    @property
    def tilt_degrees(self) -> float:
        """Angle between the slice's normal and the body's axis: 0 is axial, 90 sagittal or coronal."""
        return float(np.degrees(np.arccos(np.clip(abs(self.normal[2]), 0.0, 1.0))))

    def position_along(self, normal: np.ndarray) -> float:
        """The slice's place on an axis, mm: grows from the feet to the head for axial slices."""
        (x, y, z), (along_x, along_y, along_z) = self.position, normal.tolist()  # a fifth of np.dot's time
        return float(x * along_x + y * along_y + z * along_z)

    def is_parallel_to(self, normal: np.ndarray) -> bool:
        """Whether the slice is parallel to the slices across ``normal``."""
        return bool(abs(self.normal @ normal) >= np.cos(np.radians(PARALLEL_TOLERANCE_DEGREES)))

    def pixel_to_patient(self) -> np.ndarray:
        """Matrix (4, 3): carries (row, column, 1) to homogeneous LPS coordinates of the pixel's centre."""
        along_row, along_column = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        matrix = np.zeros((4, 3))
        matrix[:3, 0] = along_column * self.spacing[0]
        matrix[:3, 1] = along_row * self.spacing[1]
        matrix[:3, 2] = self.position
        matrix[3, 2] = 1.0
        return matrix


def _impossible(tag: str, value: tuple[float, ...], expected: str) -> GeometryError:
    return GeometryError(f"{tag} is {list(value)}; expected {expected}")


def _is_position(values: tuple[float, ...]) -> bool:
    """Uncached, since no two slices share a position; NaN fails every comparison."""
    if len(values) != 3:
        return False
    x, y, z = values
    far = FARTHEST_MM
    return -far <= x <= far and -far <= y <= far and -far <= z <= far


@lru_cache(maxsize=1024)
def _is_orientation(values: tuple[float, ...]) -> bool:
    along_row, along_column = values[:3], values[3:]
    return (
        len(values) == 6
        and _finite(values)
        and abs(math.hypot(*along_row) - 1) < UNIT_TOLERANCE
        and abs(math.hypot(*along_column) - 1) < UNIT_TOLERANCE
        and abs(sum(map(mul, along_row, along_column))) < UNIT_TOLERANCE
    )


@lru_cache(maxsize=1024)
def _is_spacing(values: tuple[float, ...]) -> bool:
    return len(values) == 2 and all(SPACING_MM[0] <= value <= SPACING_MM[1] for value in values)


@lru_cache(maxsize=1024)
def _normal(orientation: tuple[float, ...]) -> np.ndarray:
    across = np.cross(orientation[:3], orientation[3:])
    across = across / np.linalg.norm(across)
    largest = across[np.argmax(np.abs(across))]
    towards = across[2] if abs(across[2]) > 1e-3 else largest
    normal = across if towards > 0 else -across
    normal.setflags(write=False)
    return normal


def _finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


def common_normal(geometries: Sequence[SliceGeometry]) -> np.ndarray:
    """The normal shared by most of the slices; among equals that of the lowest orientation values."""
    written = Counter(geometry.orientation for geometry in geometries)
    example = {geometry.orientation: geometry for geometry in geometries}
    directions: list[tuple[np.ndarray, int]] = []
    for orientation, count in sorted(written.items()):
        geometry = example[orientation]
        for index, (normal, so_far) in enumerate(directions):
            if geometry.is_parallel_to(normal):
                directions[index] = (normal, so_far + count)
                break
        else:
            directions.append((geometry.normal, count))
    return max(directions, key=lambda pair: pair[1])[0]
