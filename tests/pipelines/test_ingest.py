"""The pipeline ``ingest`` on tiny cohorts of its own, with the inputs that hospital exports really contain.

Names of tests begin with the number of the case in the list of bad inputs, where there is one.
"""

import dataclasses
import hashlib
import logging
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, RLELossless, generate_uid

from ingest_bench import KEYS, Bench, counts, reasons
from mini_dicom import SAGITTAL, MiniSeries, encoded, label_map, picture, write_outline
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.errors import CohortError, LeakError


def test_slices_are_the_pixels_from_the_feet_to_the_head(bench: Bench) -> None:
    series = MiniSeries("P1", slices=3, tags={"RescaleSlope": "2", "RescaleIntercept": "-5"})
    bench.add(series)
    bench.clinical("P1")
    found = bench.run()
    slices = found["slices"]
    assert slices.pixels.shape == (3, 16, 16)
    assert slices.pixels.dtype == np.uint16
    table = slices.table
    assert table["position_mm"].tolist() == [-10.0, -5.0, 0.0]
    assert table["slice_index"].tolist() == [0, 1, 2]
    assert set(table["patient_key"]) == {KEYS.patient("P1")}
    for index in range(3):
        stored = slices.pixels[index] * table["intensity_scale"][index] + table["intensity_offset"][index]
        expected = series.dataset(index).pixel_array * 2.0 - 5.0
        np.testing.assert_allclose(stored, expected)
    patients = found["patients"]
    assert patients.loc[0].to_dict() == {
        "patient_key": KEYS.patient("P1"), "arm": "CCRT", "residual_tumor": 0, "age": 50.0, "sex": "male",
        "ajcc_stage": "III", "t_stage": "T3", "n_stage": "N1", "outlined": False, "n_slices": 3, "simulated": True,
    }  # fmt: skip


def test_other_matrices_are_resampled_on_a_square_field_of_view(bench: Bench) -> None:
    bench.add(MiniSeries("P1", shape=(32, 16), spacing=(0.5, 0.5)))
    bench.clinical("P1")
    table = bench.run()["slices"].table
    assert table[["rows_original", "cols_original"]].drop_duplicates().values.tolist() == [[32, 16]]
    assert table["spacing_row_mm"].tolist() == [1.0] * 4
    assert table["spacing_col_mm"].tolist() == [1.0] * 4


def test_bad_input_01_files_that_are_no_images(bench: Bench) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    empty = bench.put("empty.dcm", b"")
    text = bench.put("notes.dcm", b"not an image" * 40)
    jpeg = bench.put("deep/er/photo.dcm", b"\xff\xd8\xff\xe0" + bytes(300))
    store = bench.put(".DS_Store", b"\0\0\0\1Bud1" + bytes(300))
    directory = bench.put("DICOMDIR", _directory())
    found = bench.run()
    assert reasons(found) == {
        empty: "empty_file", text: "not_dicom", jpeg: "not_dicom", store: "not_dicom", directory: "not_mr_image",
    }  # fmt: skip
    assert counts(found, "file headers", "files") == {
        "entered": 9, "used": 4, "empty_file": 1, "not_dicom": 3, "not_mr_image": 1,
    }  # fmt: skip


def _directory() -> bytes:
    """A DICOMDIR: what it is stands in its file meta information only."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.FileSetID, dataset.DirectoryRecordSequence = "DISC", []
    return encoded(dataset)


@pytest.mark.parametrize("keyword", ["Rows", "BitsAllocated", "PhotometricInterpretation", "PixelRepresentation"])
def test_bad_input_07_what_describes_the_pixels_is_missing(bench: Bench, keyword: str) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    missing = bench.put("broken", MiniSeries("P1").content(9, lambda dataset: delattr(dataset, keyword)))
    found = bench.run()
    assert reasons(found) == {missing: "missing_tag"}
    assert keyword in found["rejected_files"]["detail"].item()
    assert len(found["slices"]) == 4


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_bad_input_02_missing_mandatory_tags(bench: Bench, keyword: str) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    damaged = bench.put("damaged", MiniSeries("P1", number=9).content(0, lambda dataset: delattr(dataset, keyword)))
    assert reasons(bench.run()) == {damaged: "missing_tag"}


def test_bad_input_02_cut_anywhere_in_the_header(bench: Bench) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    whole = MiniSeries("P1", number=9).content(0)
    pixels = len(whole) - 512
    names = {bench.put(f"cut{end}", whole[:end]) for end in range(1, pixels - 8, 37)}
    found = reasons(bench.run())
    assert set(found) == names
    assert set(found.values()) <= {"not_dicom", "missing_tag", "invalid_tag", "bad_geometry", "not_greyscale"}


@pytest.mark.parametrize("lost", [1, 2, 511, 512])
def test_bad_input_03_pixel_data_cut(bench: Bench, lost: int) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    cut = bench.put("cut", series.content(4)[:-lost])
    assert reasons(bench.run()) == {cut: "pixels_truncated"}


def test_bad_input_04_rows_smaller_than_the_pixel_data(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    wrong = bench.put("wrong", series.content(4, lambda dataset: setattr(dataset, "Rows", 15)))
    assert reasons(bench.run()) == {wrong: "pixels_mismatch"}


def test_bad_input_05_without_preamble_only_on_request(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    bare = bench.put("bare", series.content(4)[132:])
    assert reasons(bench.run()) == {bare: "no_preamble"}
    assert len(bench.run(accept_without_preamble=True)["slices"]) == 5


def test_bad_input_08_constant_image(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    flat = bench.put("flat", encoded(series.dataset(4, np.full((16, 16), 7, np.uint16))))
    assert reasons(bench.run()) == {flat: "constant_image"}


def test_bad_input_09_links_and_strange_names(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    (bench.root / "dicom" / "broken").symlink_to(bench.root / "nowhere")
    (bench.root / "dicom" / "folder").symlink_to(bench.root)
    bench.put("\u60a3\u8005 \u4e00/" + "x" * 200 + "/\u0418\u043c\u044f", series.content(4))
    bench.put("a/SAME", series.content(5))
    bench.put("a/same", series.content(6))
    found = bench.run()
    assert reasons(found) == {KEYS.file("broken"): "unreadable", KEYS.file("folder"): "unreadable"}
    assert len(found["slices"]) == 7


def test_bad_input_10_identical_copies_are_used_once(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    copy = bench.put("zcopy/of/im0", series.content(0))
    found = reasons(bench.run())
    assert found == {copy: "duplicate"}


@pytest.mark.parametrize("good", [True, False])
def test_bad_input_03_17_a_slice_sent_again_stands_in_for_one_that_is_damaged(bench: Bench, good: bool) -> None:
    series = MiniSeries("P1", slices=3)
    bench.add(series)
    bench.clinical("P1")

    def compress(dataset: Dataset, *, whole: bool) -> None:
        dataset.compress(RLELossless, generate_instance_uid=False)
        stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
        dataset.PixelData = encapsulate([stream if whole else stream[:80]])

    def again(dataset: Dataset) -> None:
        dataset.SOPInstanceUID, dataset.InstanceNumber = generate_uid(), 100
        compress(dataset, whole=good)

    damaged = bench.put("P1/s1/im1", series.content(1, lambda dataset: compress(dataset, whole=False)))
    copy = bench.put("P1/s1/copy of im1", (bench.root / "dicom/P1/s1/im1").read_bytes())
    sent_again = bench.put("P1/s1/im1 again", series.content(1, again))
    repeated = bench.put("P1/s1/im2 again", series.content(2, lambda dataset: again(dataset)))
    found = bench.run()
    expected = {damaged: "pixels_truncated", copy: "pixels_truncated", repeated: "repeated_position"}
    assert reasons(found) == expected | ({} if good else {sent_again: "pixels_truncated"})
    table = found["slices"].table
    assert (sent_again in table["file"].tolist()) == good
    assert table["slice_index"].tolist() == list(range(3 if good else 2))
    if good:
        np.testing.assert_array_equal(
            found["slices"].pixels[1] + table["intensity_offset"][1], series.dataset(1).pixel_array
        )


def test_bad_input_10_one_uid_for_different_files_stops(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    bench.put("other", encoded(series.dataset(0, picture(99))))
    with pytest.raises(
        CohortError, match=f"patient {KEYS.patient('P1')}: files .* share one SOPInstanceUID but differ"
    ):
        bench.run()


def test_bad_input_11_13_distractors_are_passed_by_with_reasons(bench: Bench) -> None:
    wanted = MiniSeries("P1", number=7)
    bench.add(
        wanted,
        MiniSeries("P1", number=1, description="3-plane Loc", tags={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
        MiniSeries("P1", number=2, description="Ax T2 FSE", agent=""),
        MiniSeries("P1", number=3, description="Ax T1 FSE", agent=""),
        MiniSeries("P1", number=4, description="Sag T1 +C", orientation=SAGITTAL),
        MiniSeries("P1", number=5, description="T1 +C SUB", tags={"ImageType": ["DERIVED", "SECONDARY"]}),
    )
    bench.clinical("P1")
    found = bench.run()
    choice = found["series_choice"].set_index("series_key")["reason"].to_dict()
    expected = {7: "most_points", 1: "excluded_by_rule", 2: "no_t1_evidence", 3: "no_contrast_evidence",
                4: "not_axial", 5: "excluded_by_rule"}  # fmt: skip
    assert choice == {KEYS.series(MiniSeries("P1", number=number).uid): reason for number, reason in expected.items()}
    assert set(found["slices"].table["series_key"]) == {KEYS.series(wanted.uid)}
    assert counts(found, "series choice", "files")["used"] == 4


def test_bad_input_13_tr_and_te_alone_choose_nothing(bench: Bench) -> None:
    bench.add(MiniSeries("P1", description="AX"), MiniSeries("P2"))
    bench.clinical("P1", "P2")
    found = bench.run()
    assert found["patients"]["patient_key"].tolist() == [KEYS.patient("P2")]
    assert counts(found, "series choice", "patients") == {"entered": 2, "used": 1, "no_candidate_series": 1}


def test_bad_input_13_a_tie_leaves_the_patient_out_until_the_override_decides(bench: Bench) -> None:
    first, second = MiniSeries("P1", number=1), MiniSeries("P1", number=2)
    bench.add(first, second, MiniSeries("P2"))
    bench.clinical("P1", "P2")
    assert counts(bench.run(), "series choice", "patients") == {"entered": 2, "used": 1, "tied_series": 1}
    override = f"patient_id,series_instance_uid\nP1,{second.uid}\n"
    (bench.root / "series_override.csv").write_text(override, encoding="utf-8")
    found = bench.run()
    chosen = found["series_choice"].query("chosen").set_index("series_key")["reason"].to_dict()
    assert chosen[KEYS.series(second.uid)] == "series_override"
    assert len(found["patients"]) == 2


def test_bad_input_14_the_override_may_name_a_series_without_evidence(bench: Bench) -> None:
    silent = MiniSeries("P1", description="AX", agent="")
    bench.add(silent)
    bench.clinical("P1")
    (bench.root / "series_override.csv").write_text(f"patient_id,series_instance_uid\nP1,{silent.uid}\n")
    assert len(bench.run()["slices"]) == 4


def test_bad_input_14_an_override_that_names_nothing_stops(bench: Bench) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    (bench.root / "series_override.csv").write_text("patient_id,series_instance_uid\nP1,1.2.3\n")
    with pytest.raises(CohortError, match=rf"patient {KEYS.patient('P1')} has no readable series"):
        bench.run()


def test_bad_input_12_a_slice_of_another_orientation_is_rejected(bench: Bench) -> None:
    series = MiniSeries("P1")
    bench.add(series)
    bench.clinical("P1")
    odd = dataclasses.replace(series, orientation=SAGITTAL, tags={"SeriesInstanceUID": series.uid})
    name = bench.put("odd", odd.content(4))
    assert reasons(bench.run()) == {name: "other_orientation"}


def test_bad_input_17_order_comes_from_the_position(bench: Bench) -> None:
    series = MiniSeries("P1", distance_mm=-5.0, tags={"InstanceNumber": 1})
    bench.add(series)
    bench.clinical("P1")
    slices = bench.run()["slices"]
    assert slices.table["position_mm"].tolist() == [-25.0, -20.0, -15.0, -10.0]
    np.testing.assert_array_equal(slices.pixels[0] + slices.table["intensity_offset"][0], series.dataset(3).pixel_array)


@pytest.mark.parametrize(
    "tags",
    [
        {"ImagePositionPatient": None},
        {"ImageOrientationPatient": None},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImagePositionPatient": ["nan", "0", "0"]},
        {"PixelSpacing": ["0", "1"]},
        {"PixelSpacing": None},
    ],
)
def test_bad_input_18_impossible_geometry(bench: Bench, tags: dict) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = bench.put("bad", MiniSeries("P1", number=9, tags=tags).content(0))
    assert reasons(bench.run()) == {name: "bad_geometry"}


def test_bad_input_18_rounding_noise_in_the_orientation_is_tolerated(bench: Bench) -> None:
    series = MiniSeries("P1", slices=3)
    bench.add(series)
    bench.clinical("P1")
    noisy = [0.99999, 0.0001, 0.0, -0.0001, 1.00001, 0.0]
    bench.put("noisy", series.content(3, lambda dataset: setattr(dataset, "ImageOrientationPatient", noisy)))
    assert len(bench.run()["slices"]) == 4


def test_bad_input_20_monochrome1_is_turned_round(bench: Bench) -> None:
    series = MiniSeries("P1", tags={"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11})
    bench.add(series)
    bench.clinical("P1")
    slices = bench.run()["slices"]
    real = slices.pixels[0].astype(float) + slices.table["intensity_offset"][0]
    np.testing.assert_array_equal(real, 4095.0 - series.dataset(0).pixel_array)


def test_bad_input_20_colour_is_refused(bench: Bench) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    tags = {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    name = bench.put("rgb", MiniSeries("P1", number=9, tags=tags).content(0))
    assert reasons(bench.run()) == {name: "not_greyscale"}


def test_bad_input_23_two_people_under_one_identifier_stop(bench: Bench) -> None:
    bench.add(MiniSeries("P1"), MiniSeries("P1", number=2, tags={"PatientBirthDate": "19800101"}))
    bench.clinical("P1")
    with pytest.raises(CohortError, match=f"patient {KEYS.patient('P1')}: one PatientID with more than one birth date"):
        bench.run()


def test_bad_input_23_one_birth_date_in_several_spellings_is_one_person(bench: Bench) -> None:
    series = MiniSeries("P1", slices=5)
    bench.clinical("P1")
    written = ("19700102", "1970.01.02", "1970-01-02", "00000000", "")
    for index, birth in enumerate(written):
        bench.put(
            f"{index}", series.content(index, lambda dataset, birth=birth: setattr(dataset, "PatientBirthDate", birth))
        )
    assert len(bench.run()["slices"]) == 5


def test_bad_input_23_empty_identifier(bench: Bench) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    name = bench.put("nobody", MiniSeries("P1", number=9, tags={"PatientID": ""}).content(0))
    assert reasons(bench.run()) == {name: "no_patient_id"}


def test_bad_input_24_the_same_pixels_under_two_patients_stop(bench: Bench) -> None:
    bench.add(MiniSeries("P1"), MiniSeries("P2"))
    bench.clinical("P1", "P2")
    pixels = MiniSeries("P1").dataset(2).pixel_array
    bench.put("leak", encoded(MiniSeries("P2").dataset(9, pixels)))
    with pytest.raises(LeakError, match="same pixels stand under different patients"):
        bench.run()


@pytest.mark.parametrize("side", [16, 32])
@pytest.mark.parametrize(
    ("bits", "photometric"), [(8, "MONOCHROME2"), (16, "MONOCHROME2"), (32, "MONOCHROME2"), (16, "MONOCHROME1")]
)
def test_bad_input_24_the_same_pixels_in_other_bits_stop_too(
    bench: Bench, side: int, bits: int, photometric: str
) -> None:
    pixels = picture(24, shape=(side, side)) // 4  # of the larger ones those on the grid are compared
    bench.put("first", encoded(MiniSeries("P1").dataset(0, pixels)))
    copy = MiniSeries("P2").dataset(0, 65_535 - pixels if photometric == "MONOCHROME1" else pixels)
    copy.PhotometricInterpretation = photometric
    copy.BitsAllocated, copy.BitsStored, copy.HighBit = bits, bits, bits - 1
    if bits != 16:
        copy.PixelData = pixels.astype(f"<u{bits // 8}").tobytes()
    bench.put("copy", encoded(copy))
    bench.clinical("P1", "P2")
    with pytest.raises(LeakError, match="same pixels stand under different patients"):
        bench.run()


def test_bad_input_25_26_no_identifier_in_any_output_or_log(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    hostile = "../../<script>x"
    secrets = ["SECRET77", hostile, "Wang^Fang", "\u738b\u82b3", "19700102", "PRIVATEWORD"]
    first = MiniSeries("SECRET77", description="Ax T1 +C PRIVATEWORD", tags={"PatientName": "Wang^Fang"})
    second = MiniSeries(
        hostile, description="Ax T1 +C", tags={"SpecificCharacterSet": "GB18030", "PatientName": "\u738b\u82b3"}
    )
    bench.add(first)
    for index in range(3):
        bench.put(f"Wang Fang/{index}", second.content(index))
    bench.clinical("SECRET77", hostile, "SECRET-WITHOUT-IMAGES")
    with caplog.at_level(logging.DEBUG):
        found = bench.run()
    assert len(found["patients"]) == 2
    left_behind = caplog.text + "".join(
        found[name].to_csv() for name in ("patients", "attrition_ingest", "rejected_files", "series_choice",
                                          "file_survey", "series_judged", "clinical")
    ) + found["slices"].table.to_csv()  # fmt: skip
    stored = b"".join(path.read_bytes() for path in bench.store.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in left_behind
        assert secret.encode() not in stored


def test_missing_folders_say_what_is_expected(bench: Bench) -> None:
    bench.clinical("P1")
    shutil.rmtree(bench.root / "dicom")
    (bench.root / "Jane Doe").mkdir()
    with pytest.raises(CohortError, match=r"lacks dicom/ \(found: clinical.csv, 1 others\); a cohort needs") as lacking:
        bench.run()
    assert "Jane" not in str(lacking.value)
    (bench.root / "clinical.csv").unlink()
    with pytest.raises(CohortError, match=r"lacks dicom/ and clinical.csv or clinical.xlsx"):
        bench.run()
    shutil.rmtree(bench.root)
    with pytest.raises(CohortError, match="cohort folder is not there"):
        bench.run()


def _tree(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _fingerprint(found: dict) -> list[object]:
    tables = [found[name].to_csv(index=False) for name in ("patients", "attrition_ingest", "series_choice")]
    images = [found[name] for name in ("slices", "outlines")]
    return [
        *tables,
        *(image.table.drop(columns="file", errors="ignore").to_csv() for image in images),
        *(image.pixels.tobytes() for image in images),
    ]


def test_neither_workers_nor_file_order_matter_and_the_folder_stays_as_it_is(bench: Bench) -> None:
    patients = [f"P{number}" for number in range(5)]
    bench.add(*(MiniSeries(patient) for patient in patients))
    bench.clinical(*patients)
    write_outline(bench.root / "outlines" / "P1.nii.gz", label_map(MiniSeries("P1")), MiniSeries("P1").affine())
    before = _tree(bench.root)
    alone = _fingerprint(bench.run())
    assert _fingerprint(bench.run(workers=2, scratch=str(bench.store / "other"))) == alone
    assert _tree(bench.root) == before
    for index, path in enumerate(sorted((bench.root / "dicom").rglob("im*"))):
        path.rename(path.with_name(f"z{97 - index}"))
    assert _fingerprint(bench.run()) == alone


def test_a_real_cohort_gets_a_private_key_and_the_way_back(bench: Bench, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NPC_PSEUDONYM_KEY", raising=False)
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    key_file = tmp_path / "private" / "pseudonym.key"
    found = bench.run(simulated=False, pseudonym_key_file=str(key_file))
    assert key_file.stat().st_mode & 0o777 == 0o600
    (key,) = found["patients"]["patient_key"]
    assert key == Pseudonyms(key_file.read_bytes()).patient("P1")
    assert key != KEYS.patient("P1")
    assert found["patients"]["simulated"].tolist() == [False]
    key_map = key_file.with_name("pseudonym_map.csv")
    assert key_map.stat().st_mode & 0o777 == 0o600
    assert pd.read_csv(key_map).values.tolist() == [[key, "P1"]]
    again = bench.run(simulated=False, pseudonym_key_file=str(key_file))
    assert again["patients"].equals(found["patients"])


def test_the_way_back_leads_to_the_row_of_the_clinical_table(bench: Bench, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NPC_PSEUDONYM_KEY", raising=False)
    bench.add(MiniSeries("H981249-2"))
    bench.clinical("00486626")
    (bench.root / "identifiers.csv").write_text("identifier,patient_id\nH981249-2,00486626\n", encoding="utf-8")
    key_file = tmp_path / "private" / "pseudonym.key"
    for _ in range(2):
        found = bench.run(simulated=False, pseudonym_key_file=str(key_file))
        (key,) = found["patients"]["patient_key"]
        written = pd.read_csv(key_file.with_name("pseudonym_map.csv"), dtype=str)
        assert written.values.tolist() == [[key, "00486626"]]


def test_a_rejected_file_of_a_real_cohort_can_be_found_again(bench: Bench, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NPC_PSEUDONYM_KEY", raising=False)
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    (bench.root / "dicom" / "notes.txt").write_text("no image")
    (bench.root / "outlines").mkdir()
    (bench.root / "outlines" / "stray.nii").write_text("no outline")
    key_file = tmp_path / "private" / "pseudonym.key"
    found = bench.run(simulated=False, pseudonym_key_file=str(key_file))
    file_map = key_file.with_name("file_map.csv")
    assert file_map.stat().st_mode & 0o777 == 0o600
    way_back = pd.read_csv(file_map).set_index("file")["path"]
    assert sorted(way_back[found["rejected_files"]["file"]]) == ["dicom/notes.txt", "outlines/stray.nii"]
    assert {path.split("/")[0] for path in way_back} == {"dicom", "outlines"}
    assert len(way_back) == sum(
        path.is_file() for folder in ("dicom", "outlines") for path in (bench.root / folder).rglob("*")
    )


def test_a_simulated_cohort_needs_no_way_back(bench: Bench, tmp_path: Path) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    bench.run(pseudonym_key_file=str(tmp_path / "private" / "pseudonym.key"))
    assert not (tmp_path / "private").exists()
