"""PixelPaddingValue: what fills an image up where nothing was measured takes no contrast from what was."""

import struct

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from mini_dicom import MiniSeries, encoded, picture
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.plain import plain_header
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

IMAGE = picture(3, shape=(16, 16)).astype(np.int32) + 100
CORNER = np.s_[:4, :4]
OUTSIDE = np.ones(IMAGE.shape, dtype=bool)
OUTSIDE[CORNER] = False


def padded(value: int, *, kind: str = "SS", signed: bool = True, image: np.ndarray = IMAGE, **tags: object) -> Dataset:
    """A slice whose corner is filled with ``value``, said to be padding in the representation ``kind``."""
    pixels = image.copy()
    pixels[CORNER] = value
    written = pixels.astype("<i2" if signed else "<u2")
    dataset = MiniSeries("P1", tags=tags).dataset(0, written)
    dataset.PixelData = written.tobytes()
    dataset.PixelRepresentation = int(signed)
    dataset.add_new("PixelPaddingValue", kind, value if kind == "SS" else value % 2**16)
    return dataset


def values_of(dataset: Dataset) -> np.ndarray:
    (image,) = decode_file(encoded(dataset))
    return image.values


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("kind", ["SS", "US"])
def test_padding_far_below_the_image_has_its_lowest_value(kind: str, syntax: str) -> None:
    dataset = padded(-32768, kind=kind)
    if syntax == RLELossless:
        dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = syntax
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, IMAGE, IMAGE[OUTSIDE].min()))


def test_ordinary_headers_with_padding_are_read_without_pydicom() -> None:
    header = plain_header(encoded(padded(-32768)))
    assert header is not None
    assert header.get("PixelPaddingValue") == -32768


def test_padding_above_all_is_as_dark_as_the_darkest() -> None:
    values = values_of(padded(65535, kind="US", signed=False))
    assert np.array_equal(values, np.where(OUTSIDE, IMAGE, IMAGE[OUTSIDE].min()))


def test_padding_near_the_image_stays_as_it_is_stored() -> None:
    assert (values_of(padded(0))[CORNER] == 0).all()


def test_a_value_that_nobody_called_padding_stays() -> None:
    dataset = padded(-32768)
    del dataset.PixelPaddingValue
    assert (values_of(dataset)[CORNER] == -32768).all()


def test_a_range_of_padding_is_taken_out_from_end_to_end() -> None:
    dataset = padded(-30000)
    dataset.add_new("PixelPaddingRangeLimit", "SS", -20000)
    dataset.PixelData = dataset.PixelData.replace(struct.pack("<h", -30000), struct.pack("<h", -25000))
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, IMAGE, IMAGE[OUTSIDE].min()))


def test_a_range_that_reaches_into_the_image_takes_nothing_away() -> None:
    dataset = padded(0)
    dataset.add_new("PixelPaddingRangeLimit", "SS", 900)
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, IMAGE, 0))


@pytest.mark.parametrize("above", [0, 0x4000])
def test_padding_below_other_bits_is_found_by_the_bits_that_count(above: int) -> None:
    dataset = padded(-2048, image=IMAGE // 20)
    dataset.BitsStored, dataset.HighBit = 12, 11
    pixels = np.frombuffer(dataset.PixelData, "<u2") & 0x0FFF | above
    dataset.PixelData = pixels.astype("<u2").tobytes()
    image = IMAGE // 20
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, image, image[OUTSIDE].min()))


def test_padding_beyond_the_bits_that_count_is_found_as_it_is_stored() -> None:
    dataset = padded(65535, kind="US", signed=False)
    dataset.BitsStored, dataset.HighBit = 12, 11
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, IMAGE, IMAGE[OUTSIDE].min()))


def test_high_values_that_are_dark_are_turned_round_first() -> None:
    dataset = padded(0, kind="US", signed=False, image=IMAGE + 5000, PhotometricInterpretation="MONOCHROME1")
    measured = 65535 - IMAGE - 5000
    assert np.array_equal(values_of(dataset), np.where(OUTSIDE, measured, measured[OUTSIDE].min()))


def test_rescaling_applies_to_the_image_and_not_to_the_padding() -> None:
    values = values_of(padded(-32768, RescaleSlope="2", RescaleIntercept="10"))
    measured = 2 * IMAGE + 10
    assert np.array_equal(values, np.where(OUTSIDE, measured, measured[OUTSIDE].min()))


def test_nothing_beside_padding_is_no_image() -> None:
    with pytest.raises(TagError) as refused:
        values_of(padded(-32768, image=np.full((16, 16), 7)))
    assert refused.value.reason is RejectReason.CONSTANT_IMAGE


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\x80\0\x80"])
def test_a_padding_that_is_no_number_is_passed_over(content: bytes) -> None:
    written = encoded(padded(-32768))
    element = b"(\0 \x01SS" + struct.pack("<H", 2) + struct.pack("<h", -32768)
    assert element in written
    damaged = written.replace(element, element[:6] + struct.pack("<H", len(content)) + content)
    (image,) = decode_file(damaged)
    assert (image.values[CORNER] == -32768).all()
