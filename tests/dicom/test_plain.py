"""The plain reader of headers understands a file as pydicom does, or leaves it to pydicom."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from mini_dicom import MiniSeries, encoded
from npc_kedro.dicom.headers import Header, read_header
from npc_kedro.dicom.layout import Layout, read_layout
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.plain import WANTED, PlainHeader, plain_header, understood_once
from npc_kedro.dicom.silence import silenced
from npc_kedro.dicom.tags import TagError, text
from npc_kedro.dicom.walk import FoundFile

REAL = Path(__file__).parents[2] / "../shared/real_mr"
TEST_FILES = Path(pydicom.__file__).parent / "data/test_files"


PADDING = {"PixelPaddingValue", "PixelPaddingRangeLimit"}


def layout_of(dataset: Any) -> Layout | str:
    """What is understood of the pixels' layout, or why it cannot be."""
    try:
        return read_layout(dataset)
    except TagError as error:
        return error.detail


def with_sequences() -> Dataset:
    """A dataset with sequences of undefined length, one inside the other, before what is wanted."""
    dataset = MiniSeries("P1", tags={"SpecificCharacterSet": "GB18030", "PatientName": "\u738b\u82b3"}).dataset(0)
    inner = Dataset()
    inner.CodeMeaning = "inside"
    inner.PatientID = "not this one"
    outer = Dataset()
    outer.PurposeOfReferenceCodeSequence = [inner]
    outer["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    dataset.ReferencedImageSequence = [outer]
    dataset["ReferencedImageSequence"].is_undefined_length = True
    return dataset


def differences_from_pydicom(content: bytes) -> list[str] | None:
    """What the plain reader says otherwise than pydicom; None if it leaves the file to pydicom."""
    plain = plain_header(content)
    if plain is None:
        return None
    with silenced():
        dataset = pydicom.dcmread(io.BytesIO(content), force=True)
        differing = [
            keyword
            for keyword in sorted(WANTED.keys() - PADDING)
            if text(plain, keyword) != text(dataset, keyword) or (keyword in plain) != (keyword in dataset)
        ]
        differing += ["layout"] * (layout_of(plain) != layout_of(dataset))  # with the padding, "US or SS"
        if plain.is_native and "PixelData" in dataset:
            pixels = content[plain.pixels_at : plain.pixels_at + (plain.pixels_length or 0)]
            differing += ["PixelData"] * (pixels != (dataset.PixelData or b""))  # pydicom says None for no bytes
    return differing


@pytest.mark.parametrize("dataset", [MiniSeries("P1").dataset(0), with_sequences()])
@pytest.mark.parametrize("implicit", [False, True])
def test_ordinary_files_are_taken(dataset: Dataset, implicit: bool) -> None:
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert differences_from_pydicom(encoded(dataset)) == []


def test_big_endian_and_bare_files_are_left_to_pydicom() -> None:
    dataset = MiniSeries("P1").dataset(0)
    assert plain_header(encoded(dataset)[132:]) is None
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert plain_header(encoded(dataset)) is None


def test_a_group_length_that_is_no_number_is_left_to_pydicom_which_refuses_the_file() -> None:
    content = bytearray(MiniSeries("P1").content(0))
    content[138] = 18  # the length of the first element, 4 bytes in every sound file
    assert plain_header(bytes(content)) is None


@settings(max_examples=200, deadline=None)
@given(st.integers(132, 1200), st.integers(0, 255))
def test_a_changed_byte_is_understood_alike_or_left(place: int, value: int) -> None:
    content = bytearray(MiniSeries("P1").content(0))
    content[place % len(content)] = value
    assert differences_from_pydicom(bytes(content)) in ([], None)


@pytest.mark.parametrize("folder", [REAL, TEST_FILES], ids=["real", "pydicom"])
def test_real_files_are_understood_alike(folder: Path) -> None:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < 2**23]
    if not files:
        pytest.skip("the folder of real MR files is not beside the project")
    contents = [path.read_bytes() for path in files]
    found = [differences_from_pydicom(content) for content in contents if content[128:132] == b"DICM"]
    taken = [differences for differences in found if differences is not None]
    assert [differences for differences in taken if differences] == []
    assert len(taken) > 10


def test_what_repeats_is_understood_once_and_nothing_else_is_seen() -> None:
    asked: list[tuple[str, str]] = []

    @understood_once("PatientID", "SeriesDescription")
    def both(dataset: PlainHeader | Dataset) -> str:
        asked.append((text(dataset, "PatientID"), text(dataset, "StudyDate")))
        if not asked[-1][0]:
            raise ValueError("nobody")
        return asked[-1][0]

    first, second, third = (
        plain_header(MiniSeries(who).content(slice)) for who, slice in (("A", 0), ("A", 1), ("B", 0))
    )
    assert (both(first), both(second), both(third)) == ("A", "A", "B")
    assert asked == [("A", ""), ("B", "")]
    assert both(MiniSeries("A").dataset(0)) == "A"  # pydicom's is asked itself
    assert len(asked) == 3
    nobody = plain_header(MiniSeries("").content(0))
    for _ in range(2):
        with pytest.raises(ValueError, match="nobody"):
            both(nobody)
    assert len(asked) == 5


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("size", [10, 16_000, 66_000, 131_000, 200_000, 1_100_000])
def test_private_elements_of_any_size_before_the_pixels(tmp_path: Path, size: int, implicit: bool) -> None:
    """Siemens keeps tens of thousands of bytes in one."""
    dataset = MiniSeries("P1").dataset(0)
    expected = dataset.pixel_array.copy()
    dataset.add_new((0x0029, 0x0010), "LO", "SIEMENS CSA HEADER")
    dataset.add_new((0x0029, 0x1020), "OB", bytes(size))
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    content = encoded(dataset)
    path = tmp_path / "one.dcm"
    path.write_bytes(content)
    header = read_header(FoundFile("one.dcm", str(path)))
    assert isinstance(header, Header)
    (image,) = decode_file(content)
    assert image.frame.geometry == header.geometries[0]
    np.testing.assert_array_equal(image.stored, expected)
