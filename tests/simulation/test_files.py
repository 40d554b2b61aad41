"""The written cohort as other programs read it: pydicom, nibabel and a DICOM validator."""

import hashlib
import os
import shutil
import subprocess

import nibabel as nib
import numpy as np
import pandas as pd
import pydicom
import pytest

from npc_kedro.errors import ParameterError
from npc_kedro.simulation import SimulationPlan, draw_cohort, write_cohort
from npc_kedro.study import Arm

PLAN = SimulationPlan(
    seed=3,
    patients={Arm.CCRT: 4, Arm.IC_CCRT: 4},
    outlined=4,
    matrix=48,
    slice_spacing_mm=12.0,
    distractor_share=0.6,
    workers=1,
)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_cohort(tmp_path_factory.mktemp("cohort"), PLAN)


@pytest.fixture(scope="module")
def headers(cohort):
    """Every file of the cohort, by path, in order."""
    return {path: pydicom.dcmread(path) for path in sorted(cohort.dicom.rglob("*.dcm"))}


def enhanced(headers):
    """The files of the contrast-enhanced series by patient, from below upwards."""
    series = {}
    for header in headers.values():
        if "ContrastBolusAgent" in header:
            series.setdefault(header.PatientID, []).append(header)
    return {patient: sorted(files, key=lambda h: float(h.SliceLocation)) for patient, files in series.items()}


def digest(root):
    """Hash of every file's relative path and bytes."""
    state = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        state.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return state.hexdigest()


def test_every_patient_has_one_enhanced_axial_t1_series(cohort, headers):
    clinical = pd.read_csv(cohort.clinical_table)
    series = enhanced(headers)
    assert sorted(series) == sorted(clinical["patient_id"])
    for files in series.values():
        assert len({h.SeriesInstanceUID for h in files}) == 1
        assert all(400 <= float(h.RepetitionTime) <= 700 and 8 <= float(h.EchoTime) <= 15 for h in files)
        assert all(
            "+C" in h.SeriesDescription or "GD" in h.SeriesDescription or "C+" in h.SeriesDescription for h in files
        )


def test_some_patients_have_other_series_which_say_what_they_are(headers):
    kinds = {(h.SeriesNumber, "ContrastBolusAgent" in h) for h in headers.values()}
    assert kinds == {(1, False), (3, False), (4, False), (7, True)}
    t2 = next(h for h in headers.values() if h.SeriesNumber == 3)
    assert float(t2.EchoTime) > 60
    localizer = [h for h in headers.values() if h.SeriesNumber == 1]
    assert len({tuple(h.ImageOrientationPatient) for h in localizer}) == 3


def test_identifiers_are_unique_and_people_are_invented(headers):
    instances = [h.SOPInstanceUID for h in headers.values()]
    assert len(set(instances)) == len(instances)
    assert all(h.file_meta.MediaStorageSOPInstanceUID == h.SOPInstanceUID for h in headers.values())
    assert {str(h.PatientName).split("^")[0] for h in headers.values()} == {"SIMULATED"}
    for header in headers.values():
        assert max(len(uid) for uid in (header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID)) <= 64


def test_headers_agree_with_the_clinical_table(cohort, headers):
    clinical = pd.read_csv(cohort.clinical_table).set_index("patient_id")
    for patient, files in enhanced(headers).items():
        row, header = clinical.loc[patient], files[0]
        assert header.PatientSex == {"male": "M", "female": "F"}[row["sex"]]
        assert int(header.PatientAge[:3]) == row["age"]
        days = (pd.Timestamp(row["treatment_start"]) - pd.Timestamp(header.StudyDate)).days
        assert 1 <= days <= 28


def test_slices_lie_one_spacing_apart_along_their_normal(headers):
    for files in enhanced(headers).values():
        row, column = np.array(files[0].ImageOrientationPatient, float).reshape(2, 3)
        assert row @ column == pytest.approx(0, abs=1e-6)
        normal = np.cross(row, column)
        assert normal[2] > 0.9
        along = np.array([normal @ np.array(h.ImagePositionPatient, float) for h in files])
        np.testing.assert_allclose(np.diff(along), 12.0, atol=1e-3)
        np.testing.assert_allclose([float(h.SliceLocation) for h in files], along, atol=1e-3)
        assert float(files[0].SpacingBetweenSlices) == 12.0
        assert 236 <= float(files[0].PixelSpacing[0]) * files[0].Columns <= 296


def test_pixels_decode_and_differ_from_slice_to_slice(headers):
    for files in enhanced(headers).values():
        pixels = [h.pixel_array for h in files]
        assert all(p.shape == (48, 48) and p.min() >= 0 and 500 < p.max() <= 4095 for p in pixels)
        assert len({p.tobytes() for p in pixels}) == len(pixels)


def test_outlines_lie_on_the_dicom_grid_in_niftis_frame(cohort, headers):
    """Voxel centres computed from each slice's own DICOM tags, apart from the code that wrote the affine."""
    series = enhanced(headers)
    maps = sorted(cohort.outlines.glob("*.nii.gz"))
    assert len(maps) == 4
    for path in maps:
        image, files = nib.load(path), series[path.name.removesuffix(".nii.gz")]
        assert image.shape == (48, 48, len(files))
        assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
        np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-4)
        for k, header in enumerate(files):
            first = np.array(header.ImagePositionPatient, float)
            row, column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
            down, across = map(float, header.PixelSpacing)
            for i, j in ((0, 0), (47, 0), (0, 47), (20, 31)):
                x, y, z = first + row * across * i + column * down * j
                np.testing.assert_allclose((image.affine @ [i, j, k, 1])[:3], [-x, -y, z], atol=1e-3)


def test_outlines_hold_primary_and_node_and_leave_some_slices_free(cohort):
    labels = [np.asarray(nib.load(path).dataobj) for path in sorted(cohort.outlines.glob("*.nii.gz"))]
    assert all(label.dtype == np.uint8 and set(np.unique(label)) <= {0, 1, 2} for label in labels)
    assert all((label == 1).any() for label in labels)
    assert any((label == 2).any() for label in labels)
    assert all((~label.any(axis=(0, 1))).any() for label in labels)


def test_outlined_patients_come_from_both_arms(cohort):
    arms = pd.read_csv(cohort.clinical_table).set_index("patient_id")["arm"]
    outlined = [path.name.removesuffix(".nii.gz") for path in cohort.outlines.glob("*.nii.gz")]
    assert arms[outlined].value_counts().to_dict() == {"CCRT": 2, "IC+CCRT": 2}


def test_same_bytes_whatever_the_number_of_workers(cohort, tmp_path):
    parallel = SimulationPlan(**{**vars(PLAN), "workers": 2})
    assert digest(write_cohort(tmp_path / "again", parallel).root) == digest(cohort.root)


def test_progress_is_told_for_every_patient(tmp_path):
    told = []

    class Listener:
        def progress(self, done, total):
            told.append((done, total))

        def metrics(self, values, *, step):
            raise AssertionError(values, step)

    plan = SimulationPlan(
        patients={Arm.CCRT: 2, Arm.IC_CCRT: 1}, outlined=0, matrix=32, slice_spacing_mm=20.0, workers=1
    )
    draw_cohort(plan, listener=Listener()).write_into(tmp_path)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_more_outlines_than_patients_are_refused():
    with pytest.raises(ParameterError, match="5 outlined patients asked of a cohort of 4"):
        SimulationPlan(patients={Arm.CCRT: 2, Arm.IC_CCRT: 2}, outlined=5)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_a_dicom_validator_finds_no_error(headers):
    one_per_series = {header.SeriesInstanceUID: path for path, header in headers.items()}
    last_localizer = [path for path, header in headers.items() if header.SeriesNumber == 1][:1]
    for path in [*one_per_series.values(), *last_localizer]:
        done = subprocess.run(["dciodvfy", os.fspath(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert "MRImage" in said
        assert "Error" not in said, said
