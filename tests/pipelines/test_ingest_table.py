"""The clinical table and the joined identifiers through the pipeline ``ingest``."""

from ingest_bench import KEYS, Bench, counts
from mini_dicom import MiniSeries, clinical_row, label_map, write_clinical, write_outline


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
