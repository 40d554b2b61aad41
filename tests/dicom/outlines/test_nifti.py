"""NIfTI label maps by themselves: which of their affines counts."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from mini_dicom import MiniSeries, label_map
from npc_kedro.dicom.outlines.nifti import read_label_map
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

SERIES = MiniSeries("P1")
MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
MIRROR[0, 3] = SERIES.shape[1] - 1


def stored(path: Path, qform: np.ndarray, sform: np.ndarray, codes: tuple[int, int], shape=None) -> Path:
    labels = label_map(SERIES) if shape is None else np.zeros(shape, dtype=np.uint8)
    image = nibabel.Nifti1Image(labels, None)
    image.set_qform(qform, codes[0])
    image.set_sform(sform, codes[1])
    nibabel.save(image, path / "P1.nii")
    return path / "P1.nii"


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("change", [MIRROR, np.eye(4)[[1, 0, 2, 3]], np.eye(4) + 0.6 * np.eye(4, k=3)])
def test_bad_input_27_two_affines_that_contradict_each_other_are_refused(
    tmp_path: Path, codes: tuple[int, int], change: np.ndarray
) -> None:
    """ITK-SNAP follows the qform where the codes differ, nibabel the sform."""
    with pytest.raises(TagError, match=r"by the qform axes \w{3} from .*, by the sform axes \w{3} from") as caught:
        read_label_map(stored(tmp_path, SERIES.affine(), SERIES.affine() @ change, codes))
    assert caught.value.reason is RejectReason.OUTLINE_TWO_PLACES


@pytest.mark.parametrize("codes", [(1, 0), (0, 1)])
def test_an_affine_that_is_not_set_contradicts_nothing(tmp_path: Path, codes: tuple[int, int]) -> None:
    affines = (SERIES.affine(), SERIES.affine() @ MIRROR)
    found = read_label_map(stored(tmp_path, *affines, codes)).to_patient
    np.testing.assert_allclose(found, np.diag([-1, -1, 1, 1]) @ affines[codes.index(1)], atol=1e-5)


@pytest.mark.parametrize("codes", [(1, 1), (1, 0), (0, 1)])
@pytest.mark.parametrize(("unit", "factor"), [("unknown", 1), ("mm", 1), ("meter", 0.001), ("micron", 1000)])
def test_lengths_in_the_files_own_unit(tmp_path: Path, unit: str, factor: float, codes: tuple[int, int]) -> None:
    sitk = pytest.importorskip("SimpleITK")
    affine = np.diag([factor, factor, factor, 1.0]) @ SERIES.affine()
    image = nibabel.Nifti1Image(label_map(SERIES), None)
    image.set_qform(affine, codes[0])
    image.set_sform(affine, codes[1])
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "P1.nii")
    found = read_label_map(tmp_path / "P1.nii").to_patient
    np.testing.assert_allclose(found, np.diag([-1, -1, 1, 1]) @ SERIES.affine(), atol=1e-4)
    itk = sitk.ReadImage(str(tmp_path / "P1.nii"))
    np.testing.assert_allclose(found[:3, 3], itk.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found[:3, :3], axis=0), itk.GetSpacing(), rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_a_quaternion_near_half_a_turn_is_rounding(tmp_path: Path, seed: int) -> None:
    """Its scalar part is the root of what float32 leaves of 1 - b^2 - c^2 - d^2."""
    axis = np.random.default_rng(seed).normal(size=3)
    half_turn = 2 * np.outer(axis, axis) / (axis @ axis) - np.eye(3)
    affine = np.eye(4)
    affine[:3, :3] = half_turn * [0.45, 0.45, 5.0]
    affine[:3, 3] = half_turn @ [-115.0, -115.0, -60.0]
    assert read_label_map(stored(tmp_path, affine, affine, (1, 1), shape=(512, 512, 30))).labels.shape[0] == 512


@pytest.mark.parametrize("factor", [10, 255, 3])
def test_bad_input_28_labels_that_scaling_rounds_are_whole_numbers(tmp_path: Path, factor: int) -> None:
    image = nibabel.Nifti1Image((label_map(SERIES) * float(factor)).astype(np.int16), SERIES.affine())
    image.header.set_slope_inter(1 / factor, 0)
    nibabel.save(image, tmp_path / "P1.nii")
    np.testing.assert_array_equal(read_label_map(tmp_path / "P1.nii").labels, label_map(SERIES))


def test_bad_input_28_shares_are_no_labels(tmp_path: Path) -> None:
    nibabel.save(
        nibabel.Nifti1Image((label_map(SERIES) * 0.99).astype(np.float32), SERIES.affine()), tmp_path / "a.nii"
    )
    with pytest.raises(TagError, match="not whole numbers"):
        read_label_map(tmp_path / "a.nii")


def test_bad_input_28_colours_are_no_labels(tmp_path: Path) -> None:
    colours = np.zeros(label_map(SERIES).shape, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colours, SERIES.affine()), tmp_path / "P1.nii")
    with pytest.raises(TagError, match="colours") as caught:
        read_label_map(tmp_path / "P1.nii")
    assert caught.value.reason is RejectReason.OUTLINE_LABELS
