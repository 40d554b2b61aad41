"""DICOM SEG on slices: real files read by highdicom too, and phantoms that highdicom wrote."""

import dataclasses
from pathlib import Path

import numpy as np
import pydicom
import pytest

from mini_dicom import MiniSeries
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.matching import Match, Target, matched
from npc_kedro.dicom.outlines.rules import StructureRules
from npc_kedro.dicom.outlines.segmentation import lay_segmentation, read_segmentation
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from outline_objects import KEYS, target_of

hd = pytest.importorskip("highdicom")

REAL = Path(__file__).parents[3] / "../shared/real_mr/dcmqi_seg_sr"
RULES = StructureRules(primary=("primary",), node=("node",), never=())
SERIES = MiniSeries("P1", shape=(20, 16), spacing=(0.5, 0.75), orientation=(0.8, 0.0, -0.6, 0.0, 1.0, 0.0))


def images() -> list[pydicom.Dataset]:
    """What highdicom wants of source images."""
    headers = [SERIES.dataset(index) for index in range(SERIES.slices)]
    for header in headers:
        header.FrameOfReferenceUID = "1.2.3.4"
        header.PositionReferenceIndicator = ""
        header.StudyID = header.AccessionNumber = header.StudyDate = header.StudyTime = header.PatientSex = ""
        header.ReferringPhysicianName = ""
        header.SeriesNumber = 1
    return headers


def written(masks: np.ndarray, kind: str, labels: list[str]) -> pydicom.Dataset:
    """A SEG of masks (slices, rows, columns, segments), after a round trip through its bytes."""
    tumour, category = (
        hd.sr.CodedConcept("108369006", "SCT", "Neoplasm"),
        hd.sr.CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure"),
    )
    algorithm = hd.seg.SegmentAlgorithmTypeValues.MANUAL
    segments = [
        hd.seg.SegmentDescription(number, label, category, tumour, algorithm)
        for number, label in enumerate(labels, start=1)
    ]
    return hd.seg.Segmentation(
        images(), masks, kind, segments, hd.UID(), 9, hd.UID(), 1, "maker", "model", "1", "serial",
        max_fractional_value=200, omit_empty_frames=True,
    )  # fmt: skip


def two_blocks() -> np.ndarray:
    masks = np.zeros((4, 20, 16, 2), dtype=np.uint8)
    masks[1, 3:9, 4:11, 0] = 1
    masks[2, 3:7, 4:8, 0] = 1
    masks[1, 7:14, 9:13, 1] = 1
    return masks


def target() -> Target:
    return target_of(images())


def slice_of(index: int) -> int:
    """Place of the series' slice ``index`` among the target's, which run from the feet to the head."""
    return target().instance_keys.index(KEYS.instance(images()[index].SOPInstanceUID))


def lay(dataset: pydicom.Dataset, *, strict: bool = False, threshold: float = 0.5, on: Target | None = None):
    found = read_segmentation(dataset, KEYS, threshold=threshold)
    return lay_segmentation(found, on or target(), RULES, strict=strict)


def test_binary_segments_lie_on_their_slices_and_primary_holds_where_they_overlap() -> None:
    laid = lay(written(two_blocks(), "BINARY", ["Primary", "Node left"]))
    expected = np.zeros((20, 16), dtype=np.uint8)
    expected[7:14, 9:13] = 2
    expected[3:9, 4:11] = 1
    np.testing.assert_array_equal(laid.planes[slice_of(1)], expected)
    np.testing.assert_array_equal(laid.planes[slice_of(2)] == 1, two_blocks()[2, :, :, 0] == 1)
    assert laid.overlap_px == 4
    assert (laid.structures, laid.structures_refused, laid.contours, laid.contours_refused) == (2, (), 3, ())


@pytest.mark.parametrize(("threshold", "expected"), [(0.5, 4), (0.51, 2), (0.25, 6), (1.0, 2)])
def test_bad_input_30_fractional_segments_are_cut_at_the_stated_threshold(threshold: float, expected: int) -> None:
    values = np.zeros((4, 20, 16, 1), dtype=np.float32)
    values[1, 5, 2:8, 0] = [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]
    laid = lay(written(values, "FRACTIONAL", ["Primary"]), threshold=threshold)
    assert sum(int(plane.sum()) for plane in laid.planes) == expected


def test_bad_input_30_unknown_segments_are_refused_and_counted() -> None:
    laid = lay(written(two_blocks(), "BINARY", ["Primary", "Brainstem"]))
    assert laid.structures_refused == (RejectReason.STRUCTURE_UNMATCHED,)
    assert not any((plane == 2).any() for plane in laid.planes)
    with pytest.raises(TagError, match="none of 2 segments is called primary or node"):
        lay(written(two_blocks(), "BINARY", ["a", "b"]))


def test_a_label_and_a_code_that_contradict_each_other_are_told() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node left"])
    assert lay(dataset).remarks.contradicted == ()
    dataset.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0].CodeMeaning = "Lymph node"
    assert lay(dataset).remarks.contradicted == (1,)


def test_a_segment_whose_label_speaks_of_nodes_is_not_left_out_in_silence() -> None:
    assert lay(written(two_blocks(), "BINARY", ["Primary", "Lymphatic level"])).remarks.unused == (2,)


def test_bad_input_28_segments_that_share_a_number_are_refused() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Brainstem"])
    dataset.SegmentSequence[1].SegmentNumber = 1
    with pytest.raises(TagError, match="several of 2 segments have the same number 1; expected") as caught:
        lay(dataset)
    assert caught.value.reason is RejectReason.OUTLINE_NUMBERS


def test_bad_input_28_a_frame_of_a_segment_that_none_is_refuses_the_file() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    group = dataset.PerFrameFunctionalGroupsSequence[0]
    group.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7
    with pytest.raises(TagError, match="of number 7, which none of 2 segments has") as error:
        lay(dataset)
    assert error.value.reason == RejectReason.OUTLINE_NUMBERS


def test_bad_input_29_planes_that_contradict_the_images_that_frames_were_made_from() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    here, there = (np.array(SERIES.position(index)) for index in (1, 2))
    for group in groups:
        plane = group.PlanePositionSequence[0]
        plane.ImagePositionPatient = list(np.array(plane.ImagePositionPatient, dtype=float) + there - here)
    with pytest.raises(TagError, match="names one slice and lies on another"):
        lay(dataset)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_bad_input_28_frames_that_are_not_counted_refuse_the_file(kind: str) -> None:
    dataset = written(two_blocks(), kind, ["Primary", "Node"])
    lay(dataset)
    dataset.NumberOfFrames = len(dataset.PerFrameFunctionalGroupsSequence) - 1
    del dataset.PerFrameFunctionalGroupsSequence[-1]
    with pytest.raises(TagError, match=r"2 frames need \d+: NumberOfFrames is too small") as caught:
        lay(dataset)
    assert caught.value.reason is RejectReason.OUTLINE_UNREADABLE


def test_a_single_frame_that_nobody_counted_is_used() -> None:
    masks = np.zeros((4, 20, 16, 1), dtype=np.uint8)
    masks[1, 3:9, 4:11, 0] = 1
    dataset = written(masks, "BINARY", ["Primary"])
    del dataset.NumberOfFrames
    assert sum(int(plane.sum()) for plane in lay(dataset).planes) == 42


def test_bad_input_28_a_file_that_is_cut_before_its_pixels_says_so() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    del dataset.PixelData, dataset.SegmentSequence[1].SegmentNumber
    with pytest.raises(TagError, match="no pixel data: the file is cut") as caught:
        lay(dataset)
    assert caught.value.reason is RejectReason.OUTLINE_UNREADABLE


def test_bad_input_30_what_the_pixels_mean_has_to_be_said() -> None:
    dataset = written(0.4 * two_blocks().astype(float), "FRACTIONAL", ["Primary", "Node"])
    dataset.SegmentationType = "BINARY"
    shares = dataset.pixel_array.copy()
    shares[0, 0, 0] = 200
    dataset.PixelData = shares.tobytes()
    with pytest.raises(TagError, match="BINARY, but the pixels have more values") as error:
        lay(dataset)
    assert error.value.reason == RejectReason.OUTLINE_UNREADABLE
    del dataset.SegmentationType
    with pytest.raises(TagError, match="SegmentationType is none of BINARY, FRACTIONAL, LABELMAP"):
        lay(dataset)


@pytest.mark.parametrize("turn", ["rows", "columns", "both"])
def test_bad_input_27_a_flipped_grid_is_used_since_its_geometry_says_so(turn: str) -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    straight = lay(dataset)
    turned = dataclasses.replace(target(), geometries=tuple(_turned(g, turn) for g in target().geometries))
    laid = lay(dataset, on=turned)
    axes = {"rows": (0,), "columns": (1,), "both": (0, 1)}[turn]
    for plane, expected in zip(laid.planes, straight.planes, strict=True):
        np.testing.assert_array_equal(np.flip(plane, axes), expected)


def _turned(geometry: SliceGeometry, turn: str) -> SliceGeometry:
    """The same pixels in space, counted from another corner."""
    corner = geometry.pixel_to_patient()
    along_row, along_column = np.array(geometry.orientation[:3]), np.array(geometry.orientation[3:])
    row = geometry.shape[0] - 1 if turn in ("rows", "both") else 0
    column = geometry.shape[1] - 1 if turn in ("columns", "both") else 0
    position = (corner @ [row, column, 1])[:3]
    along_row = -along_row if column else along_row
    along_column = -along_column if row else along_column
    return dataclasses.replace(geometry, position=tuple(position), orientation=(*along_row, *along_column))


@pytest.mark.parametrize("shift", [(0.3, 0, 0), (0, 0, 2.0), (50, 0, 0)])
def test_bad_input_27_a_shifted_grid_is_refused_with_both_geometries(shift: tuple[float, float, float]) -> None:
    moved = tuple(dataclasses.replace(g, position=tuple(np.array(g.position) + shift)) for g in target().geometries)
    elsewhere = dataclasses.replace(target(), geometries=moved)
    with pytest.raises(TagError, match=r"segmentation 3 of 16 x 20 pixels .*; slices 4 of 16 x 20 pixels") as caught:
        lay(written(two_blocks(), "BINARY", ["Primary", "Node"]), on=elsewhere)
    assert caught.value.reason is RejectReason.OUTLINE_GEOMETRY


def test_a_frame_on_a_slice_that_is_not_used_is_refused_and_counted() -> None:
    whole = target()
    kept = [index for index in range(4) if index != slice_of(2)]
    fewer = dataclasses.replace(
        whole,
        geometries=tuple(whole.geometries[index] for index in kept),
        instance_keys=tuple(whole.instance_keys[index] for index in kept),
    )
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    assert lay(dataset, on=fewer).contours_refused == (RejectReason.CONTOUR_OFF_SLICES,)
    with pytest.raises(TagError, match="1 of 3 contours"):
        lay(dataset, on=fewer, strict=True)


def test_references_lead_to_the_series() -> None:
    found = read_segmentation(written(two_blocks(), "BINARY", ["Primary", "Node"]), KEYS, threshold=0.5)
    how = matched(found.references, target(), series_owners={}, chosen=False, outline=found.describe())
    assert how is Match.BY_UID


def test_bad_input_29_a_segmentation_in_another_frame_of_reference_than_its_images() -> None:
    dataset = written(two_blocks(), "BINARY", ["Primary", "Node"])
    dataset.FrameOfReferenceUID = "1.2.3.5"
    found = read_segmentation(dataset, KEYS, threshold=0.5)
    with pytest.raises(TagError, match=r"names images of the series in use, but .* frame of reference") as caught:
        matched(found.references, target(), series_owners={}, chosen=False, outline=found.describe())
    assert caught.value.reason is RejectReason.OUTLINE_OTHER_FRAME


def real(name: str) -> Path:
    if not REAL.is_dir():
        pytest.skip("no real files beside the project")
    return REAL / name


@pytest.mark.parametrize("name", ["24x38x3/seg/label.seg", "sparse-labelmap-noppv.dcm"])
def test_real_segments_on_their_images_are_what_highdicom_reads(name: str) -> None:
    headers = [pydicom.dcmread(path) for path in sorted((real("24x38x3") / "image").glob("*.dcm"))]
    on = target_of(headers)
    rules = StructureRules(primary=("liver",), node=(), never=())
    found = read_segmentation(pydicom.dcmread(real(name)), KEYS, threshold=0.5)
    how = matched(found.references, on, series_owners={}, chosen=False, outline=found.describe())
    assert how is Match.BY_UID
    laid = lay_segmentation(found, on, rules, strict=how.strict)
    assert laid.contours_refused == ()
    theirs = hd.seg.segread(real(name)).get_pixels_by_source_instance(
        [header.SOPInstanceUID for header in headers],
        segment_numbers=[1],
        combine_segments=True,
        assert_missing_frames_are_empty=True,
        ignore_spatial_locations=True,
    )
    order = [on.instance_keys.index(KEYS.instance(header.SOPInstanceUID)) for header in headers]
    for index, image in zip(order, theirs, strict=True):
        np.testing.assert_array_equal(laid.planes[index] == 1, image == 1)
    assert theirs.any()


@pytest.mark.parametrize(
    ("name", "primary", "node"),
    [("seg.dcm", [1], []), ("liver.dcm", [1], []), ("partial_overlaps.dcm", [1, 2], [3, 4, 5])],
)
def test_real_segments_lie_where_highdicom_places_them(name: str, primary: list[int], node: list[int]) -> None:
    """highdicom's volume gives grid and pixels; ours are laid on that grid by their own geometry."""
    theirs = hd.seg.segread(real(name))
    volume = theirs.get_volume(segment_numbers=[*primary, *node], allow_missing_positions=True)
    on = _volume_target(volume)
    rules = StructureRules(primary=tuple(primary), node=tuple(node), never=())
    found = read_segmentation(pydicom.dcmread(real(name)), KEYS, threshold=0.5)
    laid = lay_segmentation(found, on, rules, strict=True)
    assert laid.contours_refused == ()
    order = np.argsort([g.position_along(g.normal) for g in _grids(volume)])
    for plane, image in zip(laid.planes, volume.array[order], strict=True):
        is_primary = image[..., : len(primary)].any(axis=-1)
        is_node = image[..., len(primary) :].any(axis=-1) & ~is_primary
        np.testing.assert_array_equal(plane == 1, is_primary)
        np.testing.assert_array_equal(plane == 2, is_node)
    assert sum(plane.any() for plane in laid.planes) > 1


def _grids(volume) -> list[SliceGeometry]:
    shape, spacing = volume.spatial_shape[1:], volume.pixel_spacing
    orientation = tuple(float(value) for value in volume.direction_cosines)
    return [
        SliceGeometry(tuple(map(float, position[0].ImagePositionPatient)), orientation, tuple(spacing), tuple(shape))
        for position in volume.get_plane_positions()
    ]


def _volume_target(volume) -> Target:
    grids = sorted(_grids(volume), key=lambda grid: grid.position_along(grid.normal))
    return Target("p", "s", tuple(grids), ("",) * len(grids))
