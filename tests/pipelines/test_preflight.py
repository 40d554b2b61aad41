"""Preflight tells everything that is wrong, on one page, and stops for nothing."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from omegaconf import OmegaConf

from ingest_bench import shipped_parameters
from mini_dicom import MiniSeries, clinical_row, encoded, label_map, write_clinical, write_outline
from npc_kedro.cohort import CohortFolder
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.errors import CohortError
from npc_kedro.pipelines.ingest.nodes import read_clinical_table, survey_files
from npc_kedro.pipelines.preflight import create_pipeline
from npc_kedro.pipelines.preflight.findings import findings_of
from npc_kedro.pipelines.preflight.remedies import expectation_of, remedy_of

CONFIGURATION = Path(__file__).parents[2] / "conf/base"
KEYS = Pseudonyms(SIMULATED_KEY)


def preflight(root: Path, store: Path, **changes: object) -> tuple[pd.DataFrame, dict[str, int], str]:
    """Findings, counts and page for a cohort folder."""
    ingest = OmegaConf.load(CONFIGURATION / "ingest/parameters.yml")["ingest"]
    ingest["matrix"], ingest["scratch"], ingest["workers"] = 16, str(store / "scratch"), 1
    preflight_parameters = OmegaConf.load(CONFIGURATION / "preflight/parameters.yml")["preflight"]
    written = (CONFIGURATION / "preflight/catalog.yml").read_text(encoding="utf-8").replace("${data_root:}", str(store))
    entries = OmegaConf.to_container(OmegaConf.create(written), resolve=True)
    catalog = DataCatalog.from_config({name: entry for name, entry in entries.items() if name != "_root"})
    catalog["cohort"] = MemoryDataset(CohortFolder(root=root, simulated=True), copy_mode="assign")
    catalog["params:ingest"] = MemoryDataset(OmegaConf.to_container(ingest, resolve=True))
    catalog["params:split"] = MemoryDataset({"seed": 1, "test_share": 0.3, "validation_share": 0.3})
    catalog["params:preflight"] = MemoryDataset(OmegaConf.to_container(preflight_parameters) | changes)
    SequentialRunner().run(create_pipeline(), catalog)
    return catalog.load("preflight"), catalog.load("preflight_counts"), catalog.load("preflight_page")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cohort" / "dicom").mkdir(parents=True)
    return tmp_path / "cohort"


def write_whole_cohort(root: Path) -> None:
    """Enough patients of each arm and outcome, the first of them outlined."""
    rows = []
    for number in range(24):
        patient = f"P{number}"
        MiniSeries(patient, slices=2).write(root / "dicom")
        arm = "CCRT" if number % 2 else "IC+CCRT"
        sex = "male" if number % 3 else "female"
        rows.append(clinical_row(patient, arm=arm, residual_tumor=number // 2 % 2, sex=sex))
    write_clinical(root, rows)
    series = MiniSeries("P0", slices=2)
    write_outline(root / "outlines/P0.nii.gz", label_map(MiniSeries("P0", slices=4))[:, :, :2], series.affine())


def test_nothing_stops_a_sound_cohort(root: Path, tmp_path: Path) -> None:
    write_whole_cohort(root)
    findings, counts, page = preflight(root, tmp_path)
    assert findings.empty
    assert counts["files"] == counts["readable MR images"] == 48
    assert counts["patients with an outline in use"] == 1
    assert counts["of them decoded well"] == 24
    assert "Nothing stops the run" in page
    assert "SIMULATED" in page


def test_everything_wrong_stands_on_one_page(root: Path, tmp_path: Path) -> None:
    write_whole_cohort(root)
    (root / "dicom/notes").write_bytes(b"not an image" * 40)
    (root / "dicom/cut").write_bytes(MiniSeries("P1").content(3)[:-1])
    MiniSeries("P2", number=2).write(root / "dicom")
    MiniSeries("P99").write(root / "dicom")
    moved = MiniSeries("P3", slices=2, origin=(-9.0, -8.0, -10.0))
    write_outline(root / "outlines/P3.nii.gz", label_map(MiniSeries("P3"))[:, :, :2], moved.affine())
    findings, _, page = preflight(root, tmp_path)
    by_check = {check: set(rows["reason"]) for check, rows in findings.groupby("check")}
    assert by_check["files"] == {"not_dicom", "pixels_truncated"}
    assert by_check["series"] == {"tied_series", "images_without_row"}
    assert by_check["patients"] == {"tied_series", "images_without_row"}
    assert by_check["outlines"] == {"outline_geometry"}
    tied = findings[(findings["check"] == "patients") & (findings["reason"] == "tied_series")].iloc[0]
    assert tied["patient_key"] == KEYS.patient("P2")
    assert "series_override.csv" in tied["remedy"]
    for text in (KEYS.file("notes"), KEYS.file("cut"), KEYS.patient("P99")):
        assert text in page


def test_a_table_that_cannot_be_read_does_not_keep_the_images_from_being_looked_at(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    (root / "dicom/empty").write_bytes(b"")
    write_clinical(root, [clinical_row("P1", arm="CCRTT", age="old")])
    findings, counts, page = preflight(root, tmp_path)
    stops = findings[findings["severity"] == "stops the run"]
    table = stops[stops["check"] == "clinical table"]
    assert sorted(table["subject"]) == ["row 2, column age", "row 2, column arm"]
    assert table["expected"].str.len().min() > 0
    assert "CCRTT" in page
    assert "empty_file" in set(findings["reason"])
    assert counts["series chosen"] == 1


def test_rows_are_listed_in_their_order(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [clinical_row(f"P{number}", age="old") for number in range(12)])
    findings, _, _ = preflight(root, tmp_path)
    rows = findings.loc[findings["check"] == "clinical table", "subject"]
    assert rows.tolist() == [f"row {row}, column age" for row in range(2, 14)]


def test_columns_that_stay_behind_are_told(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [clinical_row("P1", Handy="0176 5551234")])
    findings, _, page = preflight(root, tmp_path)
    (told,) = findings[findings["subject"].str.startswith("column ")].to_dict("records")
    assert (told["severity"], told["found"]) == ("to be known", "stays behind: its heading")
    assert told["remedy"].endswith("if what it holds identifies nobody")
    assert "5551234" not in page


def test_which_heading_is_read_as_what_is_told(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    row = clinical_row("P1")
    write_clinical(root, [{{"age": "Age years", "sex": "SEX", "arm": "Group"}.get(k, k): v for k, v in row.items()}])
    findings, _, page = preflight(root, tmp_path)
    (told,) = findings[findings["subject"] == "headings"].to_dict("records")
    assert (told["severity"], told["found"]) == ("to be known", "read as arm: Group; age: Age years")
    assert "age: Age years" in page


def test_hidden_rows_are_told(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    book = openpyxl.Workbook()
    for row in (clinical_row("P1").keys(), clinical_row("P1").values()):
        book.active.append(list(row))
    book.active.row_dimensions[2].hidden = True
    book.save(root / "clinical.xlsx")
    findings, _, _ = preflight(root, tmp_path)
    (told,) = findings[findings["subject"] == "row 2"].to_dict("records")
    assert (told["severity"], told["found"][:29]) == ("to be known", "the workbook hides this row, ")


def test_a_stage_that_contradicts_t_and_n_is_told_of_excluded_patients_first(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stages = [("III", "T3"), ("III", "T1"), ("I", "T3"), ("II", "T1"), ("II", "T4")]
    rows = [clinical_row(f"P{n}", ajcc_stage=stage, t_stage=t) for n, (stage, t) in enumerate(stages)]
    for n in range(5):
        MiniSeries(f"P{n}").write(root / "dicom")
    write_clinical(root, rows)
    findings, _, _ = preflight(root, tmp_path)
    told = findings[findings["subject"].str.endswith("column ajcc_stage")]
    assert set(told["severity"]) == {"to be known"}
    assert sorted(told["subject"].iloc[:2]) == ["row 4, column ajcc_stage", "row 6, column ajcc_stage"]
    assert told[["subject", "found"]].values.tolist()[2:] == [
        ["row 3, column ajcc_stage", "stage III, but T1 N1 is II; the patient is used, if nothing else is wrong"]
    ]
    assert "stage I, but T3 N1 is III; the patient is left out" in told["found"].tolist()
    parameters = shipped_parameters() | {"scratch": str(tmp_path)}
    read_clinical_table(CohortFolder(root=root, simulated=True), parameters)
    assert "in 3 rows of the clinical table: 4, 6 of patients who are left out, 3 of others" in caplog.text


def test_an_arm_outcome_or_sex_that_is_the_same_in_all_rows_is_told(root: Path, tmp_path: Path) -> None:
    write_clinical(root, [clinical_row("P1", residual_tumor="no"), clinical_row("P2", arm="IC+CCRT", sex="")])
    findings, _, _ = preflight(root, tmp_path)
    told = findings[findings["found"].str.startswith("every row that tells")]
    assert told[["subject", "found"]].values.tolist() == [["column residual_tumor", "every row that tells says 0"]]
    assert told["remedy"].iloc[0].endswith("(ingest.clinical.values)")


@pytest.mark.parametrize(
    ("in_table", "in_images", "differing", "stops"),
    [
        ("mmmfff", "MMMFFF", [], False),
        ("mmmfff", "MMMFFM", [7], False),
        ("mmmfff", "FFMMFF", [2, 3, 5], False),
        ("mmmfff", "FFFMFF", [2, 3, 4, 5], True),
        ("mmfff", "FFMMM", [2, 3, 4, 5, 6], False),  # of less than six
        ("mmffff", "MMMMMM", [4, 5, 6, 7], False),  # filled in for all
        ("mmmfff", "O MFFF", [], False),
    ],
)
def test_a_sex_that_is_not_that_of_the_images_is_told_and_stops_where_it_is_most(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, in_table: str, in_images: str, differing: list[int],
    stops: bool,
) -> None:  # fmt: skip
    rows = []
    for number, (table, image) in enumerate(zip(in_table, in_images, strict=True)):
        MiniSeries(f"P{number}", slices=2, tags={"PatientSex": image}).write(root / "dicom")
        rows.append(clinical_row(f"P{number}", sex=table))
    write_clinical(root, rows)
    findings, _, page = preflight(root, tmp_path)
    told = findings[findings["found"] == "the sex in the table is not PatientSex of the images"]
    assert sorted(told["subject"]) == [f"row {row}, column sex" for row in differing]
    grave = findings[(findings["severity"] == "stops the run") & (findings["check"] == "clinical table")]
    assert len(grave) == stops
    assert ("in 4 of 6 patients" in page) == stops
    cohort, parameters = CohortFolder(root=root, simulated=True), shipped_parameters() | {"scratch": str(tmp_path)}
    clinical = read_clinical_table(cohort, parameters)
    if stops:
        with pytest.raises(CohortError, match="sex is not PatientSex of the images in 4 of 6 patients; expected"):
            survey_files(cohort, clinical, parameters)
    else:
        survey_files(cohort, clinical, parameters)
        assert ("sex is not PatientSex of the images" in caplog.text) == bool(differing)


def test_what_to_do_about_a_missing_column_stands_with_it(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [{"RT" if k == "residual_tumor" else k: v for k, v in clinical_row("P1", age="x").items()}])
    findings, _, _ = preflight(root, tmp_path)
    table = findings[findings["check"] == "clinical table"].set_index("subject")
    assert table.index.tolist() == ["column residual_tumor", "row 2, column age"]
    assert table["remedy"].iloc[0] == "name yours in ingest.clinical.columns, or rename it in the file"
    assert table["expected"].iloc[0].startswith("one of residual_tumor, residual_tumour, ")
    assert table["remedy"].iloc[1].endswith("correct them, or map spellings in ingest.clinical.values")


def test_every_problem_of_the_table_is_a_finding(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [clinical_row(f"P{number}", age="old") for number in range(150)])
    findings, _, page = preflight(root, tmp_path)
    assert (findings["check"] == "clinical table").sum() == 150
    assert "and 50 more; the pipeline" not in page


def test_numbers_that_cannot_be_told_are_told_of_with_what_to_do(root: Path, tmp_path: Path) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [clinical_row("P1", ebv='"1,201"')])
    findings, _, _ = preflight(root, tmp_path)
    (told,) = findings[findings["subject"].str.startswith("column ")].to_dict("records")
    assert "numbers such as 1,201 or 1.201, whose comma or point may part thousands" in told["found"]
    assert told["remedy"].startswith("nothing, or write thousands without a mark (1201)")


@pytest.mark.parametrize("images", [True, False])
def test_the_faults_of_both_overrides_are_told_together(root: Path, tmp_path: Path, images: bool) -> None:
    MiniSeries("P1").write(root / "dicom")
    write_clinical(root, [clinical_row("P1")])
    if not images:
        (root / "dicom").rename(root / "elsewhere")
    (root / "series_override.csv").write_text("patient_id,series_instance_uid\nP1,\n")
    (root / "outline_override.csv").write_text("patient_id;file\nP1;\n")
    findings, _, _ = preflight(root, tmp_path)
    faults = findings[findings["found"].str.endswith("is empty")]
    assert faults[["check", "subject", "found"]].values.tolist() == [
        ["outlines", "row 2", "file is empty"],
        ["series", "row 2", "series_instance_uid is empty"],
    ]


def test_what_the_folder_lacks_stands_on_the_page_too(root: Path, tmp_path: Path) -> None:
    (root / "dicom").rmdir()
    findings, counts, page = preflight(root, tmp_path)
    assert findings["severity"].tolist() == ["stops the run"] * 2
    assert dict(zip(findings["check"], findings["found"], strict=True)) == {
        "clinical table": "There is no clinical.csv in the cohort folder",
        "files": "There is no folder 'dicom' in the cohort folder",
    }
    assert findings["expected"].str.len().min() > 0
    assert "There is no clinical.csv" in page
    assert counts == {}
    write_clinical(root, [clinical_row("P1")])
    findings, counts, _ = preflight(root, tmp_path)
    assert findings["check"].tolist() == ["files"]
    assert counts["patients in the clinical table"] == 1


def test_images_without_a_date_are_told_of_where_the_treatment_has_one(root: Path, tmp_path: Path) -> None:
    for patient in ("P1", "P2"):
        MiniSeries(patient).write(root / "dicom")
    write_clinical(root, [clinical_row("P1", treatment_start="2020-02-02"), clinical_row("P2", treatment_start="")])
    findings, _, _ = preflight(root, tmp_path)
    told = findings[findings["found"].str.contains("bear no date")]
    assert told[["severity", "patient_key"]].values.tolist() == [["to be known", KEYS.patient("P1")]]


def test_two_people_under_one_identifier_and_a_missing_decoder(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydicom.pixels.decoders import base
    from pydicom.uid import JPEGLSLossless

    dataset = MiniSeries("P1").dataset(0)
    dataset.compress(JPEGLSLossless)
    (root / "dicom/jls").write_bytes(encoded(dataset))
    MiniSeries("P2").write(root / "dicom")
    MiniSeries("P2", number=2, tags={"PatientBirthDate": "19800101"}).write(root / "dicom")
    write_clinical(root, [clinical_row("P1"), clinical_row("P2")])
    monkeypatch.setattr(base.Decoder, "available_plugins", property(lambda self: ()))
    findings, _, _ = preflight(root, tmp_path)
    clash = findings[(findings["severity"] == "stops the run") & (findings["check"] == "files")].iloc[0]
    assert clash["patient_key"] == KEYS.patient("P2")
    assert "more than one birth date" in clash["found"]
    missing = findings[findings["reason"] == "missing_decoder"].iloc[0]
    assert "install pyjpegls" in missing["found"]


def test_hostile_values_stay_text_and_long_lists_are_cut(root: Path, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    MiniSeries("P1").write(root / "dicom")
    for number in range(5):
        (root / "dicom" / f"{hostile.replace('/', '')}{number}").write_bytes(b"")
    write_clinical(root, [clinical_row("P1", arm=hostile)])
    findings, _, page = preflight(root, tmp_path, shown_of_a_kind=2)
    assert (findings["reason"] == "empty_file").sum() == 5
    assert "... and 3 more in preflight.csv" in page
    assert "<script" not in page


def test_nothing_is_decoded_when_nothing_is_to_be(root: Path, tmp_path: Path) -> None:
    write_whole_cohort(root)
    _, counts, _ = preflight(root, tmp_path, files_decoded_per_series=0)
    assert counts["files decoded on trial"] == 0


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_reason_has_an_expectation_and_a_remedy(reason: RejectReason) -> None:
    assert expectation_of(reason.value)
    assert remedy_of(reason.value)


def test_advice_on_outlines_says_what_applies(root: Path, tmp_path: Path) -> None:
    write_whole_cohort(root)
    (root / "outlines/P1.nrrd").write_bytes(b"NRRD0004\n")
    write_outline(root / "outlines/tumour of P2.nii.gz", label_map(MiniSeries("P2")), MiniSeries("P2").affine())
    findings, _, _ = preflight(root, tmp_path)
    advice = {row.reason: (row.expected, row.remedy) for row in findings.itertuples() if row.check == "outlines"}
    assert advice.keys() == {"outline_format", "outline_without_patient"}
    assert "NIfTI label map (.nii, .nii.gz)" in advice["outline_format"][0]
    assert "save it as NIfTI" in advice["outline_format"][1]
    assert "file name (NIfTI)" in advice["outline_without_patient"][0]
    assert "name the file by patient_id, or name it in outline_override.csv" in advice["outline_without_patient"][1]


def test_drawing_again_is_advised_only_where_the_outline_lies_elsewhere() -> None:
    drawn_again = {reason for reason in RejectReason if "draw or export the outline again" in remedy_of(reason.value)}
    whole = {reason for reason in drawn_again if reason.value.startswith("outline_")}
    assert whole - {RejectReason.OUTLINE_OBJECT} == {
        RejectReason.OUTLINE_GEOMETRY,
        RejectReason.OUTLINE_OTHER_FRAME,
        RejectReason.OUTLINE_OTHER_SERIES,
    }


def test_a_fault_of_the_joined_identifiers_is_told_once(root: Path, tmp_path: Path) -> None:
    write_whole_cohort(root)
    (root / "identifiers.csv").write_text("identifier,patient_id\nX1,P1\nX1,P2\n")
    found = preflight(root, tmp_path)[0]
    told = found[found["found"].str.contains("belongs to another patient_id already")]
    assert told["check"].tolist() == ["identifiers"]


def test_joined_identifiers_that_lead_to_nobody_are_noted(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_whole_cohort(root)
    (root / "identifiers.csv").write_text("identifier,patient_id\nX1,P1\nSECRET,NOWHERE\n")
    found = preflight(root, tmp_path)[0]
    assert found[["severity", "check", "subject", "found"]].values.tolist() == [
        ["to be known", "identifiers", "row 3", "the patient_id is that of no row of the clinical table"]
    ]
    read_clinical_table(CohortFolder(root=root, simulated=True), shipped_parameters())
    assert "identifiers.csv: the patient_id of rows 3 is in no row of the table" in caplog.text


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("row 2: too few (of 2; 2 have no outline)", ("too few (of 2; 2 have no outline)", "", "")),
        ("too few (2; 3); add patients (two; or three)", ("too few (2; 3)", "", "add patients (two; or three)")),
        ("'x'; expected one (a; b); correct it; at once", ("'x'", "one (a; b)", "correct it; at once")),
        ("open (a; b; correct it", ("open (a; b", "", "correct it")),
        ("a) b; correct it", ("a) b", "", "correct it")),
    ],
)
def test_a_sentence_is_not_torn_inside_brackets(sentence: str, parts: tuple[str, str, str]) -> None:
    (found,) = findings_of("check", CohortError(f"correct:\n- {sentence}"))
    assert (found.found, found.expected, found.remedy) == (parts[0], parts[1], parts[2] or "correct")
