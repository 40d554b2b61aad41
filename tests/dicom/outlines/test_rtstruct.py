"""RTSTRUCT on slices: phantoms, faults of single contours, and real files against an independent filler."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from matplotlib.path import Path as Curve

from mini_dicom import MiniSeries
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.outlines.matching import Match, Target, matched
from npc_kedro.dicom.outlines.rtstruct import lay_structure_set, read_structure_set
from npc_kedro.dicom.outlines.rules import StructureRules
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError
from outline_objects import KEYS, contour_in, distance_to_edges, rtstruct, target_of

REAL = Path(__file__).parents[3] / "../shared/real_mr/rt_utils_rtstruct"
RULES = StructureRules(primary=("gtvp", "ROI-1"), node=("gtvn", "ROI-2"), never=("ptv",))

# Oblique, with unequal spacings: a mistake of axes or signs cannot pass.
TILTED = (0.96, 0.28, 0.0, -0.28 * 0.8, 0.96 * 0.8, -0.6)
SERIES = MiniSeries("P1", shape=(20, 16), spacing=(0.5, 0.75), orientation=TILTED, origin=(-30.0, 12.0, -40.0))


def box(top: float, left: float, bottom: float, right: float) -> list[tuple[float, float]]:
    return [(top, left), (top, right), (bottom, right), (bottom, left)]


def lay(dataset: pydicom.Dataset, *, strict: bool = False, series: MiniSeries = SERIES):
    target = target_of([series.dataset(index) for index in range(series.slices)])
    return lay_structure_set(read_structure_set(dataset, KEYS), target, RULES, strict=strict)


def place(index: int, points: list[tuple[float, float]], offset_mm: float = 0.0) -> tuple[int, np.ndarray]:
    across = np.cross(SERIES.orientation[:3], SERIES.orientation[3:])
    return index, contour_in(SERIES, index, points) + offset_mm * across


def test_contours_lie_where_their_coordinates_say() -> None:
    dataset = rtstruct(
        SERIES,
        {
            "GTVp": [place(1, box(2.6, 3.6, 8.4, 9.4)), place(1, box(4.6, 5.6, 6.4, 7.4)), place(2, box(3, 3, 5, 5))],
            "GTVn left": [place(1, box(7.6, 8.6, 12.4, 14.4))],
            "Brainstem": [place(0, box(1, 1, 15, 15))],
        },
    )
    laid = lay(dataset)
    target = target_of([SERIES.dataset(index) for index in range(SERIES.slices)])
    on_slice = target.instance_keys.index(KEYS.instance(SERIES.dataset(1).SOPInstanceUID))
    expected = np.zeros((20, 16), dtype=np.uint8)
    expected[8:13, 9:15] = 2
    expected[3:9, 4:10] = 1  # primary over node: one pixel
    expected[5:7, 6:8] = 0  # the hole
    np.testing.assert_array_equal(laid.planes[on_slice], expected)
    assert laid.overlap_px == 1
    assert sum(plane.any() for plane in laid.planes) == 2
    assert (laid.structures, laid.structures_refused) == (3, (RejectReason.STRUCTURE_UNMATCHED,))
    assert (laid.contours, laid.contours_refused) == (4, ())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (place(2, [(3.0, 3.0), (5.0, 5.0)]), RejectReason.CONTOUR_TOO_SHORT),
        (place(2, [(3.0, 3.0), (5.0, 5.0), (3.0, 3.0)]), RejectReason.CONTOUR_TOO_SHORT),
        (place(2, [(3, 3), (5, 5), (9, 9)]), RejectReason.CONTOUR_WITHOUT_AREA),
        (place(2, [(3, 3), (3, 7), (3, 9), (3, 7)]), RejectReason.CONTOUR_WITHOUT_AREA),
        (place(2, box(3, 3, 6, 6) * 2), RejectReason.CONTOUR_WITHOUT_AREA),  # the second round undoes the first
        (place(2, box(3, 3, 6, 6), offset_mm=2.4), RejectReason.CONTOUR_OFF_SLICES),
        (place(2, box(3, 3, 6, 6), offset_mm=0.6), RejectReason.CONTOUR_OFF_SLICES),
        ((2, place(1, box(3, 3, 6, 6))[1]), RejectReason.CONTOUR_CONTRADICTS),
        (place(2, box(30, 3, 40, 6)), RejectReason.CONTOUR_OUTSIDE),
        (place(2, [*box(3, 3, 6, 6), (4, -1000)]), RejectReason.CONTOUR_FAR_OUT),
        (place(2, [*box(3, 3, 6, 6), (1e9, 4)]), RejectReason.CONTOUR_FAR_OUT),
        (place(1, box(2, 3, 8, 9)), RejectReason.CONTOUR_REPEATED),
        (place(1, box(2, 3, 8, 9)[::-1]), RejectReason.CONTOUR_REPEATED),
        (place(1, [*box(2, 3, 8, 9)[2:], *box(2, 3, 8, 9)[:2]]), RejectReason.CONTOUR_REPEATED),
        (place(1, [*box(2, 3, 8, 9), (2, 3)]), RejectReason.CONTOUR_REPEATED),
        (place(1, box(2.002, 3, 8.002, 9)), RejectReason.CONTOUR_REPEATED),
    ],
)
def test_bad_input_30_contours_that_enclose_nothing_on_no_slice_are_refused_and_counted(
    wrong: tuple[int, np.ndarray], reason: RejectReason
) -> None:
    good = [place(1, box(2, 3, 8, 9)), place(3, box(2, 3, 8, 9))]
    laid = lay(rtstruct(SERIES, {"GTVp": [*good, wrong]}))
    assert laid.contours == 3
    assert laid.contours_refused == (reason,)
    assert sum(int(plane.sum()) for plane in laid.planes) == 2 * 7 * 7


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_bad_input_30_contours_that_cross_are_joined_unless_exclusive_is_said(kind: str) -> None:
    drawn = [place(1, box(2, 3, 8, 9)), place(1, box(5.5, 6.5, 11, 12))]
    laid = lay(rtstruct(SERIES, {"GTVp": drawn}, kind=kind))
    overlap = 3 * 3
    joined = 7 * 7 + 6 * 6 - overlap
    assert laid.contours_refused == ()
    if kind == "CLOSED_PLANAR":
        assert (sum(int(plane.sum()) for plane in laid.planes), laid.remarks.joined) == (joined, 2)
    else:
        assert sum(int(plane.sum()) for plane in laid.planes) < joined - overlap + 7  # but for centres on the edges
        assert laid.remarks.joined == 0


def test_bad_input_30_a_hole_drawn_twice_stays_a_hole() -> None:
    drawn = [place(1, box(2, 3, 10, 11)), place(1, box(4.6, 5.6, 6.4, 7.4)), place(1, box(4.6, 5.6, 6.4, 7.4)[::-1])]
    laid = lay(rtstruct(SERIES, {"GTVp": drawn}))
    assert laid.contours_refused == (RejectReason.CONTOUR_REPEATED,)
    assert sum(int(plane.sum()) for plane in laid.planes) == 9 * 9 - 2 * 2


def test_bad_input_30_a_tenth_of_a_millimetre_off_the_plane_is_rounding() -> None:
    assert lay(rtstruct(SERIES, {"GTVp": [place(1, box(2, 3, 8, 9), offset_mm=0.1)]})).contours_refused == ()


def test_bad_input_30_open_and_unreadable_contours() -> None:
    good = {"GTVp": [place(1, box(2, 3, 8, 9)), place(2, box(2, 3, 8, 9)), place(3, box(2, 3, 8, 9))]}
    dataset = rtstruct(SERIES, good)
    contours = dataset.ROIContourSequence[0].ContourSequence
    contours[0].ContourGeometricType = "OPEN_PLANAR"
    contours[1].NumberOfContourPoints = 5
    assert lay(dataset).contours_refused == (RejectReason.CONTOUR_OPEN, RejectReason.CONTOUR_UNREADABLE)


def test_bad_input_30_an_outline_of_which_no_contour_can_be_used_says_why() -> None:
    drawn = {"GTVp": [place(1, box(2, 3, 8, 9)), place(2, box(2, 3, 8, 9)), (3, place(1, box(1, 1, 5, 5))[1])]}
    dataset = rtstruct(SERIES, drawn, kind="OPEN_PLANAR")
    dataset.ROIContourSequence[0].ContourSequence[2].ContourGeometricType = "CLOSED_PLANAR"
    expected = (
        r"none of 3 contours or planes can be used: "
        r"not a closed planar contour \(2\), names one slice and lies on another \(1\)"
    )
    with pytest.raises(TagError, match=expected) as caught:
        lay(dataset)
    assert caught.value.reason is RejectReason.OUTLINE_CONTOURS
    drawn["GTVp"][2] = place(3, box(2.2, 3.2, 2.4, 3.4))
    dataset = rtstruct(SERIES, drawn)
    for contour in dataset.ROIContourSequence[0].ContourSequence[:2]:
        contour.ContourGeometricType = "OPEN_PLANAR"
    with pytest.raises(TagError, match=r"no pixel's centre lies inside .*; of 3 contours are refused: not a .* \(2\)"):
        lay(dataset)


def test_bad_input_30_an_outline_most_of_which_lies_off_the_slices_is_refused_with_both_geometries() -> None:
    off = [place(index, box(3, 3, 6, 6), offset_mm=2.0) for index in range(2)]
    dataset = rtstruct(SERIES, {"GTVp": [place(1, box(2, 3, 8, 9)), *off]})
    with pytest.raises(TagError, match=r"2 of 3 contours .* off every slice: 3 contours from .* slices 4 of 16 x 20"):
        lay(dataset)
    with pytest.raises(TagError, match="1 of 2 contours"):
        lay(rtstruct(SERIES, {"GTVp": [place(1, box(2, 3, 8, 9)), off[0]]}), strict=True)


def test_bad_input_28_nothing_of_the_tumour_is_drawn() -> None:
    with pytest.raises(TagError, match="none of 1 ROIs is called primary tumour or node") as caught:
        lay(rtstruct(SERIES, {"PTV Doe": [place(1, box(2, 3, 8, 9))]}))
    assert "Doe" not in str(caught.value)
    with pytest.raises(TagError, match="nothing is outlined"):
        lay(rtstruct(SERIES, {"GTVp": []}))
    with pytest.raises(TagError, match="no pixel's centre lies inside"):
        lay(rtstruct(SERIES, {"GTVp": [place(1, box(2.2, 3.2, 2.4, 3.4))]}))


def tumour_and_body() -> pydicom.Dataset:
    return rtstruct(SERIES, {"GTVp": [place(1, box(2, 3, 8, 9))], "BODY": [place(2, box(1, 1, 15, 15))]})


def without_numbers(dataset: pydicom.Dataset) -> None:
    for roi, drawn in zip(dataset.StructureSetROISequence, dataset.ROIContourSequence, strict=True):
        del roi.ROINumber, drawn.ReferencedROINumber


def without_number_at_contours(dataset: pydicom.Dataset) -> None:
    del dataset.ROIContourSequence[1].ReferencedROINumber


def all_number_one(dataset: pydicom.Dataset) -> None:
    dataset.StructureSetROISequence[1].ROINumber = dataset.ROIContourSequence[1].ReferencedROINumber = 1


def counted_from_nought_at_contours(dataset: pydicom.Dataset) -> None:
    for number, drawn in enumerate(dataset.ROIContourSequence):
        drawn.ReferencedROINumber = number


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (without_numbers, "2 of 2 ROIs have no number; expected a number of its own for each"),
        (without_number_at_contours, "contours without the number of one of 2 ROIs"),
        (all_number_one, "several of 2 ROIs have the same number 1"),
        (counted_from_nought_at_contours, "contours of number 0, which none of 2 ROIs has"),
    ],
)
def test_bad_input_28_numbers_that_do_not_say_whose_contours_they_are(
    fault: Callable[[pydicom.Dataset], None], message: str
) -> None:
    dataset = tumour_and_body()
    fault(dataset)
    with pytest.raises(TagError, match=message) as caught:
        lay(dataset)
    assert caught.value.reason is RejectReason.OUTLINE_NUMBERS


def test_bad_input_28_contours_of_one_roi_in_two_items_are_joined() -> None:
    dataset = tumour_and_body()
    del dataset.StructureSetROISequence[1]
    dataset.ROIContourSequence[1].ReferencedROINumber = 1
    laid = lay(dataset)
    assert (laid.contours, laid.contours_refused) == (2, ())
    assert sum(int(plane.sum()) for plane in laid.planes) == 7 * 7 + 15 * 15


OTHER = MiniSeries("P1", number=2, shape=(20, 16), spacing=(0.5, 0.75), orientation=TILTED, origin=(-30.0, 12.0, -40.0))


def match(dataset: pydicom.Dataset, *, chosen: bool = False, frame: str = "", owner: str = "P1") -> Match:
    found = read_structure_set(dataset, KEYS)
    headers = [SERIES.dataset(index) for index in range(SERIES.slices)]
    for header in headers:
        header.FrameOfReferenceUID = frame
    owners = {KEYS.series(SERIES.uid): KEYS.patient("P1"), KEYS.series(OTHER.uid): KEYS.patient(owner)}
    return matched(found.references, target_of(headers), series_owners=owners, chosen=chosen, outline=found.describe())


def drawn_on(series: MiniSeries, **options: object) -> pydicom.Dataset:
    return rtstruct(series, {"GTVp": [(1, contour_in(series, 1, box(2, 3, 8, 9)))]}, **options)  # type: ignore[arg-type]


def test_uids_go_before_geometry() -> None:
    assert match(drawn_on(SERIES)) is Match.BY_UID
    assert match(drawn_on(SERIES, referenced=False)) is Match.BY_GEOMETRY
    assert match(drawn_on(SERIES, referenced=False, frame="1.2"), frame="1.2") is Match.BY_GEOMETRY
    assert match(drawn_on(SERIES, frame="1.9")) is Match.BY_UID
    assert match(drawn_on(SERIES), frame="1.2") is Match.BY_UID


def test_bad_input_29_images_of_the_series_in_another_frame_of_reference_need_a_choice() -> None:
    drawn = drawn_on(SERIES, frame="1.9")
    assert match(drawn, frame="1.2") is Match.BY_STATEMENT  # it says that the series lies in 1.9, as rt-utils does
    del drawn.ReferencedFrameOfReferenceSequence
    with pytest.raises(
        TagError, match=r"names images .* drawn in another frame of reference .*; slices 4 of"
    ) as caught:
        match(drawn, frame="1.2")
    assert caught.value.reason is RejectReason.OUTLINE_OTHER_FRAME
    assert match(drawn, frame="1.2", chosen=True) is Match.BY_CHOICE_ACROSS_FRAMES
    assert Match.BY_CHOICE_ACROSS_FRAMES.strict


def test_bad_input_29_an_roi_in_another_frame_of_reference_is_refused_where_the_file_names_the_series_too() -> None:
    frames = {"GTVp": "1.2", "GTVn": "1.9"}
    dataset = rtstruct(SERIES, {name: [place(1, box(2, 3, 8, 9))] for name in frames}, frame="1.2")
    for roi in dataset.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = frames[roi.ROIName]
    headers = [SERIES.dataset(index) for index in range(SERIES.slices)]
    for header in headers:
        header.FrameOfReferenceUID = "1.2"
    found, target = read_structure_set(dataset, KEYS), target_of(headers)
    how = matched(found.references, target, series_owners={}, chosen=False, outline=found.describe())
    laid = lay_structure_set(found, target, RULES, strict=how.strict)
    assert laid.contours_refused == (RejectReason.CONTOUR_OTHER_FRAME,)
    assert {int(plane.max()) for plane in laid.planes} == {0, 1}
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "1.9"
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.7"
    found = read_structure_set(dataset, KEYS)
    assert how.admitting(target, found.references) is target
    admitting = Match.BY_STATEMENT.admitting(target, found.references)
    assert admitting.frames_of_reference == {"1.2", "1.7"}
    with pytest.raises(TagError, match=r"none of 2 contours .* drawn in another frame of reference than .* \(2\)"):
        lay_structure_set(read_structure_set(dataset, KEYS), target, RULES, strict=how.strict)


def test_bad_input_29_an_outline_of_another_series_needs_an_explicit_choice() -> None:
    with pytest.raises(
        TagError, match=r"series of the patient that is not used: 1 contours from .*; slices 4 of"
    ) as caught:
        match(drawn_on(OTHER))
    assert caught.value.reason is RejectReason.OUTLINE_OTHER_SERIES
    assert match(drawn_on(OTHER), chosen=True) is Match.BY_CHOICE
    with pytest.raises(TagError, match="another frame of reference") as caught:
        match(drawn_on(SERIES, referenced=False, frame="1.9"), frame="1.2")
    assert caught.value.reason is RejectReason.OUTLINE_OTHER_SERIES


def test_bad_input_29_an_outline_of_another_patient_is_refused_even_if_chosen() -> None:
    with pytest.raises(TagError) as caught:
        match(drawn_on(OTHER), chosen=True, owner="P2")
    assert caught.value.reason is RejectReason.OUTLINE_OTHER_PATIENT


def phantom_target() -> Target:
    """Slices at 55 to 75 mm on the grid of the two that the phantom's folder holds."""
    if not REAL.is_dir():
        pytest.skip("no real files beside the project")
    headers = [pydicom.dcmread(REAL / f"ct_{number}.dcm", stop_before_pixels=True) for number in (1, 2)]
    known = target_of(headers)
    first = known.geometries[0]
    geometries = tuple(
        SliceGeometry((*first.position[:2], float(z)), first.orientation, first.spacing, first.shape, 5.0)
        for z in range(55, 80, 5)
    )
    return Target(
        known.patient_key, known.series_key, geometries, ("", *known.instance_keys, "", ""), known.frames_of_reference
    )


@pytest.mark.parametrize("name", ["rt.dcm", "invalid_reference_rt.dcm", "non_existent_reference_rt.dcm"])
def test_real_structure_sets_are_filled_as_an_independent_filler_does(name: str) -> None:
    target = phantom_target()
    dataset = pydicom.dcmread(REAL / name)
    found = read_structure_set(dataset, KEYS)
    match = matched(found.references, target, series_owners={}, chosen=False, outline=found.describe())
    # One of them names no series, but every contour still names its image; one makes up a frame of reference.
    assert match is (Match.BY_STATEMENT if name == "rt.dcm" else Match.BY_UID)
    target = match.admitting(target, found.references)
    laid = lay_structure_set(found, target, StructureRules(primary=(1,), node=(), never=()), strict=match.strict)
    assert laid.contours_refused == ()
    assert laid.contours == len(dataset.ROIContourSequence[0].ContourSequence)
    for geometry, plane in zip(target.geometries, laid.planes, strict=True):
        _require_half_a_voxel(plane == 1, dataset.ROIContourSequence[0], geometry)


def _require_half_a_voxel(ours: np.ndarray, roi: pydicom.Dataset, geometry: SliceGeometry) -> None:
    """Against Matplotlib's point-in-polygon, contour by contour, exclusive or: what differs lies at the border."""
    rows, columns = np.mgrid[0 : geometry.shape[0], 0 : geometry.shape[1]]
    centres = np.column_stack([rows.ravel(), columns.ravel()])
    theirs = np.zeros(geometry.shape, dtype=bool)
    polygons = []
    for contour in roi.ContourSequence:
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        if abs(points[0, 2] - geometry.position[2]) < 0.1:  # the phantom's slices are axial
            steps = (points[:, [1, 0]] - np.array(geometry.position)[[1, 0]]) / geometry.spacing
            polygons.append(steps)
            theirs ^= Curve(steps).contains_points(centres).reshape(geometry.shape)
    assert ours.any() == theirs.any() == bool(polygons)
    for pixel in np.argwhere(ours != theirs):
        assert min(distance_to_edges(polygon, pixel) for polygon in polygons) <= 0.5
    assert (ours != theirs).sum() <= 0.01 * max(theirs.sum(), 1)
