"""The clinical table and the joined identifiers through the pipeline ``ingest``."""

import pydicom
import pytest
from pydicom.dataelem import DataElement

from ingest_bench import KEYS, Bench, counts
from mini_dicom import MiniSeries, clinical_row, encoded, label_map, write_clinical, write_outline
from npc_kedro.errors import CohortError


def test_bad_input_32_patients_without_row_and_rows_without_images_are_counted(bench: Bench) -> None:
    bench.add(MiniSeries("P1"), MiniSeries("P2"), MiniSeries("P4"))
    rows = [clinical_row("P1"), clinical_row("P3"), clinical_row("P4", age="NA")]
    write_clinical(bench.root, rows)
    found = bench.run()
    assert counts(found, "clinical table", "patients") == {
        "entered": 4, "used": 2, "images_without_row": 1, "missing_item": 1,
    }  # fmt: skip
    assert counts(found, "series choice", "patients") == {"entered": 2, "used": 1, "row_without_images": 1}
    assert counts(found, "series choice", "files") == {
        "entered": 12, "used": 4, "images_without_row": 4, "missing_item": 4,
    }  # fmt: skip


def test_bad_input_23_identifiers_are_normalised_across_images_table_and_outlines(bench: Bench) -> None:
    series = MiniSeries("00123 ")
    bench.add(series)
    bench.clinical("123.0")
    write_outline(bench.root / "outlines" / "0123.nii.gz", label_map(series), series.affine())
    found = bench.run()
    assert found["patients"]["patient_key"].tolist() == [KEYS.patient("123")]
    assert found["patients"]["outlined"].tolist() == [True]


def test_bad_input_22_the_study_before_the_treatment_is_used(bench: Bench) -> None:
    before = MiniSeries("P1", number=1, tags={"StudyDate": "20200101", "StudyInstanceUID": "1.2.1"})
    after = MiniSeries("P1", number=2, tags={"StudyDate": "20200501", "StudyInstanceUID": "1.2.2"})
    bench.add(before, after)
    bench.clinical("P1", treatment_start="2020-02-01")
    reasons = bench.run()["series_choice"].set_index("series_key")["reason"].to_dict()
    assert reasons == {KEYS.series(before.uid): "most_points", KEYS.series(after.uid): "after_treatment_start"}
    bench.clinical("P1")
    assert counts(bench.run(), "series choice", "patients") == {"entered": 1, "used": 0, "undated_studies": 1}


def test_bad_input_22_a_study_long_before_the_treatment_is_not_used_unless_it_is_named(bench: Bench) -> None:
    series = MiniSeries("P1", tags={"StudyDate": "20200101"})
    bench.add(series)
    bench.clinical("P1", treatment_start="2020-02-02")
    found = bench.run()
    assert found["series_choice"]["reason"].tolist() == ["long_before_treatment"]
    assert found["series_choice"]["detail"].tolist() == ["32 days before the treatment began; at most 31"]
    assert counts(found, "series choice", "patients") == {"entered": 1, "used": 0, "long_before_treatment": 1}
    assert len(bench.run(max_days_before_treatment=32)["patients"]) == 1
    (bench.root / "series_override.csv").write_text(f"patient_id,series_instance_uid\nP1,{series.uid}\n")
    assert len(bench.run()["patients"]) == 1


@pytest.mark.parametrize(
    ("study", "others", "reason"),
    [
        ("00000000", "20190901", "after_treatment_start"),
        ("20190230", "20190901", "after_treatment_start"),
        ("2019.09.01", "", "after_treatment_start"),
        ("", "20190310", "most_points"),
        ("00000000", "", "most_points"),
    ],
)
def test_bad_input_22_a_date_that_is_none_gives_way_to_the_next(
    bench: Bench, caplog: pytest.LogCaptureFixture, study: str, others: str, reason: str
) -> None:
    path = MiniSeries("P1", slices=1, tags={"StudyDate": "20011231"}).write(bench.root / "dicom")[0]
    dataset = pydicom.dcmread(path)
    dataset["StudyDate"] = DataElement("StudyDate", "DA", study, validation_mode=pydicom.config.IGNORE)
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = others
    path.write_bytes(encoded(dataset))
    bench.clinical("P1", treatment_start="2019-03-15")
    assert bench.run()["series_choice"]["reason"].tolist() == [reason]
    assert ("bear no date" in caplog.text) == (reason == "most_points" and not others)


def test_the_log_tells_which_heading_is_which_item(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.add(MiniSeries("P1"))
    write_clinical(bench.root, [{"Gender" if k == "sex" else k: v for k, v in clinical_row("P1").items()}])
    with caplog.at_level("INFO"):
        bench.run()
    assert "Headings of the clinical table are read as sex: Gender" in caplog.text


def test_bad_input_23_identifiers_that_the_user_joins_are_one_patient(bench: Bench) -> None:
    series = MiniSeries("MR-9")
    bench.add(series)
    bench.clinical("00123")
    (bench.root / "identifiers.csv").write_text("identifier,patient_id\nMR-9,123\n")
    write_outline(bench.root / "outlines" / "MR-9.nii.gz", label_map(series), series.affine())
    found = bench.run()
    assert found["patients"]["patient_key"].tolist() == [KEYS.patient("123")]
    assert found["patients"]["outlined"].tolist() == [True]


@pytest.mark.parametrize("name", ["identifiers", "series_override", "outline_override"])
def test_small_tables_go_by_the_marks_of_the_clinical_one(bench: Bench, name: str) -> None:
    bench.add(MiniSeries("P1"))
    bench.clinical("P1")
    heading = {"identifiers": "identifier,patient_id", "series_override": "patient_id,series_instance_uid"}
    (bench.root / f"{name}.csv").write_text(f"{heading.get(name, 'patient_id,file')}\nP1,n.d.\n")
    clinical = bench.shipped["clinical"]
    with pytest.raises(CohortError, match=r"row 2: .* says that nothing is known"):
        bench.run(clinical=clinical | {"missing": [*clinical["missing"], "n.d."]})
