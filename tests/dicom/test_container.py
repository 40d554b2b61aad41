"""What stands round the pixels: bytes that were lost from them or slipped in among them show behind them."""

import struct
import zlib
from itertools import pairwise

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mini_dicom import MiniSeries, encoded
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.tags import TagError
from test_codestream import jpeg_lossless

SMOOTH = (np.add.outer(np.arange(36) * 7, np.arange(32) * 11) + 100).astype(np.uint16)
NATIVE = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
UNCOMPRESSED = [*NATIVE, DeflatedExplicitVRLittleEndian]
COMPRESSED = [RLELossless, JPEGLSLossless, JPEGLosslessSV1, JPEG2000Lossless]


def dataset_in(syntax: str, *, fragments: int = 1) -> Dataset:
    """A slice in a transfer syntax; compressed, it comes in ``fragments`` parts."""
    dataset = MiniSeries("P1").dataset(0, SMOOTH)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = SMOOTH.astype(">u2").tobytes()
    elif syntax not in UNCOMPRESSED:
        if syntax == JPEGLosslessSV1:
            stream = jpeg_lossless(SMOOTH)
        else:
            dataset.compress(syntax, encoding_plugin="pylibjpeg" if syntax == JPEG2000Lossless else "")
            stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
        dataset.PixelData = encapsulate([stream], fragments_per_frame=fragments)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    return dataset


def refusal(content: bytes) -> str:
    with pytest.raises(TagError) as error:
        decode_file(content)
    assert error.value.detail
    return error.value.reason.value


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("fragments", [1, 3])
def test_bytes_lost_within_compressed_pixels(syntax: str, fragments: int) -> None:
    content = encoded(dataset_in(syntax, fragments=fragments))
    begin = content.index(b"\xe0\x7f\x10\x00OB") + 12 + 8 + 4 * (fragments > 1) + 8 + 64
    (whole,) = decode_file(content)
    assert np.array_equal(whole.values, SMOOTH)
    for lost in (1, 2, 9, 40):
        for at in range(begin, len(content) - lost - 8, 11):
            assert refusal(content[:at] + content[at + lost :]) == "pixels_truncated"


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_bytes_added_within_compressed_pixels(syntax: str) -> None:
    content = encoded(dataset_in(syntax))
    for at in range(len(content) - 60, len(content) - 8, 7):
        assert refusal(content[:at] + b"\x05\x00" + content[at:]) == "pixels_truncated"


def test_an_odd_part_with_an_uncounted_byte_behind_it_is_whole() -> None:
    dataset = dataset_in(JPEGLSLossless)
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1)).rstrip(b"\0")
    stream += b"\0" * (len(stream) % 2 == 0)
    item = b"\xfe\xff\x00\xe0"
    for behind in (b"", b"\0"):
        dataset.PixelData = item + bytes(4) + item + struct.pack("<L", len(stream)) + stream + behind
        (image,) = decode_file(encoded(dataset))
        assert np.array_equal(image.values, SMOOTH)


@pytest.mark.parametrize("part", [0, 1])
def test_every_part_of_an_rle_frame_is_counted(part: int) -> None:
    dataset = dataset_in(RLELossless)
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    starts = [*struct.unpack("<2L", stream[4:12]), len(stream)]
    parts = [stream[start:end] for start, end in pairwise(starts)]
    for changed, expected in (
        (parts[part][:-4], "pixels_truncated"),
        (b"\x01\x07\x07" + parts[part], "pixels_mismatch"),
    ):
        both = [changed if number == part else one for number, one in enumerate(parts)]
        header = struct.pack("<3L", 2, 64, 64 + len(both[0])) + stream[12:64]
        dataset.PixelData = encapsulate([header + b"".join(both)])
        assert refusal(encoded(dataset)) == expected


@pytest.mark.parametrize("syntax", NATIVE)
@pytest.mark.parametrize("added", [b"\x07", b"\x01\x02", b"\x05" * 17, bytes(range(64))], ids=len)
def test_bytes_slipped_in_among_native_pixels(syntax: str, added: bytes) -> None:
    content = encoded(dataset_in(syntax))
    for at in range(len(content) - SMOOTH.nbytes, len(content) + 1, 60):
        assert refusal(content[:at] + added + content[at:]) == "pixels_mismatch"


@pytest.mark.parametrize("syntax", NATIVE)
def test_bytes_slipped_in_show_by_the_zeros_they_push_out(syntax: str) -> None:
    dataset = dataset_in(syntax)
    dataset.PixelData = dataset.PixelData[:-200] + bytes(200)
    content = encoded(dataset)
    for added in (1, 2, 4):
        longer = content[:-300] + b"\x05" * added + content[-300:]
        assert len(longer) % 128  # else they would fill the file up
        assert refusal(longer) == "pixels_mismatch"


@pytest.mark.parametrize("syntax", [*NATIVE, RLELossless])
def test_what_may_follow_pixels(syntax: str) -> None:
    dataset = dataset_in(syntax)
    content = encoded(dataset)
    dataset.DataSetTrailingPadding = bytes(range(126))
    dataset.DigitalSignaturesSequence = [Dataset()]
    dataset.DigitalSignaturesSequence[0].MACIDNumber = 1
    followed = encoded(dataset)
    dataset["DigitalSignaturesSequence"].is_undefined_length = True
    filled = content + bytes(-len(content) % 512 + 512)
    for one in (followed, encoded(dataset), filled, content + bytes(2**17)):
        (image,) = decode_file(one)
        assert np.array_equal(image.values, SMOOTH)
    assert refusal(followed[:-3]) == "pixels_mismatch"


def test_an_odd_number_of_bytes_is_followed_by_one_more() -> None:
    dataset = MiniSeries("P1", shape=(15, 15)).dataset(0)
    pixels = np.arange(225, dtype=np.uint8).reshape(15, 15)
    dataset.PixelData, dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = pixels.tobytes() + b"\0", 8, 8, 7
    content = encoded(dataset)
    counted = struct.pack("<L", 226)
    at = content.rindex(counted)
    for one in (content, content[:at] + struct.pack("<L", 225) + content[at + 4 :]):
        (image,) = decode_file(one)
        assert np.array_equal(image.values, pixels)


@pytest.mark.parametrize("added", [b"\x05", bytes(range(1, 40))], ids=len)
def test_bytes_slipped_in_among_deflated_ones(added: bytes) -> None:
    content = encoded(dataset_in(DeflatedExplicitVRLittleEndian))
    (image,) = decode_file(content)
    assert np.array_equal(image.values, SMOOTH)
    assert refusal(content + added) == "pixels_mismatch"
    for at in range(len(content) - 200, len(content), 7):
        assert refusal(content[:at] + added + content[at:])


def test_a_deflated_file_that_does_not_say_where_it_begins_is_read() -> None:
    content = encoded(dataset_in(DeflatedExplicitVRLittleEndian))
    (image,) = decode_file(content[:132] + content[144:])
    assert np.array_equal(image.values, SMOOTH)


def test_a_deflated_file_may_be_filled_up_and_hold_more_than_pixels() -> None:
    dataset = dataset_in(DeflatedExplicitVRLittleEndian)
    dataset.DataSetTrailingPadding = bytes(range(126))
    content = encoded(dataset)
    inflated = zlib.decompress(content[144 + content[140] :], -zlib.MAX_WBITS)
    sums = zlib.crc32(inflated).to_bytes(4, "little") + len(inflated).to_bytes(4, "little")
    for behind in (b"", bytes(300), sums, zlib.adler32(inflated).to_bytes(4, "big")):
        (image,) = decode_file(content.rstrip(b"\0") + behind)
        assert np.array_equal(image.values, SMOOTH)
    assert refusal(content.rstrip(b"\0") + sums[::-1]) == "pixels_mismatch"
