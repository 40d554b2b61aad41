"""Outlines of every format through the pipeline ``ingest``: used where they verifiably lie, else refused."""

import gzip
import os

import numpy as np
import pydicom
import pytest

from ingest_bench import KEYS, Bench, counts, reasons
from mini_dicom import MiniSeries, encoded, label_map, uid, write_outline
from outline_objects import contour_in, rtstruct


@pytest.mark.parametrize("axes", ["as written", "flipped slices", "flipped rows", "permuted"])
def test_bad_input_27_outlines_lie_where_their_affine_says(bench: Bench, axes: str) -> None:
    series = MiniSeries("P1", shape=(16, 12), spacing=(1.0, 1.0))
    labels, affine = label_map(series), series.affine()
    if axes == "flipped slices":
        labels, affine = labels[:, :, ::-1], affine @ _flip(2, labels.shape)
    elif axes == "flipped rows":
        labels, affine = labels[:, ::-1], affine @ _flip(1, labels.shape)
    elif axes == "permuted":
        labels, affine = labels.transpose(2, 0, 1), affine[:, [2, 0, 1, 3]]
    bench.add(series, MiniSeries("P2"))
    bench.clinical("P1", "P2")
    write_outline(bench.root / "outlines" / "P1.nii.gz", np.ascontiguousarray(labels), affine)
    found = bench.run()
    outlines, slices = found["outlines"], found["slices"]
    assert set(outlines.table["patient_key"]) == {KEYS.patient("P1")}
    assert slices.table["patient_key"][outlines.table["slice_row"]].tolist() == outlines.table["patient_key"].tolist()
    expected = np.zeros((4, 16, 16), dtype=np.uint8)
    expected[1, 2:8, 5:8] = 1  # two columns of padding make the 16 x 12 slice square
    expected[2, 9:10, 12:14] = 2
    np.testing.assert_array_equal(outlines.pixels, expected)
    assert slices.table.groupby("patient_key")["outlined"].all().to_dict() == {
        KEYS.patient("P1"): True,
        KEYS.patient("P2"): False,
    }


def _flip(axis: int, shape: tuple[int, ...]) -> np.ndarray:
    """Voxel coordinates of an array reversed along ``axis``."""
    matrix = np.eye(4)
    matrix[axis, axis], matrix[axis, 3] = -1.0, shape[axis] - 1
    return matrix


@pytest.mark.parametrize("fault", ["moved", "scaled", "cropped", "no affine"])
def test_bad_input_27_outlines_elsewhere_are_refused_with_both_geometries(bench: Bench, fault: str) -> None:
    series = MiniSeries("P1")
    labels, affine = label_map(series), series.affine()
    if fault == "moved":
        affine[0, 3] += 0.5
    elif fault == "scaled":
        affine[:3, 2] *= 1.1
    elif fault == "cropped":
        labels = labels[:, :-1]
    else:
        affine = None
    bench.add(series)
    bench.clinical("P1")
    write_outline(bench.root / "outlines" / "P1.nii.gz", labels, affine)
    found = bench.run()
    refused = found["rejected_files"].iloc[0]
    assert (refused["reason"], refused["patient_key"]) == ("outline_geometry", KEYS.patient("P1"))
    if fault == "moved":
        assert "label map 16 x 16 x 4 voxels of 1 x 1 x 5 mm from (-8.50, -8.00, -10.00)" in refused["detail"]
        assert "slices 4 of 16 x 16 pixels of 1 x 1 mm from (-8.00, -8.00, -10.00)" in refused["detail"]
    assert counts(found, "outlines", "outlines") == {"entered": 1, "used": 0, "outline_geometry": 1}
    assert found["patients"]["outlined"].tolist() == [False]
    assert len(found["outlines"]) == 0


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (lambda labels: labels * 0, "outline_empty"),
        (lambda labels: labels * 255, "outline_labels"),
        (lambda labels: labels + 0.5, "outline_labels"),
        (lambda labels: np.where(labels > 0, np.nan, 0.0), "outline_labels"),
    ],
)
def test_bad_input_28_unexpected_labels(bench: Bench, labels, reason: str) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    values = labels(label_map(series).astype(float))
    write_outline(bench.root / "outlines" / "P1.nii.gz", values.astype(np.float32), series.affine())
    assert bench.run()["rejected_files"]["reason"].tolist() == [reason]


def test_bad_input_28_whole_numbers_stored_as_floats_are_labels(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    write_outline(bench.root / "outlines" / "P1.nii.gz", label_map(series).astype(np.float32), series.affine())
    assert np.bincount(bench.run()["outlines"].pixels.ravel()).tolist() == [4 * 256 - 20, 18, 2]


def test_bad_input_29_two_outlines_for_a_patient_and_one_for_nobody(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    for name in ("P1.nii.gz", "P1.nii", "P9.nii.gz"):
        write_outline(bench.root / "outlines" / name, label_map(series), series.affine())
    (bench.root / "outlines" / "rt.dcm").write_bytes(b"x")
    found = bench.run()
    assert sorted(found["rejected_files"]["reason"]) == [
        "outline_ambiguous", "outline_ambiguous", "outline_format", "outline_without_patient",
    ]  # fmt: skip


def test_bad_input_29_what_desktops_leave_behind_is_no_outline(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    write_outline(bench.root / "outlines" / "P1.nii.gz", label_map(series), series.affine())
    for name in ("._P1.nii.gz", ".DS_Store", "Thumbs.db"):
        (bench.root / "outlines" / name).write_bytes(b"\0\5\x16\7")
    found = bench.run()
    assert found["rejected_files"]["reason"].tolist() == ["outline_of_desktop"] * 3
    assert found["patients"]["outlined"].tolist() == [True]


def _contours(series: MiniSeries) -> dict:
    """The tumour of ``label_map`` as contours through the outer pixels' centres."""
    primary, node = [(2, 3), (2, 5), (7, 5), (7, 3)], [(9, 10), (9, 11), (9.4, 11), (9.4, 10)]
    return {"GTVp": [(1, contour_in(series, 1, primary))], "GTVn": [(2, contour_in(series, 2, node))]}


@pytest.mark.parametrize("place", ["outlines/rt.dcm", "dicom/deep/IM7"])
def test_bad_input_30_a_structure_set_gives_what_the_label_map_gives(bench: Bench, place: str) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    path = bench.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(rtstruct(series, _contours(series))))
    found = bench.run()
    np.testing.assert_array_equal(found["outlines"].pixels, label_map(series).transpose(2, 1, 0))
    assert reasons(found) == {}
    assert counts(found, "outlines", "outlines") == {"entered": 1, "used": 1}


@pytest.mark.parametrize("name", ["P1.nii.gz", "P1.dcm"])
@pytest.mark.parametrize("linked", [False, True])
def test_bad_input_09_pipes_and_devices_among_the_outlines_are_not_opened(
    bench: Bench, name: str, linked: bool
) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    (bench.root / "outlines").mkdir()
    if linked:
        (bench.root / "outlines" / name).symlink_to("/dev/zero")
    else:
        os.mkfifo(bench.root / "outlines" / name)
    assert reasons(bench.run()) == {KEYS.file(f"../outlines/{name}"): "outline_unreadable"}


def test_bad_input_29_two_readers_until_the_override_names_one(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    write_outline(bench.root / "outlines" / "P1.nii.gz", label_map(series), series.affine())
    (bench.root / "outlines" / "b.dcm").write_bytes(encoded(rtstruct(series, _contours(series))))
    assert set(reasons(bench.run()).values()) == {"outline_ambiguous"}
    (bench.root / "outline_override.csv").write_text("patient_id,file\nP1,outlines/b.dcm\n")
    found = bench.run()
    assert list(reasons(found).values()) == ["outline_not_chosen"]
    assert found["patients"]["outlined"].tolist() == [True]


def test_bad_input_29_an_outline_of_another_series_is_refused_until_it_is_chosen(bench: Bench) -> None:
    used, other = MiniSeries("P1"), MiniSeries("P1", number=2, description="Ax T2")
    bench.add(used, other)
    bench.clinical("P1")
    name = bench.put("rt", encoded(rtstruct(other, _contours(other))))
    found = bench.run()
    assert reasons(found)[name] == "outline_other_series"
    (bench.root / "outline_override.csv").write_text("patient_id,file\nP1,dicom/rt\n")
    assert bench.run()["patients"]["outlined"].tolist() == [True]


def test_bad_input_29_a_chosen_outline_of_another_frame_of_reference_is_used_and_told_of(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    series = MiniSeries("P1", tags={"FrameOfReferenceUID": "1.2.3"})
    bench.add(series)
    bench.clinical("P1")
    drawn = rtstruct(series, _contours(series), frame="1.2.4")
    bench.put("rt", encoded(drawn))
    assert bench.run()["patients"]["outlined"].tolist() == [True]
    assert "or the file says that the series lies in it" in caplog.text
    del drawn.ReferencedFrameOfReferenceSequence
    name = bench.put("rt", encoded(drawn))
    assert reasons(bench.run())[name] == "outline_other_frame"
    (bench.root / "outline_override.csv").write_text("patient_id,file\nP1,dicom/rt\n")
    caplog.clear()
    assert bench.run()["patients"]["outlined"].tolist() == [True]
    assert (
        "drawn in another frame of reference than that of the images, and used since outline_override.csv"
        in caplog.text
    )


def test_parts_of_a_neck_in_several_frames_of_reference_take_outlines_of_each(bench: Bench) -> None:
    below = MiniSeries("P1", tags={"FrameOfReferenceUID": "1.2.3"})
    bench.add(below)
    bench.clinical("P1")
    for path in sorted((bench.root / "dicom").rglob("im*"))[2:]:
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = "1.2.4"
        path.write_bytes(encoded(dataset))
    drawn = rtstruct(below, _contours(below), frame="1.2.3")
    drawn.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "1.2.4"
    bench.put("rt", encoded(drawn))
    assert set(np.unique(bench.run()["outlines"].pixels)) == {0, 1, 2}


@pytest.mark.parametrize("damage", ["a bit", "cut", "bytes behind"])
def test_bad_input_26_a_damaged_label_map_is_refused_by_its_checksum(bench: Bench, damage: str) -> None:
    """nibabel stops reading before gzip's checksum: a flipped bit of the labels would be used."""
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    path = bench.root / "outlines" / "P1.nii.gz"
    write_outline(path, label_map(series), series.affine())
    content = gzip.decompress(path.read_bytes())
    raw = bytearray(gzip.compress(content, compresslevel=0))
    if damage == "a bit":
        raw[raw.index(content[400:]) + 100] ^= 1  # stored, not packed: nothing but the checksum tells
    elif damage == "cut":
        del raw[-1]
    else:
        raw += b"more"
    path.write_bytes(raw)
    found = bench.run()
    assert len(found["outlines"]) == 0
    assert reasons(found).popitem()[1] == "outline_unreadable"


@pytest.mark.parametrize("named", ["both", "the other"])
def test_bad_input_29_contours_drawn_on_another_series_of_the_patient(bench: Bench, named: str) -> None:
    """They would cut a hole into those on the series that is used."""
    series, other = MiniSeries("P1"), MiniSeries("P1", number=2, description="Ax T2", agent="")
    bench.add(series, other)
    bench.clinical("P1")
    inner, outer = ([(m, m), (m, 15 - m), (15 - m, 15 - m), (15 - m, m)] for m in (5.0, 2.0))
    drawn = rtstruct(series, {"GTVp": [(1, contour_in(series, 1, outer)), (1, contour_in(series, 1, inner))]})
    contours = drawn.ROIContourSequence[0].ContourSequence
    for contour in contours[0 if named == "the other" else 1 :]:
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID = uid("P1", 2, 1)
    bench.put("rs", encoded(drawn))
    found = bench.run()
    if named == "both":
        assert np.count_nonzero(found["outlines"].pixels) == 12 * 12
        assert counts(found, "outlines", "contours") == {"entered": 2, "contour_other_series": 1, "used": 1}
    else:
        assert len(found["outlines"]) == 0
        assert "outline_contours" in reasons(found).values()
        assert found["rejected_files"]["detail"].str.contains("names images of another series only").any()


def test_an_outline_of_which_nothing_is_left_on_the_stored_pixels(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    series = MiniSeries("P1", shape=(64, 64))
    bench.add(series)
    bench.clinical("P1")
    labels = np.zeros((64, 64, 4), dtype=np.uint8)
    labels[17, 17, 1] = 1
    path = bench.root / "outlines" / "P1.nii.gz"
    write_outline(path, labels, series.affine())
    found = bench.run()
    assert not found["patients"]["outlined"].any()
    assert "outline_empty" in reasons(found).values()
    labels[20:40, 20:40, 2] = 2
    write_outline(path, labels, series.affine())
    caplog.clear()
    found = bench.run()
    assert set(np.unique(found["outlines"].pixels)) == {0, 2}
    assert "of primary nothing is left on the stored pixels" in caplog.text


def test_two_readers_in_one_structure_set_are_told_of(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    shapes = ([(top, 2.0), (top, 9.0), (top + 6, 9.0), (top + 6, 2.0)] for top in (2.0, 5.0))
    rois = {f"GTVp_Dr{number}": [(1, contour_in(series, 1, shape))] for number, shape in enumerate(shapes)}
    bench.put("rs", encoded(rtstruct(series, rois)))
    assert np.count_nonzero(bench.run()["outlines"].pixels) == 10 * 8
    assert "32 pixels are claimed by several structures of one kind" in caplog.text


def test_an_outline_of_nodes_alone_is_told_of(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """What is not outlined as primary is learnt as background."""
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    square = [(2.0, 2.0), (2.0, 9.0), (8.0, 9.0), (8.0, 2.0)]
    other = [(9.0, 9.0), (9.0, 13.0), (13.0, 13.0), (13.0, 9.0)]
    rois = {"GTV_Zhang": [(1, contour_in(series, 1, square))], "GTVnd": [(2, contour_in(series, 2, other))]}
    bench.put("rs", encoded(rtstruct(series, rois)))
    assert set(np.unique(bench.run()["outlines"].pixels)) == {0, 2}
    assert "no primary tumour, which counts as background; of 2 structures these are not used" in caplog.text
    rois["GTVp"] = rois.pop("GTV_Zhang")
    bench.put("rs", encoded(rtstruct(series, rois)))
    caplog.clear()
    assert set(np.unique(bench.run()["outlines"].pixels)) == {0, 1, 2}
    assert "no primary tumour" not in caplog.text


@pytest.mark.parametrize(
    "written", ["Outlines/Müller.nii.gz", "OUTLINES\\Müller.nii.gz", "./outlines/Mu\u0308ller.nii.gz"]
)
def test_a_chosen_outline_is_found_however_its_path_is_written(bench: Bench, written: str) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    write_outline(bench.root / "outlines" / "Müller.nii.gz", label_map(series), series.affine())
    (bench.root / "outline_override.csv").write_text(f"patient_id,file\nP1,{written}\n", encoding="utf-8")
    assert bench.run()["patients"]["outlined"].all()
