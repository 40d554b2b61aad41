"""Marks that mean that nothing is known in one column and are a value in another."""

from pathlib import Path

import pandas as pd
import pytest

from ingest_bench import shipped_parameters
from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.table import read_clinical
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms
from npc_kedro.errors import CohortError

HEADING = "patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage,alcohol"


@pytest.fixture(scope="module")
def mapping() -> ClinicalMapping:
    return ClinicalMapping.model_validate(shipped_parameters()["clinical"])


def read(folder: Path, mapping: ClinicalMapping, residual: list[str], **columns: list[str]) -> pd.DataFrame:
    """The table of patients 1, 2, ...; ``columns`` may give each patient's age and alcohol."""
    given = {name: columns.get(name, [usual] * len(residual)) for name, usual in (("age", "50"), ("alcohol", ""))}
    rows = [
        f"{number},CCRT,{one},{age},m,III,T3,N1,{alcohol}"
        for number, (one, age, alcohol) in enumerate(zip(residual, given["age"], given["alcohol"], strict=True), 1)
    ]
    (folder / "clinical.csv").write_text("\n".join([HEADING, *rows]), encoding="utf-8")
    found = read_clinical(folder / "clinical.csv", mapping, Pseudonyms(SIMULATED_KEY)).patients
    return found.sort_values("table_row", ignore_index=True)


@pytest.mark.parametrize(
    ("residual", "columns"),
    [
        (["1", "0", "None"], {}),
        (["residual", "no residual", "none"], {}),
        (["none", "None", "NONE"], {}),
        (["residual", "RT", "none"], {"age": ["50", "None", "50"]}),
        (["residual", "RT", "none"], {"alcohol": ["3", "none", "2"]}),
    ],
)
def test_none_that_may_be_no_tumour_or_missing_is_asked_about(
    tmp_path: Path, mapping: ClinicalMapping, residual: list[str], columns: dict
) -> None:
    with pytest.raises(CohortError, match=r"row 4, column residual_tumor: none \(no residual tumour, or missing\?\)"):
        read(tmp_path, mapping, residual, **columns)


@pytest.mark.parametrize("alcohol", [["none", "heavy", "never"], ["", "", ""]])
def test_none_beside_words_of_a_tumour_is_no_tumour(
    tmp_path: Path, mapping: ClinicalMapping, alcohol: list[str]
) -> None:
    found = read(tmp_path, mapping, ["residual", "none", "RT"], alcohol=alcohol)
    assert found["residual_tumor"].tolist() == ["1", "0", "1"]


def test_none_is_a_value_where_the_user_does_not_count_it_as_missing(tmp_path: Path, mapping: ClinicalMapping) -> None:
    anew = mapping.model_copy(update={"missing": ("NA",)})
    assert read(tmp_path, anew, ["1", "none", "NA"])["residual_tumor"].fillna("").tolist() == ["1", "0", ""]


def test_a_minus_beside_a_plus_is_a_value(tmp_path: Path, mapping: ClinicalMapping) -> None:
    cells = ["+", "-", "++", "\u2212", "", "NA", "-", "+"]
    found = read(tmp_path, mapping, ["0"] * 8, alcohol=cells)["covariate_alcohol"]
    assert found.fillna("").tolist() == ["+", "-", "++", "-", "", "", "-", "+"]
    found = read(tmp_path, mapping, ["0"] * 5, alcohol=["yes", "-", "no", "yes", "no"])["covariate_alcohol"]
    assert found.fillna("").tolist() == ["yes", "", "no", "yes", "no"]


def test_none_in_a_column_of_words_is_a_value(tmp_path: Path, mapping: ClinicalMapping) -> None:
    cells = ["heavy", "none", "NA", "heavy", "none", "none"]
    found = read(tmp_path, mapping, ["0"] * 6, alcohol=cells)["covariate_alcohol"]
    assert found.fillna("").tolist() == ["heavy", "none", "", "heavy", "none", "none"]
    found = read(tmp_path, mapping, ["0"] * 4, alcohol=["2", "none", "3", "2"])["covariate_alcohol"]
    assert found.dropna().tolist() == [2, 3, 2]
    found = read(tmp_path, mapping, ["0"] * 6, alcohol=cells, age=["50"] * 5 + ["None"])["covariate_alcohol"]
    assert found.fillna("").tolist() == ["heavy", "", "", "heavy", "", ""]


@pytest.mark.parametrize(
    "mark",
    ["n.a.", "N.A.", "n. a.", "N.A", "\uff2e/\uff21", "\u2013", "\u2212", "\u2014\u2014", "\uff1f", "Unknown.", "#n/a"],
)
def test_marks_of_what_is_missing_in_other_spellings(mapping: ClinicalMapping, mark: str) -> None:
    assert mapping.is_missing(mark)


@pytest.mark.parametrize("text", [".", "9.9", "+", "na1", "-1", "/", "0"])
def test_other_texts_are_not_missing(mapping: ClinicalMapping, text: str) -> None:
    assert not mapping.is_missing(text)
    assert not mapping.model_copy(update={"missing": ("99", "n.d.")}).is_missing(text)
