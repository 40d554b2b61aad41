"""Outlines as ITK-SNAP saves them: a NIfTI label map on the grid of the image, in NIfTI's frame."""

from pathlib import Path

import nibabel as nib
import numpy as np

from npc_kedro.simulation.dicom_files import Geometry

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
"""DICOM counts x to the left and y backwards, NIfTI to the right and forwards."""


def affine(geometry: Geometry, *, first_mm: float, gap_mm: float) -> np.ndarray:
    """Voxel (column, row, slice) to NIfTI's frame in mm, shape (4, 4), for slices that start at ``first_mm``."""
    matrix = np.eye(4)
    matrix[:3, 0] = _LPS_TO_RAS @ geometry.row_direction * geometry.spacing_mm
    matrix[:3, 1] = _LPS_TO_RAS @ geometry.column_direction * geometry.spacing_mm
    matrix[:3, 2] = _LPS_TO_RAS @ geometry.normal * gap_mm
    matrix[:3, 3] = _LPS_TO_RAS @ geometry.position(first_mm)
    return matrix


def write_outlines(path: Path, labels: np.ndarray, *, geometry: Geometry, first_mm: float, gap_mm: float) -> None:
    """Writes ``labels`` (slices, rows, columns; 0, 1 primary tumour, 2 node) as a NIfTI label map."""
    voxels = np.ascontiguousarray(labels.transpose(2, 1, 0).astype(np.uint8))
    image = nib.Nifti1Image(voxels, affine(geometry, first_mm=first_mm, gap_mm=gap_mm))
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code="scanner")
    image.set_qform(image.affine, code="scanner")
    nib.save(image, path)
