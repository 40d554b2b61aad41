"""The cohort folder: what its parts may be called, and what is not passed over in silence."""

from pathlib import Path

import openpyxl
import pytest

from npc_kedro.clinical.identifiers import read_aliases
from npc_kedro.cohort import CohortFolder
from npc_kedro.errors import CohortError

TABLES = ("identifiers", "series_override", "outline_override")


def cohort(root: Path) -> CohortFolder:
    return CohortFolder(root=root, simulated=False)


@pytest.mark.parametrize("stem", TABLES)
@pytest.mark.parametrize("ending", [".csv", ".CSV", ".xlsx", ".txt", ".tsv"])
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_optional_tables_in_any_case_and_format(tmp_path: Path, stem: str, ending: str, case: object) -> None:
    assert getattr(cohort(tmp_path), stem) == tmp_path / f"{stem}.csv"
    path = tmp_path / (case(stem) + ending)  # type: ignore[operator]
    path.touch()
    (tmp_path / f"~${stem}.xlsx").touch()
    (tmp_path / f".{stem}.csv.swp").touch()
    (tmp_path / "clinical.csv").touch()
    assert getattr(cohort(tmp_path), stem) == path


def test_joined_identifiers_from_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["identifier", "patient_id"])
    book.active.append(["H001", "Z001"])
    book.save(tmp_path / "Identifiers.xlsx")
    assert read_aliases(cohort(tmp_path).identifiers) == {"H001": "Z001"}


@pytest.mark.parametrize("stem", TABLES)
@pytest.mark.parametrize("name", ["{} (1).csv", "{}.xls", "{}.csv.txt", "{}_WANG.csv", "{}", "{} - Kopie.xlsx"])
def test_a_name_that_only_resembles_a_table_stops(tmp_path: Path, stem: str, name: str) -> None:
    for sound in (False, True):
        (tmp_path / name.format(stem)).touch()
        if sound:
            (tmp_path / f"{stem}.csv").touch()
        with pytest.raises(CohortError, match=f"resembles {stem}.csv but is none of .* Rename the right one") as caught:
            getattr(cohort(tmp_path), stem)
        assert "WANG" not in str(caught.value)
    (tmp_path / name.format(stem)).unlink()
    assert getattr(cohort(tmp_path), stem).is_file()


def test_two_tables_stop(tmp_path: Path) -> None:
    for name in ("identifiers.csv", "Identifiers.xlsx"):
        (tmp_path / name).touch()
    with pytest.raises(CohortError, match=r"Found Identifiers\.xlsx, identifiers\.csv .*; expected one of them"):
        _ = cohort(tmp_path).identifiers


def test_folders_in_any_case(tmp_path: Path) -> None:
    for name in ("DICOM", "Outlines", "outlines_of_another_reader"):
        (tmp_path / name).mkdir()
    assert (cohort(tmp_path).dicom.name, cohort(tmp_path).outlines.name) == ("DICOM", "Outlines")
    (tmp_path / "Outlines").rmdir()
    with pytest.raises(CohortError, match=r"no outlines/ but a folder with a name that resembles it"):
        _ = cohort(tmp_path).outlines
    (tmp_path / "OUTLINES").mkdir()
    (tmp_path / "outlines").mkdir()
    with pytest.raises(CohortError, match="Found OUTLINES, outlines"):
        _ = cohort(tmp_path).outlines


@pytest.mark.parametrize(
    "name", ["clinical (2).csv", "clinical_new.xlsx", "Clinical_WANG.xls", "clinical.csv.txt", "clinical"]
)
@pytest.mark.parametrize("sound", [False, True])
def test_a_name_that_only_resembles_the_clinical_table_stops(tmp_path: Path, name: str, sound: bool) -> None:
    (tmp_path / name).touch()
    if sound:
        (tmp_path / "clinical.csv").touch()
    with pytest.raises(CohortError, match=r"resembles clinical\.csv but is none of .* Rename the right one") as caught:
        _ = cohort(tmp_path).clinical_table
    assert "WANG" not in str(caught.value)


@pytest.mark.parametrize("name", ["clinical.xls", "Clinical.ODS"])
@pytest.mark.parametrize("sound", [False, True])
def test_a_clinical_table_in_a_format_that_is_not_read(tmp_path: Path, name: str, sound: bool) -> None:
    (tmp_path / name).touch()
    if sound:
        (tmp_path / "clinical.csv").touch()
    beside = " beside clinical.csv" if sound else ""
    with pytest.raises(
        CohortError, match=rf"Found {name}{beside} in the cohort folder; .* Save the right one as \.xlsx"
    ):
        _ = cohort(tmp_path).clinical_table


def test_other_files_beside_the_clinical_table_do_not_matter(tmp_path: Path) -> None:
    for name in ("clinical_protocol.pdf", "~$clinical.xlsx", ".clinical.csv.swp", "codebook.csv", "CLINICAL.csv"):
        (tmp_path / name).touch()
    assert cohort(tmp_path).clinical_table.name == "CLINICAL.csv"
