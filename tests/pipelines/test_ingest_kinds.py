"""Series that hold more than one kind of images, through the pipeline ``ingest``: one kind makes the slices."""

import warnings
from collections.abc import Mapping

import numpy as np
import pytest
from pydicom.uid import RLELossless

from ingest_bench import KEYS, Bench, counts, reasons
from mini_dicom import SAGITTAL, MiniSeries, encoded, picture, uid

KINDS = {1: 1000, 2: 2000, 3: 3000}
"""Lowest pixel value of each kind of images."""


def add_kind(bench: Bench, kind: int, slices: range = range(6), **tags: object) -> list[str]:
    """Adds images of one kind to the only series; a tag given as a list has a value for each slice."""
    names = []
    for index in slices:
        own = {keyword: value[index] if isinstance(value, tuple) else value for keyword, value in tags.items()}
        own = {"SOPInstanceUID": uid("kind", kind, index), "InstanceNumber": index + 1, **own}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = MiniSeries("P1", description="Ax T1 FSE", slices=6, tags=own).dataset(
                index, KINDS[kind] + picture(kind, index) // 2
            )
            names.append(bench.put(f"{kind}_{index}", encoded(dataset)))
    return names


def kinds_used(found: Mapping) -> list[int]:
    """The kind of each slice, from the feet to the head."""
    table = found["slices"].table
    lowest = np.asarray(found["slices"].pixels).min(axis=(1, 2)) + table["intensity_offset"].to_numpy()
    return [int(value // 1000) for value in lowest]


def only_series(found: Mapping) -> dict:
    (row,) = found["series_choice"].to_dict("records")
    return row


@pytest.mark.parametrize(
    "kind",
    [["DERIVED", "SECONDARY", "PROJECTION IMAGE"], ["ORIGINAL", "PRIMARY", "LOCALIZER"], ["DERIVED", "PRIMARY", "SUB"]],
)
def test_derived_images_within_a_series_are_no_slices(bench: Bench, kind: list[str]) -> None:
    """They lie at places of their own, or at those of acquired images with numbers before theirs."""
    bench.clinical("P1")
    add_kind(bench, 1, InstanceNumber=tuple(range(101, 107)))
    derived = add_kind(bench, 2, range(5), ImageType=kind)
    derived += add_kind(bench, 3, range(5, 6), ImageType=kind, ImagePositionPatient=[-8, -8, 200])
    found = bench.run()
    assert kinds_used(found) == [1] * 6
    assert reasons(found) == dict.fromkeys(derived, "excluded_by_rule")
    assert counts(found, "file headers", "files")["excluded_by_rule"] == 6
    assert only_series(found)["notes"] == "6 files excluded by rules on ImageType"


def test_a_series_of_derived_images_is_excluded_as_a_whole(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, range(2))
    add_kind(bench, 2, range(2, 6), ImageType=["DERIVED", "SECONDARY"])
    found = bench.run()
    assert only_series(found)["reason"] == "excluded_by_rule"
    assert counts(found, "series choice", "files")["excluded_by_rule"] == 6


def test_images_with_contrast_agent_go_before_those_without(bench: Bench) -> None:
    bench.clinical("P1")
    before = add_kind(bench, 1, AcquisitionNumber=1, ContrastBolusAgent=None)
    after = add_kind(bench, 2, AcquisitionNumber=2, InstanceNumber=tuple(range(7, 13)))
    found = bench.run()
    assert kinds_used(found) == [2] * 6
    assert set(reasons(found)) == set(before)
    assert "contrast_tag+3" in only_series(found)["evidence"]
    assert only_series(found)["notes"] == "several images at one place, chosen by the rules"
    assert set(found["slices"].table["file"]) == set(after)


def test_no_image_without_agent_stands_in_for_a_damaged_one_with(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, AcquisitionNumber=1, ContrastBolusAgent=None)
    damaged = add_kind(bench, 2, AcquisitionNumber=2)[3]
    dataset = MiniSeries("P1", description="Ax T1 FSE", slices=6, tags={"SOPInstanceUID": uid("kind", 2, 3)}).dataset(3)
    dataset.compress(RLELossless, generate_instance_uid=False)
    bench.put("2_3", encoded(dataset)[:-150])
    found = bench.run()
    assert reasons(found)[damaged].startswith("pixels")
    assert kinds_used(found) == [2] * 5


@pytest.mark.parametrize("numbers", [None, tuple(range(1, 7))], ids=["no InstanceNumber", "repeated"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"EchoNumbers": 1, "EchoTime": "10"}, {"EchoNumbers": 2, "EchoTime": "20"}),
        ({"EchoTime": "10"}, {"EchoTime": "20"}),
        ({"TemporalPositionIdentifier": 2}, {"TemporalPositionIdentifier": 1}),  # the first is before the agent
        ({"AcquisitionNumber": tuple(range(7, 13))}, {"AcquisitionNumber": tuple(range(1, 7))}),  # likewise
        (
            {"AcquisitionTime": tuple(f"09000{second}.5" for second in range(6))},
            {"AcquisitionTime": tuple(f"09000{second}.7" for second in range(6))},
        ),
    ],
)
def test_of_several_echoes_or_phases_one_is_used_throughout(
    bench: Bench, first: dict, second: dict, numbers: tuple | None
) -> None:
    bench.clinical("P1")
    later = add_kind(bench, 1, InstanceNumber=numbers, **second)
    add_kind(bench, 2, InstanceNumber=numbers, **first)
    found = bench.run()
    assert kinds_used(found) == [2] * 6
    assert reasons(found) == dict.fromkeys(later, "repeated_position")


def test_without_any_tag_that_tells_them_apart_the_series_is_left_out(bench: Bench) -> None:
    bench.clinical("P1")
    for kind in (1, 2):
        add_kind(bench, kind, InstanceNumber=None)
    found = bench.run()
    assert only_series(found)["reason"] == "indistinguishable_images"
    assert only_series(found)["detail"] == "several images at 6 of 6 places, and no tag tells them apart"
    assert counts(found, "series choice", "patients") == {"entered": 1, "used": 0, "indistinguishable_images": 1}
    override = f"patient_id,series_instance_uid\nP1,{MiniSeries('P1').uid}\n"
    (bench.root / "series_override.csv").write_text(override, encoding="utf-8")
    assert kinds_used(bench.run()) == [1] * 6  # by the files' names, and under any key


def test_two_parts_of_a_neck_that_share_a_slice_are_one_stack(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, range(4), AcquisitionNumber=1)
    upper = add_kind(bench, 2, range(3, 6), AcquisitionNumber=2)
    found = bench.run()
    assert kinds_used(found) == [1, 1, 1, 1, 2, 2]
    assert reasons(found) == {upper[0]: "repeated_position"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"ContrastBolusAgent": "NONE"}, {"ContrastBolusAgent": "Gd"}),
        ({"EchoTime": 90}, {"EchoTime": 10}),
        ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}),
    ],
)
def test_slices_before_and_after_contrast_agent_do_not_become_one_stack(
    bench: Bench, first: dict, second: dict
) -> None:
    """They cover different parts of the neck and share a slice."""
    bench.clinical("P1")
    before = add_kind(bench, 1, range(3), AcquisitionNumber=1, **first)
    add_kind(bench, 2, range(2, 6), AcquisitionNumber=2, **second)
    found = bench.run()
    assert kinds_used(found) == [2] * 4
    assert reasons(found) == dict.fromkeys(before, "repeated_position")


@pytest.mark.parametrize(
    "declared",
    [None, "ISO_IR 100", "ISO_IR 192", "GB18030", "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 58", "ISO-IR 100"],
)
@pytest.mark.parametrize(("said", "reason"), [("平扫", "no_contrast_evidence"), ("增强", "most_points")])
def test_bad_input_13_chinese_descriptions_whatever_character_set_is_declared(
    bench: Bench, declared: str | None, said: str, reason: str
) -> None:
    bench.clinical("P1")
    for index in range(4):
        bench.put(f"{index}", _in_gb18030(f"T1 横断 {said}", index, declared))
    assert only_series(bench.run())["reason"] == reason


def _in_gb18030(description: str, index: int, declared: str | None) -> bytes:
    """A slice whose description is in GB18030, whatever its file declares."""
    content = description.encode("gb18030")
    content += b" " * (len(content) % 2)
    placeholder = "x" * len(content)
    tags = {"SeriesDescription": placeholder} | ({"SpecificCharacterSet": declared} if declared else {})
    return encoded(MiniSeries("P1", tags=tags).dataset(index)).replace(placeholder.encode(), content)


@pytest.mark.parametrize("sagittal", [3, 6, 8])
def test_bad_input_12_the_axial_stack_is_used_beside_as_many_sagittal_slices(bench: Bench, sagittal: int) -> None:
    bench.clinical("P1")
    add_kind(bench, 1)
    others = []
    for index in range(sagittal):
        other = MiniSeries("P1", orientation=SAGITTAL, tags={"SOPInstanceUID": uid("sagittal", index)})
        others.append(bench.put(f"s{index}", encoded(other.dataset(index))))
    found = bench.run()
    assert kinds_used(found) == [1] * 6
    assert reasons(found) == dict.fromkeys(others, "other_orientation")


def test_bad_input_12_a_sagittal_series_with_a_few_axial_slices_stays_sagittal(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, range(2))
    for index in range(8):
        other = MiniSeries("P1", orientation=SAGITTAL, tags={"SOPInstanceUID": uid("sagittal", index)})
        bench.put(f"s{index}", encoded(other.dataset(index)))
    assert only_series(bench.run())["reason"] == "not_axial"


@pytest.mark.parametrize(
    ("usual", "stray", "astray", "reason"),
    [
        ("20191201", "20190915", 1, "after_treatment_start"),
        ("20190915", "20090915", 1, "most_points"),
        ("20190915", "20190916", 3, "most_points"),
        ("20190915", "20191201", 2, "several_days"),
        ("20190915", "20191201", 3, "several_days"),
    ],
)
def test_bad_input_22_the_day_of_a_series_is_that_of_most_files(
    bench: Bench, usual: str, stray: str, astray: int, reason: str
) -> None:
    bench.clinical("P1", treatment_start="2019-10-01")
    add_kind(bench, 1, StudyDate=(stray,) * astray + (usual,) * (6 - astray))
    found = bench.run()
    assert only_series(found)["reason"] == reason
    told = "files are of another day" in only_series(found)["notes"]
    assert told == (stray != "20190916")
    if reason == "several_days":
        assert counts(found, "series choice", "patients") == {"entered": 1, "used": 0, "several_days": 1}


def test_several_frames_of_reference_are_told(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, FrameOfReferenceUID=(uid("a"),) * 3 + (uid("b"),) * 3)
    found = bench.run()
    assert only_series(found)["notes"] == "2 frames of reference"
    assert "note: notes in series_choice.csv (1 kept)" in found["attrition_ingest"]["reason"].tolist()


def test_of_several_frames_of_reference_at_one_place_one_is_used(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, FrameOfReferenceUID=uid("a"))
    add_kind(bench, 2, FrameOfReferenceUID=uid("b"))
    assert kinds_used(bench.run()) in ([1] * 6, [2] * 6)


@pytest.mark.parametrize(
    "protocol",
    ["NASOPHARYNX W/WO CONTRAST", "NECK WITH AND WITHOUT CONTRAST", "NECK W CONTRAST", "MR NECK PRE/POST",
     "Neck survey", "T1 post contrast", "NECK WITHOUT CONTRAST", "T2 neck"],
)  # fmt: skip
def test_a_protocol_of_the_examination_says_nothing_of_its_series(bench: Bench, protocol: str) -> None:
    tags = {"ProtocolName": protocol}
    plain = MiniSeries("P1", 1, description="Ax T1 FSE", agent="", tags=tags)
    enhanced_t1 = MiniSeries("P1", 2, description="Ax T1 FSE FS", agent="Gadovist", tags=tags)
    bench.add(plain, enhanced_t1)
    bench.clinical("P1")
    choice = bench.run()["series_choice"].set_index("series_key")["reason"].to_dict()
    assert choice == {KEYS.series(plain.uid): "no_contrast_evidence", KEYS.series(enhanced_t1.uid): "most_points"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"AcquisitionTime": "100000"}, {"AcquisitionTime": "103000"}),
    ],
)
def test_two_acquisitions_that_are_numbered_crosswise_are_not_mixed(bench: Bench, first: dict, second: dict) -> None:
    """By number alone the lower half would come from one of them and the upper half from the other."""
    bench.clinical("P1")
    add_kind(bench, 1, InstanceNumber=tuple(range(1, 7)), **first)
    add_kind(bench, 2, InstanceNumber=tuple(range(6, 0, -1)), **second)
    found = bench.run()
    assert only_series(found)["reason"] == "indistinguishable_images"
    assert len(found["slices"]) == 0


@pytest.mark.parametrize(
    ("keyword", "first", "second"),
    [
        ("FlipAngle", 15, 90),
        ("ScanOptions", "FS", "PFP"),
        ("InversionTime", 100, 900),
        ("SeriesDescription", "Ax T1 FSE +C", "Ax T1 FSE +C FS"),
    ],
)
def test_two_acquisitions_that_a_tag_tells_apart_are_not_mixed(
    bench: Bench, keyword: str, first: object, second: object
) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, InstanceNumber=tuple(range(1, 7)), **{keyword: first})
    add_kind(bench, 2, InstanceNumber=tuple(range(6, 0, -1)), **{keyword: second})
    assert kinds_used(bench.run()) in ([1] * 6, [2] * 6)


def test_images_taken_in_turn_at_every_place_are_told_apart_by_their_times(bench: Bench) -> None:
    bench.clinical("P1")
    for kind in (1, 2):
        numbers = tuple(range(kind, 13, 2))
        add_kind(bench, kind, InstanceNumber=numbers, AcquisitionTime=tuple(f"1000{at:02}" for at in numbers))
    found = bench.run()
    assert kinds_used(found) == [1] * 6
    assert only_series(found)["notes"] == "several images at one place, of which the first are used"


@pytest.mark.parametrize(
    "other",
    [
        {"SeriesDescription": "AX T2 FS", "EchoTime": 90, "RepetitionTime": 4000},
        {"ContrastBolusAgent": "none"},
        {"EchoTime": 100},
    ],
)
@pytest.mark.parametrize("where", ["between the others", "above them"])
def test_images_of_another_kind_at_places_of_their_own_are_no_slices(bench: Bench, other: dict, where: str) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, range(4))
    at = [-8.0, -8.0, -12.5] if where == "between the others" else [-8.0, -8.0, 60.0]
    places = tuple([*at[:2], at[2] + 5.0 * index] for index in range(6))
    left = add_kind(bench, 2, range(3), ImagePositionPatient=places, **other)
    found = bench.run()
    assert kinds_used(found) == [1] * 4
    assert reasons(found) == dict.fromkeys(left, "other_kind")


def test_an_agent_in_all_series_says_nothing_of_one_where_another_is_named_as_enhanced(bench: Bench) -> None:
    plain = MiniSeries("P1", 1, description="AX T1", agent="Gadovist")
    coronal = MiniSeries("P1", 2, description="COR T1 +C", agent="Gadovist", orientation=SAGITTAL)
    bench.add(plain, coronal)
    bench.clinical("P1")
    choice = bench.run()["series_choice"].set_index("series_key")["reason"].to_dict()
    assert choice == {KEYS.series(plain.uid): "no_contrast_evidence", KEYS.series(coronal.uid): "not_axial"}


def test_an_agent_in_some_series_counts_beside_one_that_is_named_as_enhanced(bench: Bench) -> None:
    enhanced_t1 = MiniSeries("P1", 1, description="AX T1", agent="Gadovist")
    coronal = MiniSeries("P1", 2, description="COR T1 +C", agent="Gadovist", orientation=SAGITTAL)
    plain = MiniSeries("P1", 3, description="AX T1 FS", agent="")
    bench.add(enhanced_t1, coronal, plain)
    bench.clinical("P1")
    choice = bench.run()["series_choice"].set_index("series_key")["reason"].to_dict()
    assert choice[KEYS.series(enhanced_t1.uid)] == "most_points"


def test_a_series_that_names_its_sequence_is_not_enhanced_by_its_protocol(bench: Bench) -> None:
    bench.clinical("P1")
    bench.add(MiniSeries("P1", description="Ax T1", agent="", tags={"ProtocolName": "NPC T1 +C"}))
    assert only_series(bench.run())["reason"] == "no_contrast_evidence"


def test_bad_input_22_a_series_acquired_after_the_day_of_its_study_is_dated_by_its_images(bench: Bench) -> None:
    bench.clinical("P1", treatment_start="2020-03-10")
    add_kind(bench, 1, StudyDate="20200301", AcquisitionDate="20200501")
    assert only_series(bench.run())["reason"] == "after_treatment_start"


def test_of_a_dynamic_series_the_last_time_point_is_used_and_any_other_series_goes_before(bench: Bench) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, TemporalPositionIdentifier=1)
    add_kind(bench, 2, TemporalPositionIdentifier=2)
    found = bench.run()
    assert kinds_used(found) == [2] * 6
    assert "several_time_points-5" in only_series(found)["evidence"]


def test_of_a_dynamic_series_that_only_numbers_tell_apart_nothing_is_taken(bench: Bench) -> None:
    """Of three images at each place the first is before the agent, and numbers do not tell which is not."""
    bench.clinical("P1")
    for kind in KINDS:
        add_kind(bench, kind, InstanceNumber=tuple(range(6 * kind, 6 * kind + 6)))
    assert only_series(bench.run())["reason"] == "indistinguishable_images"


@pytest.mark.parametrize(
    ("keyword", "first", "second"),
    [("FlipAngle", 150, 140), ("EchoTime", 9.8, 10.1), ("SeriesDescription", "Ax T1 +C upper", "Ax T1 +C lower")],
)
def test_parts_of_a_neck_that_differ_a_little_and_share_a_slice_are_one_stack(
    bench: Bench, keyword: str, first: object, second: object
) -> None:
    bench.clinical("P1")
    add_kind(bench, 1, range(4), **{keyword: first})
    add_kind(bench, 2, range(3, 6), **{keyword: second})
    assert len(bench.run()["slices"]) == 6


def test_a_localizer_without_agent_does_not_make_the_others_agent_tell_anything(bench: Bench) -> None:
    plain = MiniSeries("P1", 1, description="AX T1", agent="Gadovist")
    coronal = MiniSeries("P1", 2, description="COR T1 +C", agent="Gadovist", orientation=SAGITTAL)
    bench.add(plain, coronal, MiniSeries("P1", 3, description="LOC", agent=""))
    bench.clinical("P1")
    choice = bench.run()["series_choice"].set_index("series_key")["reason"].to_dict()
    assert choice[KEYS.series(plain.uid)] == "no_contrast_evidence"


@pytest.mark.parametrize(
    ("written", "reason"), [("20200410120000+0800", "after_treatment_start"), ("99991231", "most_points")]
)
def test_bad_input_22_the_day_may_stand_in_acquisition_date_time(bench: Bench, written: str, reason: str) -> None:
    bench.clinical("P1", treatment_start="2020-03-10")
    add_kind(bench, 1, StudyDate="20200301", AcquisitionDateTime=written)
    assert only_series(bench.run())["reason"] == reason
