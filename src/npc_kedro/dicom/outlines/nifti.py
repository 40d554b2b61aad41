"""NIfTI label maps as ITK-SNAP writes them, laid on the slices by their affine alone.

NIfTI's axes point right, front, head (RAS); DICOM's left, back, head (LPS): x and y change sign. Flipped or permuted
axes are used as far as the affine shows that every pixel's centre falls on a voxel's centre. A file may hold two
affines, qform and sform, and programs differ in which of them they follow: both have to say the same.
"""

import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.grid import LabelMap, describe_map, describe_slices, plane_on, point
from npc_kedro.dicom.outlines.laid import LaidOutline, require_mostly_on_slices
from npc_kedro.dicom.outlines.rules import LABELS
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SUFFIXES = (".nii.gz", ".nii")

_GZIP = b"\x1f\x8b"
_SECOND_VERSION = 540
"""Length of the header of NIfTI-2, with which it begins."""

_ROUNDING = 1e-3
"""How far a label may lie from a whole number: scl_slope is a float32, and 10 times 0.1 is not quite 1."""

_FLAT = 1e-9
"""Volume of a voxel, in cubic mm, below which an affine spans no space."""

_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Millimetres in NIfTI's units of length (metre, millimetre, micrometre), by their codes; without one it is mm."""

_UNITS = 0b111
"""The bits of ``xyzt_units`` for lengths."""

_SAME_VOXEL = 0.5
"""How far, in voxels, qform and sform may differ: the quaternion's float32 errs by up to 0.0006 radians."""


def read_label_map(path: Path) -> LabelMap:
    """Reads a NIfTI label map.

    Raises:
        TagError: if it cannot be read, has no usable affine or two that contradict each other, or holds anything but
            whole numbers.
    """
    try:
        image = _image(path.read_bytes())
        values = np.asanyarray(image.dataobj)
        to_mm = _to_mm(image)
        affine = to_mm @ np.asarray(image.affine, dtype=float)
    except Exception as error:  # nibabel raises anything on damaged files; each ends as a reason code
        detail = f"the file cannot be read as NIfTI ({type(error).__name__})"
        raise TagError(RejectReason.OUTLINE_UNREADABLE, detail) from None
    if values.dtype.kind not in "iuf":
        raise TagError(RejectReason.OUTLINE_LABELS, "colours or complex numbers; expected labels, one number a voxel")
    values = values.squeeze(axis=3) if values.ndim == 4 and values.shape[3] == 1 else values
    if values.ndim != 3:
        raise TagError(RejectReason.OUTLINE_UNREADABLE, f"an array of shape {values.shape}; expected three axes")
    placed = int(image.header["qform_code"]) > 0 or int(image.header["sform_code"]) > 0
    if not placed or not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < _FLAT:
        raise TagError(RejectReason.OUTLINE_GEOMETRY, "the file does not say where its voxels lie (no usable affine)")
    _require_one_place(image, to_mm, values.shape)
    return LabelMap(_whole(values), _RAS_TO_LPS @ affine)


def _image(content: bytes) -> Any:
    """The image in a file's bytes; unpacked as a whole first, since only then gzip's checksum is looked at.

    Raises:
        Exception: whatever nibabel or gzip say of damaged ones.
    """
    import nibabel

    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    second = _SECOND_VERSION in (int.from_bytes(content[:4], "little"), int.from_bytes(content[:4], "big"))
    return (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_bytes(content)


def _to_mm(image: Any) -> np.ndarray:
    """From the file's unit of length to mm, which programs of ITK follow too."""
    scale = _MM.get(int(image.header["xyzt_units"]) & _UNITS, 1.0)
    return np.diag([scale, scale, scale, 1.0])


def _whole(values: np.ndarray) -> np.ndarray:
    """The values as whole numbers, which scaling may have missed by a little.

    Raises:
        TagError: if some are none.
    """
    if values.dtype.kind in "iu":
        return values
    whole = np.rint(values)
    if not np.isfinite(values).all() or np.abs(values - whole).max(initial=0) > _ROUNDING:
        raise TagError(RejectReason.OUTLINE_LABELS, "values that are not whole numbers; expected labels")
    return whole


def _require_one_place(image: Any, to_mm: np.ndarray, shape: tuple[int, ...]) -> None:
    """Passes a file whose qform and sform, if both are usable, say the same place.

    Args:
        image: the file.
        to_mm: from its unit of length.
        shape: of its values.

    Raises:
        TagError: with both geometries.
    """
    qform, sform = (_usable(form, to_mm) for form in (image.get_qform, image.get_sform))
    if qform is None or sform is None:
        return
    corners = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]).T * [[size - 1] for size in (*shape, 2)]
    if np.abs((np.linalg.inv(sform) @ qform @ corners - corners)[:3]).max() > _SAME_VOXEL:
        both = (f"by the {name} {_run(form, shape)}" for name, form in (("qform", qform), ("sform", sform)))
        detail = f"{RejectReason.OUTLINE_TWO_PLACES.meaning}: {', '.join(both)}; expected one place"
        raise TagError(RejectReason.OUTLINE_TWO_PLACES, detail)


def _usable(form: Callable[..., tuple[np.ndarray | None, int]], to_mm: np.ndarray) -> np.ndarray | None:
    """An affine of the file, in mm; None if it is not set or none."""
    try:
        affine, _ = form(coded=True)
    except ValueError:  # a quaternion that is no rotation
        return None
    if affine is None or not np.isfinite(affine).all():
        return None
    affine = to_mm @ affine
    return affine if abs(np.linalg.det(affine[:3, :3])) >= _FLAT else None


def _run(affine: np.ndarray, shape: tuple[int, ...]) -> str:
    """Where the axes lead, and the first and last voxel (LPS), in words."""
    from nibabel.orientations import aff2axcodes

    to_patient = _RAS_TO_LPS @ affine
    last = to_patient @ [*(size - 1 for size in shape), 1]
    axes = "".join(map(str, aff2axcodes(affine)))
    return f"axes {axes} from {point(to_patient[:3, 3])} to {point(last[:3])}"


def relabelled(label_map: LabelMap, meanings: Mapping[int, str]) -> LabelMap:
    """The map with the study's labels (0 background, 1 primary, 2 node).

    Raises:
        TagError: if a label is not in ``meanings``, or nothing is labelled.
    """
    found = {int(value) for value in np.unique(label_map.labels)}
    unknown = sorted(found - set(meanings) - {0})
    if unknown:
        detail = f"labels {unknown[:8]}; expected 0 and {sorted(meanings)}"
        raise TagError(RejectReason.OUTLINE_LABELS, detail)
    if found <= {0}:
        raise TagError(RejectReason.OUTLINE_EMPTY, RejectReason.OUTLINE_EMPTY.meaning)
    study = np.zeros(label_map.labels.shape, dtype=np.uint8)
    for given, meant in meanings.items():
        study[label_map.labels == given] = LABELS[meant]
    return LabelMap(study, label_map.to_patient)


def lay_label_map(label_map: LabelMap, geometries: Sequence[SliceGeometry]) -> LaidOutline:
    """The label map's values on the pixels of every slice.

    Args:
        label_map: with the study's labels.
        geometries: the slices, all parallel.

    Raises:
        TagError: with both geometries, if the slices' pixels are not the map's voxels, or most labels lie elsewhere.
    """
    from_patient = np.linalg.inv(label_map.to_patient)
    planes = [plane_on(label_map, from_patient, geometry) for geometry in geometries]
    taken = [plane for plane in planes if plane is not None]
    if len(taken) < len(planes):
        detail = f"{describe_map(label_map)}; slices {describe_slices(geometries)}"
        raise TagError(RejectReason.OUTLINE_GEOMETRY, detail)
    across = int(np.argmax(np.abs(from_patient[:3, :3] @ geometries[0].normal)))
    in_plane = tuple(axis for axis in range(3) if axis != across)
    labelled = set(np.flatnonzero(label_map.labels.any(axis=in_plane)).tolist())
    off = len(labelled - {plane.index for plane in taken})
    refused = (RejectReason.CONTOUR_OFF_SLICES,) * off
    require_mostly_on_slices(
        len(labelled), refused, strict=False, outline=describe_map(label_map), geometries=geometries
    )
    return LaidOutline(
        planes=[plane.labels for plane in taken],
        structures=len(np.unique(label_map.labels)) - 1,
        structures_refused=(),
        contours=len(labelled),
        contours_refused=refused,
        overlap_px=0,
    )
