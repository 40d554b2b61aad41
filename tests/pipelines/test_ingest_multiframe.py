"""Enhanced multi-frame MR, made by the rules of DICOM PS3.3 (A.36.2, C.7.6.16), through the pipeline ``ingest``."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage, RLELossless

from ingest_bench import KEYS, Bench, counts, reasons
from mini_dicom import MiniSeries, encoded, picture, uid
from outline_objects import contour_in, rtstruct

ORDER = (2, 0, 3, 1)
"""Slice, from the feet, that each frame shows."""

SLOPES = (1.0, 2.0, 0.5, 4.0)
"""RescaleSlope of each frame."""


def item(**values: object) -> Sequence:
    """A sequence of one item."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return Sequence([dataset])


def frames() -> np.ndarray:
    """Stored values (frame, row, column)."""
    return np.stack([picture(51, number) for number in range(len(ORDER))])


def enhanced(series: MiniSeries) -> Dataset:
    """All slices of a series as the frames of one file; where they lie stands in the functional groups alone."""
    dataset = series.dataset(0)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    dataset.NumberOfFrames = len(ORDER)
    dataset.PixelData = frames().astype("<u2").tobytes()
    shared = Dataset()
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=list(series.orientation))
    shared.PixelMeasuresSequence = item(PixelSpacing=list(series.spacing), SliceThickness="5")
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    groups = []
    for index, slope in zip(ORDER, SLOPES, strict=True):
        group = Dataset()
        group.PlanePositionSequence = item(ImagePositionPatient=[round(value, 6) for value in series.position(index)])
        group.PixelValueTransformationSequence = item(RescaleSlope=slope, RescaleIntercept=10, RescaleType="US")
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(dataset, keyword)
    return dataset


@pytest.mark.parametrize("compressed", [False, True])
def test_bad_input_15_frames_are_slices_with_their_own_place_and_rescaling(bench: Bench, compressed: bool) -> None:
    series = MiniSeries("P1")
    dataset = enhanced(series)
    if compressed:
        dataset.compress(RLELossless)
    name = bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    found = bench.run()
    assert reasons(found) == {}
    slices = found["slices"]
    assert slices.table["file"].tolist() == [name] * 4
    assert slices.table["patient_key"].unique().tolist() == [KEYS.patient("P1")]
    np.testing.assert_allclose(slices.table["position_mm"], [-10.0, -5.0, 0.0, 5.0])
    assert slices.table["thickness_mm"].tolist() == [5.0] * 4
    scale, offset = (slices.table[name].to_numpy()[:, None, None] for name in ("intensity_scale", "intensity_offset"))
    real = frames() * np.array(SLOPES)[:, None, None] + 10
    np.testing.assert_allclose(slices.pixels * scale + offset, real[np.argsort(ORDER)], atol=float(scale.max()) / 2)


def test_bad_input_15_frames_without_places_are_refused(bench: Bench) -> None:
    dataset = enhanced(MiniSeries("P1"))
    del dataset.PerFrameFunctionalGroupsSequence
    bench.add(MiniSeries("P2"))
    bench.clinical("P1", "P2")
    name = bench.put("volume", encoded(dataset))
    fewer = enhanced(MiniSeries("P1", number=2))
    fewer.NumberOfFrames = 5
    more = bench.put("more", encoded(fewer))
    found = bench.run()
    assert reasons(found) == {name: "bad_geometry", more: "invalid_tag"}
    assert found["patients"]["patient_key"].tolist() == [KEYS.patient("P2")]


@pytest.mark.parametrize("files", [1, 2])
def test_bad_input_15_of_several_frames_at_one_place_the_first_is_used(bench: Bench, files: int) -> None:
    """Two time points, as the frames of one file or as two files of one series."""
    first, second = (enhanced(MiniSeries("P1")) for _ in range(2))
    second.PixelData = (frames() + 1).astype("<u2").tobytes()
    if files == 1:
        first.NumberOfFrames = 8
        first.PixelData += second.PixelData
        first.PerFrameFunctionalGroupsSequence.extend(second.PerFrameFunctionalGroupsSequence)
    else:
        second.SOPInstanceUID = uid("later")
        second.InstanceNumber = first.InstanceNumber + 1
        later = bench.put("later", encoded(second))
    name = bench.put("volume", encoded(first))
    bench.clinical("P1")
    found = bench.run()
    slices = found["slices"]
    assert slices.table["file"].tolist() == [name] * 4
    scale, offset = (slices.table[name].to_numpy()[:, None, None] for name in ("intensity_scale", "intensity_offset"))
    real = frames() * np.array(SLOPES)[:, None, None] + 10
    np.testing.assert_allclose(slices.pixels * scale + offset, real[np.argsort(ORDER)], atol=float(scale.max()) / 2)
    choice = found["series_choice"]
    assert choice[["n_slices", "frames_left_out"]].values.tolist() == [[4, 4 if files == 1 else 0]]
    assert reasons(found) == ({} if files == 1 else {later: "repeated_position"})
    notes = found["attrition_ingest"]["reason"].tolist()
    assert ("note: frames left out of multi-frame files (1 kept)" in notes) == (files == 1)


@pytest.mark.parametrize("shared", [False, True])
def test_derived_frames_are_no_slices(bench: Bench, shared: bool) -> None:
    """FrameType speaks for a frame, whether it stands in its own groups or for all; ImageType is the file's."""
    dataset = enhanced(MiniSeries("P1"))
    groups = dataset.PerFrameFunctionalGroupsSequence
    derived = enhanced(MiniSeries("P1"))
    for group in derived.PerFrameFunctionalGroupsSequence:
        group.MRImageFrameTypeSequence = item(FrameType=["DERIVED", "PRIMARY", "SUBTRACTION", "SUBTRACT"])
    if shared:
        kind = item(FrameType=["ORIGINAL", "PRIMARY", "T1", "NONE"])
        dataset.SharedFunctionalGroupsSequence[0].MRImageFrameTypeSequence = kind
        dataset.ImageType = ["DERIVED", "PRIMARY", "MIXED", "NONE"]
    dataset.PerFrameFunctionalGroupsSequence = Sequence([*derived.PerFrameFunctionalGroupsSequence, *groups])
    dataset.NumberOfFrames = 8
    dataset.PixelData = (picture(1, shape=(64, 16)) // 100).tobytes() + dataset.PixelData
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    found = bench.run()
    assert reasons(found) == {}
    assert found["series_choice"]["frames_left_out"].tolist() == [4]
    table = found["slices"].table
    assert len(table) == 4
    assert np.all(np.asarray(found["slices"].pixels).max(axis=(1, 2)) * table["intensity_scale"] > 100)


@pytest.mark.parametrize(
    ("sequence", "keyword", "worse", "better"),
    [
        ("FrameContentSequence", "TemporalPositionIndex", 1, 2),  # the first is before the agent
        ("FrameContentSequence", "FrameAcquisitionNumber", 1, 2),
        ("MREchoSequence", "EffectiveEchoTime", 20.0, 10.0),
        ("ContrastBolusUsageSequence", "ContrastBolusAgentAdministered", "NO", "YES"),
        ("MRImageFrameTypeSequence", "ComplexImageComponent", "PHASE", "MAGNITUDE"),
    ],
)
def test_of_frames_of_several_kinds_one_kind_is_used(
    bench: Bench, sequence: str, keyword: str, worse: object, better: object
) -> None:
    """The better ones come second, one after a frame of the worse kind and one before."""
    whole, other = (enhanced(MiniSeries("P1", description="Ax T1")) for _ in range(2))
    groups = []
    order = (0, 0, 1, 1, 2, 2, 3, 3)
    kinds = (worse, better, worse, better, better, worse, worse, better)
    for slice_, kind in zip(order, kinds, strict=True):
        group = Dataset()
        group.PlanePositionSequence = whole.PerFrameFunctionalGroupsSequence[slice_].PlanePositionSequence
        setattr(group, sequence, item(**{keyword: kind}))
        groups.append(group)
    low, high = (np.stack([base + picture(base, slice_) // 2 for slice_ in range(4)]) for base in (1000, 2000))
    pixels = [(low if kind == worse else high)[slice_] for slice_, kind in zip(order, kinds, strict=True)]
    other.PerFrameFunctionalGroupsSequence = Sequence(groups)
    other.NumberOfFrames, other.PixelData = 8, np.stack(pixels).astype("<u2").tobytes()
    bench.put("volume", encoded(other))
    bench.clinical("P1")
    found = bench.run()
    table = found["slices"].table
    assert len(table) == 4
    lowest = np.asarray(found["slices"].pixels).min(axis=(1, 2)) + table["intensity_offset"]
    assert (lowest >= 2000).all()
    assert found["series_choice"]["frames_left_out"].tolist() == [4]


def test_bad_input_08_frames_without_contrast_are_left_out_and_noted(bench: Bench) -> None:
    dataset = enhanced(MiniSeries("P1"))
    values = frames()
    values[1] = 7
    dataset.PixelData = values.astype("<u2").tobytes()
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    found = bench.run()
    assert len(found["slices"]) == 3
    notes = found["attrition_ingest"]["reason"].tolist()
    assert "note: frames of multi-frame files left out on decoding (1 kept)" in notes


def test_bad_input_18_an_intercept_without_a_slope_counts(bench: Bench) -> None:
    dataset = enhanced(MiniSeries("P1"))
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.PixelValueTransformationSequence = item(RescaleIntercept=-100)
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    slices = bench.run()["slices"]
    offset = slices.table["intensity_offset"].to_numpy()[:, None, None]
    np.testing.assert_array_equal(slices.pixels + offset, frames()[np.argsort(ORDER)] - 100.0)


def test_bad_input_18_an_empty_slope_of_a_frame_does_not_hide_the_shared_one(bench: Bench) -> None:
    dataset = enhanced(MiniSeries("P1"))
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.PixelValueTransformationSequence = item(RescaleIntercept=7, RescaleSlope=None)
    dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = item(RescaleSlope=3)
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    slices = bench.run()["slices"]
    scale, offset = (slices.table[name].to_numpy()[:, None, None] for name in ("intensity_scale", "intensity_offset"))
    real = frames()[np.argsort(ORDER)] * 3.0 + 7
    np.testing.assert_allclose(slices.pixels * scale + offset, real, atol=float(scale.max()) / 2)


@pytest.mark.parametrize("what", ["derived frames elsewhere", "frames of another kind"])
def test_bad_input_15_of_a_file_that_stands_in_only_frames_that_may_are_used(bench: Bench, what: str) -> None:
    """The file that is used is cut, and the other of the series has frames besides that are no slices."""
    first, second = (enhanced(MiniSeries("P1")) for _ in range(2))
    second.SOPInstanceUID, second.InstanceNumber = uid("later"), first.InstanceNumber + 1
    besides = enhanced(MiniSeries("P1"))
    for number, group in enumerate(besides.PerFrameFunctionalGroupsSequence):
        if what == "derived frames elsewhere":
            group.PlanePositionSequence = item(ImagePositionPatient=[-8, -8, 100 + 5 * number])
            group.MRImageFrameTypeSequence = item(FrameType=["DERIVED", "SECONDARY", "MPR", "NONE"])
        else:
            group.MREchoSequence = item(EffectiveEchoTime=80.0)
    if what == "frames of another kind":
        for group in (*first.PerFrameFunctionalGroupsSequence, *second.PerFrameFunctionalGroupsSequence):
            group.MREchoSequence = item(EffectiveEchoTime=10.0)
    second.PerFrameFunctionalGroupsSequence.extend(besides.PerFrameFunctionalGroupsSequence)
    second.NumberOfFrames = 8
    second.PixelData = (frames() + 1).astype("<u2").tobytes() + (frames() + 2).astype("<u2").tobytes()
    first.PixelData = first.PixelData[:-100]
    cut, whole = bench.put("volume", encoded(first)), bench.put("later", encoded(second))
    bench.clinical("P1")
    found = bench.run()
    assert reasons(found) == {cut: "pixels_truncated"}
    slices = found["slices"]
    assert slices.table["file"].tolist() == [whole] * 4
    scale, offset = (slices.table[name].to_numpy()[:, None, None] for name in ("intensity_scale", "intensity_offset"))
    real = (frames() + 1) * np.array(SLOPES)[:, None, None] + 10
    np.testing.assert_allclose(slices.pixels * scale + offset, real[np.argsort(ORDER)], atol=float(scale.max()) / 2)


_ALL_EVIDENCE = {"spin_or_gradient_echo", "short_tr", "short_te", "contrast_tag"}


def _evidence_of(bench: Bench, dataset: Dataset) -> set[str]:
    """Names of the rules that speak for or against a patient's only file."""
    bench.clinical("P1")
    bench.put("volume", encoded(dataset))
    (row,) = bench.run()["series_choice"].to_dict("records")
    assert row["reason"] == "most_points"
    return {one.rpartition("+")[0] or one.rpartition("-")[0] for one in row["evidence"].split()}


def test_evidence_of_an_enhanced_file_stands_where_the_standard_has_it(bench: Bench) -> None:
    """TR in the functional groups, the kind of echo in EchoPulseSequence, an agent among several."""
    series = MiniSeries("P1", tags={"EchoPulseSequence": "SPIN"})
    dataset = enhanced(series)
    for keyword in ("RepetitionTime", "EchoTime", "ScanningSequence"):
        if keyword in dataset:
            delattr(dataset, keyword)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=500.0)
    shared.MREchoSequence = item(EffectiveEchoTime=10.0)
    usage = [item(ContrastBolusAgentAdministered=given)[0] for given in ("NO", "YES")]
    shared.ContrastBolusUsageSequence = Sequence(usage)
    assert _evidence_of(bench, dataset).issuperset(_ALL_EVIDENCE)
    shared.ContrastBolusUsageSequence = Sequence(usage[:1])
    assert "contrast_tag" not in _evidence_of(bench, dataset)


@pytest.mark.parametrize("which", ["Shared", "PerFrame"])
def test_evidence_of_a_converted_file_is_what_its_single_frames_said(bench: Bench, which: str) -> None:
    """Legacy Converted files keep what no functional group has a place for in sequences of their own."""
    series = MiniSeries("P1")
    dataset = enhanced(series)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = LegacyConvertedEnhancedMRImageStorage
    for keyword in ("RepetitionTime", "EchoTime", "ScanningSequence", "ContrastBolusAgent"):
        if keyword in dataset:
            delattr(dataset, keyword)
    said = item(RepetitionTime="500", EchoTime="10", ScanningSequence="SE", ContrastBolusAgent="Gadovist")
    for group in getattr(dataset, f"{which}FunctionalGroupsSequence"):
        setattr(group, f"Unassigned{which}ConvertedAttributesSequence", said)
    assert _evidence_of(bench, dataset).issuperset(_ALL_EVIDENCE)


def test_echoes_of_a_converted_file_are_told_apart(bench: Bench) -> None:
    dataset = enhanced(MiniSeries("P1"))
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = LegacyConvertedEnhancedMRImageStorage
    del dataset.EchoTime
    later = enhanced(MiniSeries("P1"))
    for group in later.PerFrameFunctionalGroupsSequence:
        group.UnassignedPerFrameConvertedAttributesSequence = item(EchoTime="10")
    for group in dataset.PerFrameFunctionalGroupsSequence:
        group.UnassignedPerFrameConvertedAttributesSequence = item(EchoTime="90")
    dataset.PerFrameFunctionalGroupsSequence.extend(later.PerFrameFunctionalGroupsSequence)
    dataset.NumberOfFrames, dataset.PixelData = 8, dataset.PixelData + (frames() + 1).astype("<u2").tobytes()
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    slices = bench.run()["slices"]
    scale, offset = (slices.table[name].to_numpy()[:, None, None] for name in ("intensity_scale", "intensity_offset"))
    real = (frames() + 1) * np.array(SLOPES)[:, None, None] + 10
    np.testing.assert_allclose(slices.pixels * scale + offset, real[np.argsort(ORDER)], atol=float(scale.max()) / 2)


@pytest.mark.parametrize("named", ["the frames", "another frame", "no frame"])
def test_bad_input_29_contours_lie_on_the_frames_that_they_name(bench: Bench, named: str) -> None:
    series = MiniSeries("P1")
    dataset = enhanced(series)
    bench.put("volume", encoded(dataset))
    bench.clinical("P1")
    square = [(2.0, 2.0), (2.0, 9.0), (8.0, 9.0), (8.0, 2.0)]
    drawn = rtstruct(series, {"GTVp": [(index, contour_in(series, index, square)) for index in (0, 1)]})
    for index, contour in enumerate(drawn.ROIContourSequence[0].ContourSequence):
        image = contour.ContourImageSequence[0]
        image.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
        if named != "no frame":
            image.ReferencedFrameNumber = 1 + (ORDER.index(index) if named == "the frames" else ORDER.index(0))
    bench.put("rs", encoded(drawn))
    found = bench.run()
    assert np.count_nonzero(found["outlines"].pixels) == (1 if named == "another frame" else 2) * 7 * 8
    if named == "another frame":
        assert counts(found, "outlines", "contours") == {"entered": 2, "contour_contradicts": 1, "used": 1}
