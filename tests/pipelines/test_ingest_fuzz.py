"""Exports made up and damaged at random: no traceback, every file used or rejected once, the folder left as it is."""

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from ingest_bench import Bench, counts, reasons, shipped_parameters
from mini_dicom import SAGITTAL, MiniSeries, encoded, picture
from npc_kedro.errors import CohortError

TAGS = st.fixed_dictionaries(
    {},
    optional={
        "Rows": st.sampled_from([None, 0, 15, 17]),
        "BitsAllocated": st.sampled_from([None, 8, 12, 32]),
        "BitsStored": st.sampled_from([8, 10, 16]),
        "PixelRepresentation": st.sampled_from([None, 0, 1]),
        "PhotometricInterpretation": st.sampled_from([None, "MONOCHROME1", "RGB", "PALETTE COLOR"]),
        "ImageOrientationPatient": st.sampled_from([None, list(SAGITTAL), [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0.98, 0.2]]),
        "PixelSpacing": st.sampled_from([None, [0, 0], [2, 0.5]]),
        "PatientID": st.sampled_from([None, "", "P1 ", "../../x", "<script>"]),
        "RescaleSlope": st.sampled_from(["0", "2.5", "1e30", "1e300"]),
        "ImageType": st.sampled_from([["DERIVED", "SECONDARY"], ["ORIGINAL", "PRIMARY", "LOCALIZER"]]),
        "SeriesDescription": st.sampled_from(["", "Ax T2", "T1 +C", "3-plane Loc"]),
        "NumberOfFrames": st.sampled_from(["1", "3"]),
        "SpecificCharacterSet": st.sampled_from(["GB18030", "ISO_IR 100", "NONSENSE"]),
    },
)
SYNTAXES = st.sampled_from(["plain", "plain", "implicit", "rle", "jpegls", "deflated"])
DAMAGE = st.one_of(
    st.just(("none", 0.0, 0)),
    st.tuples(st.sampled_from(["cut", "flip", "append"]), st.floats(0, 0.999), st.integers(1, 255)),
)


def file_of(patient: str, place: int, tags: dict, syntax: str, damage: tuple[str, float, int]) -> bytes:
    """One file as drawn."""
    dataset = MiniSeries(patient, number=place % 3).dataset(place)
    if syntax == "implicit":
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    elif syntax == "deflated":
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    elif syntax in ("rle", "jpegls"):
        dataset.compress(RLELossless if syntax == "rle" else JPEGLSLossless)
    for keyword, value in tags.items():
        if value is None and keyword in dataset:
            delattr(dataset, keyword)
        elif value is not None:
            setattr(dataset, keyword, value)
    content = bytearray(encoded(dataset))
    kind, where, value = damage
    at = int(where * len(content))
    if kind == "cut":
        return bytes(content[:at])
    if kind == "flip":
        content[at] ^= value
    elif kind == "append":
        content += bytes([value]) * (1 + at % 50)
    return bytes(content)


def tree(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(["P1", "P2"]), TAGS, SYNTAXES, DAMAGE), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore")
def test_whatever_an_export_holds_each_file_ends_used_or_rejected(files: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "cohort"
        (root / "dicom").mkdir(parents=True)
        bench = Bench(root, Path(folder) / "store", shipped_parameters())
        bench.add(MiniSeries("P1", number=7, slices=2), MiniSeries("P2", number=7, slices=2))
        bench.clinical("P1", "P2")
        for place, (patient, tags, syntax, damage) in enumerate(files):
            bench.put(f"drawn/{place}", file_of(patient, place, tags, syntax, damage))
        before = tree(root)
        stopped = ""
        try:
            bench.run()  # checks that the counts add up and that every file has one end
        except CohortError as error:
            stopped = str(error)
        assert not stopped or "contradicts itself" in stopped  # the only stop that drawn files can cause
        assert tree(root) == before


def test_bad_input_06_a_missing_decoder_is_named_with_its_package(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels.decoders import base

    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    dataset = MiniSeries("P1").dataset(4)
    dataset.compress(JPEGLSLossless)
    name = bench.put("jls", encoded(dataset))
    monkeypatch.setattr(base.Decoder, "available_plugins", property(lambda self: ()))
    found = bench.run()
    assert reasons(found) == {name: "missing_decoder"}
    assert "install pyjpegls" in found["rejected_files"]["detail"].iloc[0]
    monkeypatch.undo()
    assert len(bench.run()["slices"]) == 5  # installed since: the same file is used now


@pytest.mark.parametrize("syntax", ["implicit", "rle", "jpegls", "deflated"])
def test_bad_input_06_the_same_pixels_in_every_transfer_syntax(bench: Bench, syntax: str) -> None:
    for index in range(3):
        bench.put(f"{index}", file_of("P1", 3 * index + 1, {}, syntax, ("none", 0.0, 0)))
    bench.clinical("P1")
    slices = bench.run()["slices"]
    offset = slices.table["intensity_offset"][0]
    for index in range(3):
        expected = MiniSeries("P1", number=1).dataset(3 * index + 1).pixel_array
        np.testing.assert_array_equal(slices.pixels[index] + offset, expected)


def test_bad_input_16_a_missing_slice_is_used_and_recorded(bench: Bench) -> None:
    series = MiniSeries("P1")
    for index in (0, 1, 2, 4):
        bench.put(f"{index}", series.content(index))
    bench.clinical("P1")
    found = bench.run()
    assert found["slices"].table["position_mm"].tolist() == [-10.0, -5.0, 0.0, 10.0]
    assert not found["series_choice"]["even_spacing"].iloc[0]
    notes = found["attrition_ingest"]["reason"]
    assert (notes == "note: uneven slice distances (1 kept)").any()
    assert counts(found, "decoding", "files") == {"entered": 4, "used": 4}


def test_bad_input_19_mixed_matrices_are_resampled_and_recorded(bench: Bench) -> None:
    series = MiniSeries("P1", slices=2)
    bench.add(series)
    wide = MiniSeries("P1", shape=(32, 32), spacing=(0.5, 0.5))
    bench.put("wide", encoded(wide.dataset(2, np.repeat(np.repeat(picture(5), 2, axis=0), 2, axis=1))))
    bench.clinical("P1")
    slices = bench.run()["slices"]
    assert slices.table["rows_original"].tolist() == [16, 16, 32]
    assert slices.table["spacing_row_mm"].tolist() == [1.0, 1.0, 1.0]
    real = slices.pixels[2] * slices.table["intensity_scale"][2] + slices.table["intensity_offset"][2]
    np.testing.assert_allclose(real, picture(5), atol=0.02)


def test_bad_input_20_a_slope_that_varies_by_slice_is_applied(bench: Bench) -> None:
    series = MiniSeries("P1")
    for index, slope in enumerate(("1", "2", "4")):
        bench.put(
            f"{index}", series.content(index, lambda dataset, slope=slope: setattr(dataset, "RescaleSlope", slope))
        )
    bench.clinical("P1")
    slices = bench.run()["slices"]
    for index, slope in enumerate((1, 2, 4)):
        real = slices.pixels[index] * slices.table["intensity_scale"][index] + slices.table["intensity_offset"][index]
        np.testing.assert_allclose(real, series.dataset(index).pixel_array * slope, atol=0.05)


@pytest.mark.parametrize(
    ("tags", "reason", "detail"),
    [
        ({"RescaleSlope": "1e30"}, "invalid_tag", "RescaleSlope is 1e+30"),
        ({"RescaleSlope": "1e-320"}, "invalid_tag", "RescaleSlope is"),
        ({"RescaleIntercept": "1e38"}, "invalid_tag", "RescaleIntercept is 1e+38"),
        ({"RescaleIntercept": "1e11"}, "invalid_tag", "up to 1e+11 in steps of 1: single precision"),
        ({"RescaleSlope": "1e8"}, "invalid_tag", "other slices have no contrast"),
        ({"PixelSpacing": ["1e-5", "1"]}, "bad_geometry", "expected two numbers from 0.01 to 100 mm"),
        ({"ImagePositionPatient": ["0", "0", "1e307"]}, "bad_geometry", "expected three numbers up to"),
    ],
)
def test_bad_input_18_one_absurd_slice_is_refused_and_leaves_the_others_alone(
    bench: Bench, tags: dict, reason: str, detail: str
) -> None:
    series = MiniSeries("P1", slices=3)
    bench.add(series)
    name = bench.put("P1/s1/im1", series.content(1, lambda dataset: [setattr(dataset, *tag) for tag in tags.items()]))
    bench.clinical("P1")
    found = bench.run()
    assert reasons(found) == {name: reason}
    assert detail in found["rejected_files"]["detail"][0]
    pixels, expected = found["slices"].pixels, [series.dataset(index).pixel_array for index in (0, 2)]
    np.testing.assert_array_equal(pixels + found["slices"].table["intensity_offset"][0], expected)


def test_bad_input_21_a_sagittal_series_alone_is_no_candidate(bench: Bench) -> None:
    bench.add(MiniSeries("P1", orientation=SAGITTAL), MiniSeries("P2"))
    bench.clinical("P1", "P2")
    found = bench.run()
    assert counts(found, "series choice", "patients")["no_candidate_series"] == 1
    assert "not_axial" in set(found["series_choice"]["reason"])
