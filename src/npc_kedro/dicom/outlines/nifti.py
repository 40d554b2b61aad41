"""NIfTI label maps as ITK-SNAP writes them, laid on the slices by their affine alone.

NIfTI's axes point right, front, head (RAS); DICOM's left, back, head (LPS): x and y change sign. Flipped or permuted
axes are used as far as the affine shows that every pixel's centre falls on a voxel's centre; nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

VOXEL_TOLERANCE = 0.1
"""How far, in voxels, a pixel may lie from a voxel (centre to centre); float32 affines and rounded cosines err less."""

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SUFFIXES = (".nii.gz", ".nii")


@dataclass(frozen=True)
class LabelMap:
    """A label map as stored.

    Attributes:
        labels: whole numbers (i, j, k).
        to_patient: matrix (4, 4) from voxel indices to LPS, mm.
    """

    labels: np.ndarray
    to_patient: np.ndarray


def read_label_map(path: Path) -> LabelMap:
    """Reads a NIfTI label map.

    Raises:
        TagError: if it cannot be read, has no usable affine, or holds anything but whole numbers.
    """
    import nibabel

    try:
        image = nibabel.load(path)
        values = np.asanyarray(image.dataobj)
        affine = np.asarray(image.affine, dtype=float)
    except Exception as error:  # nibabel raises anything on damaged files; each ends as a reason code
        detail = f"the file cannot be read as NIfTI ({type(error).__name__})"
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail) from None
    values = values.squeeze(axis=3) if values.ndim == 4 and values.shape[3] == 1 else values
    if values.ndim != 3:
        raise TagError(RejectReason.OUTLINE_UNREADABLE, f"an array of shape {values.shape}; expected three axes")
    placed = int(image.header["qform_code"]) > 0 or int(image.header["sform_code"]) > 0
    if not placed or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise TagError(RejectReason.OUTLINE_GEOMETRY, "the file does not say where its voxels lie (no usable affine)")
    if not np.isfinite(values).all() or not np.array_equal(values, np.rint(values)):
        raise TagError(RejectReason.OUTLINE_LABELS, "values that are not whole numbers; expected labels")
    return LabelMap(values, _RAS_TO_LPS @ affine)


def relabelled(label_map: LabelMap, labels: Mapping[int, int]) -> LabelMap:
    """The map with the study's labels (0 background, 1 primary, 2 node).

    Raises:
        TagError: if a label is not in ``labels``, or nothing is labelled.
    """
    found = {int(value) for value in np.unique(label_map.labels)}
    unknown = sorted(found - set(labels) - {0})
    if unknown:
        detail = f"labels {unknown[:8]}; expected 0 and {sorted(labels)}"
        raise TagError(RejectReason.OUTLINE_LABELS, detail)
    if found <= {0}:
        raise TagError(RejectReason.OUTLINE_EMPTY, RejectReason.OUTLINE_EMPTY.meaning)
    study = np.zeros(label_map.labels.shape, dtype=np.uint8)
    for given, meant in labels.items():
        study[label_map.labels == given] = meant
    return LabelMap(study, label_map.to_patient)


def on_slices(label_map: LabelMap, geometries: Sequence[SliceGeometry]) -> list[np.ndarray]:
    """The label map's values on the pixels of every slice.

    Returns:
        one array (rows, columns) per slice.

    Raises:
        TagError: with both geometries printed, if the slices' pixels are not the map's voxels.
    """
    from_patient = np.linalg.inv(label_map.to_patient)
    taken = [_plane(label_map, from_patient @ geometry.pixel_to_patient(), geometry) for geometry in geometries]
    if any(plane is None for plane in taken):
        detail = f"label map {describe_map(label_map)}; slices {describe_slices(geometries)}"
        raise TagError(RejectReason.OUTLINE_GEOMETRY, detail)
    return [plane for plane in taken if plane is not None]


def _plane(label_map: LabelMap, to_voxel: np.ndarray, geometry: SliceGeometry) -> np.ndarray | None:
    """The slice's labels if its pixels are voxels, in whatever order of axes and direction; otherwise None."""
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
    plane = np.take(label_map.labels, int(origin[axis_slice]), axis=axis_slice)
    plane = plane if axis_row < axis_column else plane.T
    turned_row, turned_column = step_row[axis_row] < 0, step_column[axis_column] < 0
    return np.ascontiguousarray(plane[:: -1 if turned_row else 1, :: -1 if turned_column else 1])


def describe_map(label_map: LabelMap) -> str:
    """Size, voxel size and first voxel's place (LPS), in words."""
    steps = np.linalg.norm(label_map.to_patient[:3, :3], axis=0)
    corner = label_map.to_patient[:3, 3]
    return f"{_times(label_map.labels.shape)} voxels of {_times(steps)} mm from {_point(corner)}"


def describe_slices(geometries: Sequence[SliceGeometry]) -> str:
    """Number, size, pixel size and first and last place (LPS), in words."""
    first, last = geometries[0], geometries[-1]
    pixels = f"{first.shape[1]} x {first.shape[0]} pixels of {_times(first.spacing[::-1])} mm"
    return f"{len(geometries)} of {pixels} from {_point(first.position)} to {_point(last.position)}"


def _times(values: Sequence[float] | np.ndarray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)


def _point(values: Sequence[float] | np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in values) + ")"
