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
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

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


def rejection(content: bytes) -> tuple[str, str]:
    """Reason and detail of a file that is refused by its header or on decoding."""
    path = Path(_FOLDER.name) / "file"
    path.write_bytes(content)
    entry = read_header(FoundFile("file", str(path)), accept_without_preamble=True)
    if isinstance(entry, Rejection):
        return entry.reason.value, entry.detail
    with pytest.raises(TagError) as error:
        decode_file(content)
    return error.value.reason.value, error.value.detail


def test_what_decoders_log_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    dataset = MiniSeries("P1").dataset(0)
    dataset.compress(JPEGLSLossless)
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    scan = b"\xff\xda\x00\x08\x01\x01\x00"
    assert scan in stream
    dataset.PixelData = encapsulate([stream.replace(scan, scan[:4] + b"\x09" + scan[5:])])
    content = encoded(dataset)
    with pytest.raises(RuntimeError):
        _ = pydicom.dcmread(io.BytesIO(content)).pixel_array
    assert "Traceback" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        assert rejection(content)[0] == "pixels_undecodable"
    assert caplog.text == ""


def test_bad_input_02_a_file_cut_within_a_sequence_of_its_header_is_not_called_unreadable() -> None:
    dataset = MiniSeries("P1").dataset(0)
    dataset.ReferencedImageSequence = [pydicom.Dataset()]
    dataset.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    dataset["ReferencedImageSequence"].is_undefined_length = True
    dataset.ReferencedImageSequence[0].is_undefined_length_sequence_item = True
    content = encoded(dataset)
    at = content.index(b"1.2.3\0")
    ends = [rejection(content[:end]) for end in range(at - 16, at + 20)]
    assert {reason for reason, _ in ends} == {"missing_tag"}
    assert ("missing_tag", "the header has no end; the file was cut") in ends


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)"),
        ("1.2.840.10008.1.2.99", "that is unknown"),
        ("1970.01.02.0815", "that is unknown"),
        ("DOE^J", "that is unknown"),
    ],
)
def test_bad_input_06_a_transfer_syntax_that_is_none_is_named(written: str, said: str) -> None:
    old = b"UI\x14\x001.2.840.10008.1.2.1\0"
    new = written.encode() + bytes(len(written) % 2)
    content = WHOLE.replace(old, b"UI" + bytes([len(new), 0]) + new)
    found = rejection(content)
    assert found == ("missing_decoder", f"transfer syntax {said}, none of DICOM's; export the series uncompressed")


def test_bad_input_05_without_a_transfer_syntax_the_pixels_are_read_as_the_header() -> None:
    expected = MiniSeries("P1").dataset(0).pixel_array
    empty = WHOLE.replace(b"1.2.840.10008.1.2.1\0", bytes(20))
    big = MiniSeries("P1").dataset(0)
    big.PixelData = expected.astype(">u2").tobytes()
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    bare = encoded(big)
    bare = bare[bare.index(b"\0\x08\0\x08") :]
    for content in (empty, bare):
        assert outcome(content) == "used"
        np.testing.assert_array_equal(decode_file(content)[0].values, expected)


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE COLOR of 1 samples per pixel; expected"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "RGB of 3 samples per pixel; expected"),
        ({"PhotometricInterpretation": "DOE"}, "an unknown PhotometricInterpretation of 1 samples per pixel; expected"),
    ],
)
def test_bad_input_20_colour_is_named(tags: dict[str, object], detail: str) -> None:
    reason, said = rejection(MiniSeries("P1", tags=tags).content(0))
    assert reason == "not_greyscale"
    assert said.startswith(detail)


def test_pixels_in_floating_point_are_named() -> None:
    dataset = MiniSeries("P1").dataset(0)
    dataset.FloatPixelData = dataset.pixel_array.astype("<f4").tobytes()
    dataset.BitsAllocated = 32
    del dataset.PixelData
    reason, detail = rejection(encoded(dataset))
    assert reason == "pixels_undecodable"
    assert detail.startswith("FloatPixelData; expected whole numbers in PixelData")


def test_pixels_behind_a_table_of_values_are_named() -> None:
    dataset = MiniSeries("P1").dataset(0)
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [2, 0, 16], "US", b"\0\0\1\0"
    table["LUTData"].VR = "OW"
    dataset.ModalityLUTSequence = [table]
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        dataset.file_meta.TransferSyntaxUID = syntax
        reason, detail = rejection(encoded(dataset))
        assert reason == "pixels_undecodable"
        assert detail.startswith("ModalityLUTSequence; expected RescaleSlope and RescaleIntercept")
    dataset.ModalityLUTSequence = []
    assert outcome(encoded(dataset)) == "used"


def test_bad_input_03_06_a_deflated_file_that_is_cut() -> None:
    dataset = MiniSeries("P1").dataset(0)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    content = encoded(dataset)
    assert outcome(content) == "used"
    begin = content.index(DeflatedExplicitVRLittleEndian.encode()) + 200
    for end in (begin, (begin + len(content)) // 2, len(content) - 9, len(content) - 3):
        reason, detail = rejection(content[:end])
        assert reason == "pixels_truncated"
        assert detail.startswith("the deflated data have no end")


@pytest.mark.parametrize("written", [2, 3, 257, 2**14 + 1])
def test_bad_input_05_pixel_representation_is_0_or_1(written: int) -> None:
    dataset = MiniSeries("P1").dataset(0)
    dataset.PixelRepresentation = written
    assert rejection(encoded(dataset)) == ("invalid_tag", f"PixelRepresentation is {written}; expected 0 or 1")


@pytest.mark.parametrize("lost", [1, 2])
def test_bad_input_05_zeros_in_front_of_a_number_are_no_padding(lost: int) -> None:
    """What is left of 35.25 would be another place."""
    content = MiniSeries("P1", origin=(-8.0, -8.0, 35.25)).content(0)
    at = content.index(b"35.25")
    damaged = content[:at] + bytes(lost) + content[at + lost :]
    assert rejection(damaged) == ("bad_geometry", "ImagePositionPatient is not a list of numbers")


@pytest.mark.parametrize(("intercept", "used"), [("0", True), ("-4096", True), ("16777216", False), ("1e9", False)])
def test_bad_input_18_rescaled_values_that_single_precision_does_not_tell_apart(intercept: str, used: bool) -> None:
    content = MiniSeries("P1", tags={"RescaleSlope": "1", "RescaleIntercept": intercept}).content(0)
    if used:
        assert outcome(content) == "used"
    else:
        assert rejection(content)[0] == "invalid_tag"
        assert "in steps of 1: single precision holds only" in rejection(content)[1]


def test_bad_input_18_whole_numbers_of_32_bits() -> None:
    """A range that fills them is rounded; a narrow one far from zero would lose its levels."""
    pixels = MiniSeries("P1").dataset(0).pixel_array.astype(np.uint32)
    dataset = MiniSeries("P1").dataset(0)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 32, 32, 31
    for values, said in ((pixels * 2**20, "used"), (pixels, "used"), (pixels + 2**30, "invalid_tag")):
        dataset.PixelData = values.astype("<u4").tobytes()
        assert outcome(encoded(dataset)) == said
