"""Numbers with commas and points: what they tell, and what is not guessed."""

import math
from pathlib import Path

import openpyxl
import pytest

from ingest_bench import shipped_parameters
from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.numbers import AmbiguousNumberError, Notation, StoredNumber
from npc_kedro.clinical.table import ClinicalTable, read_clinical
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.errors import CohortError

HEADING = "patient_id;arm;residual_tumor;age;sex;ajcc_stage;t_stage;n_stage"


@pytest.fixture(scope="module")
def mapping() -> ClinicalMapping:
    return ClinicalMapping.model_validate(shipped_parameters()["clinical"])


def read(folder: Path, mapping: ClinicalMapping, *rows: tuple[str, str], heading: str = "ebv") -> ClinicalTable:
    """Patients 1, 2, ... of whom each row gives age and a further column."""
    lines = [f"{number};CCRT;0;{age};m;III;T3;N1;{more}" for number, (age, more) in enumerate(rows, start=1)]
    path = folder / "clinical.csv"
    path.write_text("\n".join([f"{HEADING};{heading}", *lines]), encoding="utf-8")
    return read_clinical(path, mapping, Pseudonyms(SIMULATED_KEY))


def carried(found: ClinicalTable) -> list[float]:
    return found.patients.sort_values("table_row")["covariate_ebv"].tolist()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("95", 95), ("1.5", 1.5), ("1,5", 1.5), ("-1,25", -1.25), (".5", 0.5), ("1.5e4", 15000), ("1,234e3", 1234),
        ("1,201,000", 1201000), ("1.201.000", 1201000), ("1.201,5", 1201.5), ("1,201.50", 1201.5), ("0,125", 0.125),
        ("1234,567", 1234.567), ("012.345", 12.345), ("\uff11,\uff15", 1.5), (StoredNumber(1.201), 1.201),
    ],
)  # fmt: skip
def test_numbers_that_tell_themselves(text: str, number: float) -> None:
    assert Notation().read(text) == number


@pytest.mark.parametrize("text", ["", "x", "1_5", "nan", "inf", "1e999", "1,2,3", "1,201,00", "1,201.000.5", "--1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Notation().read(text)


@pytest.mark.parametrize(
    ("others", "comma", "point"),
    [
        (["12,5"], 1.201, 1201), (["12.5"], 1201, 1.201), (["1,201,000"], 1201, 1.201), (["1.201,5"], 1.201, 1201),
        (["95", "7,125"], None, None), (["12,5", "12.5"], None, None), ([StoredNumber(1.5)], None, None),
    ],
)  # fmt: skip
def test_the_other_numbers_tell_what_a_mark_before_three_digits_is(
    others: list[str], comma: float | None, point: float | None
) -> None:
    notation = Notation.of(others)
    for text, number in (("1,201", comma), ("1.201", point)):
        if number is None:
            with pytest.raises(AmbiguousNumberError):
                notation.read(text)
        else:
            assert notation.read(text) == number


@pytest.mark.parametrize("text", ["1,201", "1.201"])
def test_a_further_column_that_cannot_be_told_stays_behind(tmp_path: Path, mapping: ClinicalMapping, text: str) -> None:
    found = read(tmp_path, mapping, ("50", text), ("51", "95"))
    assert "covariate_ebv" not in found.patients
    assert found.left_columns[9].why.startswith("1 numbers such as 1,201 or 1.201, whose comma or point may")
    assert carried(read(tmp_path, mapping, ("50", "1201"), ("51", "95"))) == [1201, 95]  # as the message says


def test_the_column_tells_before_the_table(tmp_path: Path, mapping: ClinicalMapping) -> None:
    assert carried(read(tmp_path, mapping, ("50,5", "1.201"), ("51", "95"))) == [1201, 95]
    assert carried(read(tmp_path, mapping, ("50,5", "1.201"), ("51", "95.5"))) == [1.201, 95.5]
    assert carried(read(tmp_path, mapping, ("50,5", "1,201,000"), ("51", "1,201"))) == [1201000, 1201]


def test_dates_tell_nothing_of_numbers(tmp_path: Path, mapping: ClinicalMapping) -> None:
    rows = (("50", "1,201;12.05"), ("51", "95;13.05"))
    assert "covariate_ebv" not in read(tmp_path, mapping, *rows, heading="ebv;date of biopsy").patients
    assert carried(read(tmp_path, mapping, *rows, heading="ebv;dose")) == [1201, 95]


def test_an_age_that_cannot_be_told_is_a_problem(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError, match="row 2, column age: '1,234'; a number whose comma or point may part thous"):
        read(tmp_path, mapping, ("1,234", ""), ("51", ""))
    with pytest.raises(CohortError, match="row 2, column age: '1,234'; expected years between 1 and 120"):
        read(tmp_path, mapping, ("1,234", ""), ("51.5", ""))
    ages = read(tmp_path, mapping, ("45,678", ""), ("51,5", "")).patients.sort_values("table_row")["age"]
    assert ages.tolist() == [45.678, 51.5]


def test_the_numbers_of_a_workbook_are_never_ambiguous(tmp_path: Path, mapping: ClinicalMapping) -> None:
    book = openpyxl.Workbook()
    rows = [[1, "CCRT", 0, 45.678, "m", "III", "T3", "N1", 1.201], [2, "CCRT", 0, 50, "m", "III", "T3", "N1", None]]
    for row in ([*HEADING.split(";"), "ebv"], *rows):
        book.active.append(row)
    book.save(tmp_path / "clinical.xlsx")
    found = read_clinical(tmp_path / "clinical.xlsx", mapping, Pseudonyms(SIMULATED_KEY))
    assert found.patients.sort_values("table_row")["age"].tolist() == [45.678, 50]
    assert carried(found)[0] == 1.201
    assert math.isnan(carried(found)[1])
