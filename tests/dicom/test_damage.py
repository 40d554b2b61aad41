"""Whatever happens to a file's bytes, it ends used or refused with a reason: never in a traceback."""

import io
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from mini_dicom import MiniSeries, encoded
from npc_kedro.dicom.headers import Header, Rejection, read_header
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from npc_kedro.dicom.walk import FoundFile

WHOLE = MiniSeries("P1").content(0)
_FOLDER = tempfile.TemporaryDirectory()


def outcome(content: bytes) -> str:
    """``used``, or the reason code."""
    path = Path(_FOLDER.name) / "file"
    path.write_bytes(content)
    entry = read_header(FoundFile("file", str(path)), accept_without_preamble=True)
    if isinstance(entry, Rejection):
        return entry.reason.value
    assert isinstance(entry, Header)
    try:
        decoded = decode_file(content)
    except TagError as error:
        return error.reason.value
    assert all(np.isfinite(image.values).all() for image in decoded)
    return "used"


ALLOWED = {"used", *(reason.value for reason in RejectReason)}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_changed(changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    assert outcome(bytes(content)) in ALLOWED


@settings(max_examples=80, deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_cut_anywhere_is_never_used(end: int) -> None:
    assert outcome(WHOLE[:end]) in ALLOWED - {"used"}


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=600), st.booleans())
def test_arbitrary_bytes_are_never_used(content: bytes, preamble: bool) -> None:
    assert outcome((bytes(128) + b"DICM" if preamble else b"") + content) in ALLOWED - {"used"}


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_bad_input_03_06_compressed_pixels_whole_and_cut(syntax: str) -> None:
    dataset = MiniSeries("P1", shape=(32, 32)).dataset(0)
    expected = dataset.pixel_array.copy()
    dataset.compress(syntax, encoding_plugin="pylibjpeg" if syntax == JPEG2000Lossless else "")
    content = encoded(dataset)
    np.testing.assert_array_equal(decode_file(content)[0].values, expected)
    np.testing.assert_array_equal(decode_file(content[:-1])[0].values, expected)  # half an end mark: all is there
    for lost in (7, 8, 9, 20, 100):
        assert outcome(content[:-lost]) == "pixels_truncated"


def test_bad_input_06_implicit_and_big_endian() -> None:
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian):
        dataset = MiniSeries("P1").dataset(0)
        expected = dataset.pixel_array.copy()
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = expected.astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        np.testing.assert_array_equal(decode_file(encoded(dataset))[0].values, expected)


def test_bad_input_25_what_pydicom_says_about_values_is_not_repeated(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    content = MiniSeries("P1", tags={"SpecificCharacterSet": "ISO_IR 100"}).content(0)
    content = content.replace(b"ISO_IR 100", b"SECRET^DOE")
    with pytest.warns(UserWarning, match="SECRET"):
        _ = pydicom.dcmread(io.BytesIO(content)).PatientName
    caplog.clear()
    recwarn.clear()
    with caplog.at_level(logging.DEBUG):
        assert outcome(content) == "used"
    assert caplog.text == ""
    assert not recwarn.list


@pytest.mark.parametrize(
    ("beginning", "reason"),
    [
        (b"PK\3\4" + bytes(200), "not_dicom"),
        (bytes(200), "not_dicom"),
        (WHOLE[: WHOLE.index(b"19700102")], "missing_tag"),
    ],
)
def test_bad_input_01_of_a_large_file_that_is_no_image_little_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beginning: bytes, reason: str
) -> None:
    path = tmp_path / "disc.iso"
    with path.open("wb") as file:
        file.write(beginning)
        file.truncate(2**28)
    lengths: list[int] = []
    read = os.read
    monkeypatch.setattr(os, "read", lambda *given: (lengths.append(len(got := read(*given))), got)[1])
    entry = read_header(FoundFile("file", str(path)))
    assert isinstance(entry, Rejection)
    assert entry.reason == reason
    assert sum(lengths) < 2**21
