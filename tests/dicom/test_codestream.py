"""Compressed frames that are cut, have a hole, or are not what the header says: refused before they are decoded."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from mini_dicom import MiniSeries, encoded, picture
from npc_kedro.dicom.pixels import decode_file
from npc_kedro.dicom.tags import TagError

SHAPE = (64, 64)
FLAT = np.zeros((512, 512), np.uint16)
FLAT[200:300, 200:300] = picture(1, shape=(100, 100))
"""An image on flat background, which compresses to next to nothing."""


def compressed(syntax: str, pixels: np.ndarray) -> tuple[Dataset, bytes]:
    """A slice in a transfer syntax, with its codestream."""
    dataset = MiniSeries("P1").dataset(0, pixels)
    if syntax == JPEGLosslessSV1:  # pydicom has no encoder
        with_header(dataset, syntax, stream := jpeg_lossless(pixels))
        return dataset, stream
    plugin = "pylibjpeg" if syntax == JPEG2000Lossless else ""
    dataset.compress(syntax, encoding_plugin=plugin, **({"jls_error": 2} if syntax == JPEGLSNearLossless else {}))
    return dataset, next(generate_frames(dataset.PixelData, number_of_frames=1))


def with_header(dataset: Dataset, syntax: str, *streams: bytes) -> bytes:
    """The dataset with these compressed frames, as a file."""
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    dataset.PixelData = encapsulate(list(streams))
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return encoded(dataset)


def jpeg_lossless(pixels: np.ndarray, *, bits: int = 16) -> bytes:
    """A frame in JPEG lossless, process 14, prediction from the left (ITU-T T.81, H): 5 bits say how many follow."""
    frame = b"\xff\xd8\xff\xc3" + (11).to_bytes(2) + bytes([bits]) + b"".join(n.to_bytes(2) for n in pixels.shape)
    frame += b"\x01\x00\x11\x00"
    frame += b"\xff\xc4" + (19 + 17).to_bytes(2) + b"\x00" + bytes([0, 0, 0, 0, 17]) + bytes(11) + bytes(range(17))
    frame += b"\xff\xda" + (8).to_bytes(2) + b"\x01\x00\x00\x01\x00\x00"
    values = pixels.astype(int)
    predicted = np.roll(values, 1, axis=1)
    predicted[1:, 0], predicted[0, 0] = values[:-1, 0], 2 ** (bits - 1)
    bits = []
    for difference in (values - predicted).ravel().tolist():
        size = abs(difference).bit_length()
        follows = difference if difference > 0 else difference + 2**size - 1
        bits.append(f"{size:05b}" + (f"{follows:0{size}b}" if 0 < size < 16 else ""))
    written = "".join(bits)
    written += "1" * (-len(written) % 8)
    data = int(written, 2).to_bytes(len(written) // 8).replace(b"\xff", b"\xff\x00")
    return frame + data + b"\xff\xd9"


SYNTAXES = [JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, JPEGLosslessSV1]


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize("pixels", [picture(1, shape=SHAPE), FLAT, np.roll(FLAT, -200, axis=0)])
def test_bad_input_06_whole_frames_pass_whatever_they_show(syntax: str, pixels: np.ndarray) -> None:
    dataset, stream = compressed(syntax, pixels)
    for padding in (b"", bytes(1), bytes(200)):
        (image,) = decode_file(with_header(dataset, syntax, stream.rstrip(b"\0") + padding))
        np.testing.assert_allclose(image.values, pixels, atol=2 if syntax == JPEGLSNearLossless else 0)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("fill", [0, 1])
def test_bad_input_03_a_codestream_without_its_end_is_cut(syntax: str, fill: int) -> None:
    dataset, stream = compressed(syntax, picture(1, shape=SHAPE))
    for kept in (0.1, 0.5, 0.97):
        there = int(len(stream) * kept) // 2 * 2
        cut = stream[:there] + bytes(fill * (len(stream) - there))
        with pytest.raises(TagError, match="without the end mark FFD9") as error:
            decode_file(with_header(dataset, syntax, cut))
        assert error.value.reason == "pixels_truncated"


def test_bad_input_03_a_hole_in_a_jpeg_ls_codestream() -> None:
    dataset, stream = compressed(JPEGLSLossless, picture(1, shape=SHAPE))
    middle = len(stream) // 2
    hole = stream[:middle] + bytes(512) + stream[middle + 512 :]
    with pytest.raises(TagError, match="run of zeros") as error:
        decode_file(with_header(dataset, JPEGLSLossless, hole))
    assert error.value.reason == "pixels_truncated"


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
@pytest.mark.parametrize(
    "changes",
    [{"Rows": 32}, {"Rows": 32, "Columns": 128}, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}],
    ids=str,
)
def test_bad_input_04_a_codestream_of_another_size_than_the_header_says(syntax: str, changes: dict[str, int]) -> None:
    dataset, stream = compressed(syntax, picture(1, shape=SHAPE))
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    if syntax == RLELossless and "Columns" in changes:
        pytest.skip("RLE tells the number of pixels only")
    said = f"the header says {dataset.Rows} x {dataset.Columns} of {dataset.BitsAllocated}"
    with pytest.raises(TagError, match=said) as error:
        decode_file(with_header(dataset, syntax, stream))
    assert error.value.reason == "pixels_mismatch"


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
def test_bad_input_04_two_frames_where_the_header_has_one(syntax: str) -> None:
    dataset, stream = compressed(syntax, picture(1, shape=SHAPE))
    with pytest.raises(TagError, match="2 compressed frames; expected 1") as error:
        decode_file(with_header(dataset, syntax, stream, stream))
    assert error.value.reason == "pixels_mismatch"


@pytest.mark.parametrize("syntax", [*SYNTAXES, RLELossless])
def test_a_frame_in_several_fragments_is_one_frame(syntax: str) -> None:
    pixels = picture(1, shape=SHAPE)
    dataset, stream = compressed(syntax, pixels)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    dataset.PixelData = encapsulate([stream], fragments_per_frame=3)
    (image,) = decode_file(encoded(dataset))
    np.testing.assert_allclose(image.values, pixels, atol=2 if syntax == JPEGLSNearLossless else 0)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("stored", [8, 12, 16])
def test_bad_input_06_jpeg_lossless_of_8_bits_in_16_allocated(signed: bool, stored: int) -> None:
    pixels = (picture(1, shape=SHAPE) % 256).astype(np.uint8)
    dataset = MiniSeries("P1").dataset(0, pixels)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = stored, stored - 1, int(signed)
    (image,) = decode_file(with_header(dataset, JPEGLosslessSV1, jpeg_lossless(pixels, bits=8)))
    np.testing.assert_array_equal(image.values, pixels.view(np.int8) if signed else pixels)
    assert image.stored.dtype.itemsize == 2


def test_bad_input_03_no_second_decoder_is_asked_for_a_damaged_jpeg_ls_frame() -> None:
    """Of a frame that CharLS refuses libjpeg gives an image all the same."""
    dataset, stream = compressed(JPEGLSLossless, picture(1, shape=SHAPE))
    half = len(stream) // 2
    damaged = stream[:half] + bytes([stream[half] ^ 0x55, stream[half + 1] ^ 0x55]) + stream[half + 2 :]
    content = with_header(dataset, JPEGLSLossless, damaged)
    assert not np.array_equal(pydicom.dcmread(io.BytesIO(content)).pixel_array, picture(1, shape=SHAPE))
    with pytest.raises(TagError) as error:
        decode_file(content)
    assert error.value.reason == "pixels_undecodable"


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_bad_input_03_parts_of_a_frame_behind_its_end_mark(syntax: str) -> None:
    dataset, stream = compressed(syntax, picture(1, shape=SHAPE))
    third = len(stream) // 6 * 2
    moved = stream[:third] + stream[2 * third :] + stream[third : 2 * third]
    with pytest.raises(TagError, match="behind the end mark FFD9") as error:
        decode_file(with_header(dataset, syntax, moved))
    assert error.value.reason == "pixels_mismatch"


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_bad_input_15_an_extended_offset_table_gives_each_frame_once_and_in_order(syntax: str) -> None:
    pixels = [picture(number, shape=SHAPE) for number in range(3)]
    dataset = MiniSeries("P1").dataset(0, pixels[0])
    streams = [compressed(syntax, one)[1] for one in pixels]
    _, offsets, lengths = encapsulate_extended(streams)
    dataset.NumberOfFrames = 3
    places = [Dataset() for _ in pixels]
    for number, place in enumerate(places):
        place.ImagePositionPatient = [0, 0, 5 * number]
    dataset.PerFrameFunctionalGroupsSequence = [Dataset() for _ in pixels]
    for group, place in zip(dataset.PerFrameFunctionalGroupsSequence, places, strict=True):
        group.PlanePositionSequence = [place]

    def decoded(*order: int) -> list[np.ndarray]:
        tables = ([table[8 * number : 8 * number + 8] for number in order] for table in (offsets, lengths))
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = map(b"".join, tables)
        return [image.values for image in decode_file(with_header(dataset, syntax, *streams))]

    np.testing.assert_array_equal(decoded(0, 1, 2), pixels)
    for order in ((1, 0, 2), (0, 0, 2), (0, 1)):
        with pytest.raises(TagError, match="the Extended Offset Table does not give the 3 compressed frames") as error:
            decoded(*order)
        assert error.value.reason == "pixels_mismatch"


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize("signed", [False, True])
def test_bad_input_05_compressed_values_beyond_bits_stored(syntax: str, signed: bool) -> None:
    pixels = picture(1, shape=SHAPE)
    if signed:
        pixels = pixels.astype(np.int16) - 900
    dataset = MiniSeries("P1").dataset(0, pixels.view(np.uint16))
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, int(signed)
    dataset.compress(syntax, encoding_plugin="pylibjpeg" if syntax == JPEG2000Lossless else "")
    (image,) = decode_file(encoded(dataset))
    np.testing.assert_array_equal(image.values, pixels)
    dataset.BitsStored, dataset.HighBit = 8, 7
    with pytest.raises(TagError, match="values of 12 bits lie outside the 8 of BitsStored") as error:
        decode_file(encoded(dataset))
    assert error.value.reason == "pixels_mismatch"
