"""Pixel grids laid on pixel grids: accepted only where every pixel's centre falls on a voxel's centre.

Axes may come in any order and direction, as far as the geometry shows it; nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npc_kedro.dicom.geometry import SliceGeometry

VOXEL_TOLERANCE = 0.1
"""How far, in voxels, a pixel may lie from a voxel (centre to centre); float32 affines and rounded cosines err less."""


@dataclass(frozen=True)
class LabelMap:
    """Labels in space.

    Attributes:
        labels: whole numbers (i, j, k).
        to_patient: matrix (4, 4) from voxel indices to LPS, mm.
    """

    labels: np.ndarray
    to_patient: np.ndarray


@dataclass(frozen=True)
class Plane:
    """A slice's labels (rows, columns), and the index of the plane of voxels that they come from."""

    labels: np.ndarray
    index: int


def plane_on(label_map: LabelMap, from_patient: np.ndarray, geometry: SliceGeometry) -> Plane | None:
    """The labels of a slice if its pixels are voxels of the map, in whatever order of axes and direction; else None.

    Args:
        label_map: the map.
        from_patient: the inverse of its ``to_patient``, computed once for all slices.
        geometry: the slice.
    """
    to_voxel = from_patient @ geometry.pixel_to_patient()
    step_row, step_column, origin = (np.rint(to_voxel[:3, column]) for column in range(3))
    last_row, last_column = geometry.shape[0] - 1, geometry.shape[1] - 1
    corners = np.array([[0, 0, 1], [last_row, 0, 1], [0, last_column, 1], [last_row, last_column, 1]]).T
    whole = np.stack([step_row, step_column, origin], axis=1)
    if np.abs(to_voxel[:3] @ corners - whole @ corners).max() > VOXEL_TOLERANCE:
        return None
    if np.abs(step_row).sum() != 1 or np.abs(step_column).sum() != 1:
        return None
    axis_row, axis_column = int(np.argmax(np.abs(step_row))), int(np.argmax(np.abs(step_column)))
    if axis_row == axis_column:
        return None
    size = label_map.labels.shape
    if (size[axis_row], size[axis_column]) != geometry.shape:
        return None
    ends = whole @ corners
    if ends.min() < 0 or (ends.max(axis=1) >= size).any():
        return None
    axis_slice = 3 - axis_row - axis_column
    index = int(origin[axis_slice])
    plane = np.take(label_map.labels, index, axis=axis_slice)
    plane = plane if axis_row < axis_column else plane.T
    turned_row, turned_column = step_row[axis_row] < 0, step_column[axis_column] < 0
    return Plane(np.ascontiguousarray(plane[:: -1 if turned_row else 1, :: -1 if turned_column else 1]), index)


def frame_map(labels: np.ndarray, geometry: SliceGeometry, *, across_mm: float) -> LabelMap:
    """A single image (rows, columns) as a map of one plane; ``across_mm`` is what counts as a voxel across it."""
    to_patient = np.eye(4)
    to_patient[:, [0, 1, 3]] = geometry.pixel_to_patient()
    to_patient[:3, 2] = geometry.normal * across_mm
    return LabelMap(labels[:, :, np.newaxis], to_patient)


def slice_distance_mm(geometries: Sequence[SliceGeometry]) -> float:
    """The median distance of neighbouring slices; the thickness (or 1 mm) of a single one."""
    normal = geometries[0].normal
    distances = np.diff(sorted(geometry.position_along(normal) for geometry in geometries))
    if len(distances):
        return float(np.median(distances))
    thickness = geometries[0].thickness_mm
    return thickness if thickness > 0 else 1.0


def describe_map(label_map: LabelMap) -> str:
    """Size, voxel size and first voxel's place (LPS), in words."""
    steps = np.linalg.norm(label_map.to_patient[:3, :3], axis=0)
    corner = label_map.to_patient[:3, 3]
    return f"label map {_times(label_map.labels.shape)} voxels of {_times(steps)} mm from {point(corner)}"


def describe_slices(geometries: Sequence[SliceGeometry]) -> str:
    """Number, size, pixel size and first and last place (LPS), in words."""
    first, last = geometries[0], geometries[-1]
    pixels = f"{first.shape[1]} x {first.shape[0]} pixels of {_times(first.spacing[::-1])} mm"
    return f"{len(geometries)} of {pixels} from {point(first.position)} to {point(last.position)}"


def point(values: Sequence[float] | np.ndarray) -> str:
    """A place in LPS, mm."""
    return "(" + ", ".join(f"{value:.2f}" for value in values) + ")"


def _times(values: Sequence[float] | np.ndarray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
