"""Habits of spreadsheets: workbooks, encodings, dates, further columns, joined identifiers."""

import datetime
import re
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from ingest_bench import shipped_parameters
from npc_kedro.clinical.identifiers import read_aliases
from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.spreadsheet import ROUNDED, Reading, read_cells
from npc_kedro.clinical.table import read_clinical
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms, normalised_identifier
from npc_kedro.errors import CohortError

KEYS = Pseudonyms(SIMULATED_KEY)
HEADING = "patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage"


@pytest.fixture(scope="module")
def mapping() -> ClinicalMapping:
    return ClinicalMapping.model_validate(shipped_parameters()["clinical"])


def table(folder: Path, mapping: ClinicalMapping, extra: str, *cells: str) -> pd.DataFrame:
    """The table of patients 1, 2, ... with further columns ``extra``."""
    rows = [f"{n},CCRT,0,50,m,III,T3,N1,{text}" for n, text in enumerate(cells, start=1)]
    path = folder / "clinical.csv"
    path.write_text("\n".join([f"{HEADING},{extra}", *rows]), encoding="utf-8")
    return read_clinical(path, mapping, KEYS).patients.sort_values("table_row", ignore_index=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "gb18030"])
def test_bad_input_32_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    texts = {"latin-1": "M\u00fcller;caf\u00e9", "gb18030": "\u738b\u82b3;\u9f3b\u54bd"}
    text = texts.get(encoding, "\u738b\u82b3;\u00e9")
    (tmp_path / "t.csv").write_bytes(f"a;b\n{text}\n".encode(encoding))
    assert read_cells(tmp_path / "t.csv").iloc[0].tolist() == text.split(";")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize(
    "text", ["Gr\u00f6\u00dfe;x", "x;F\u00fc\u00dfe Gr\u00f6\u00dfe", "re\u00e7\u00fb;M\u00fc\u00df"]
)
def test_two_western_letters_in_a_row_are_not_chinese(tmp_path: Path, encoding: str, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"a;b\n{text}\n".encode(encoding))
    assert read_cells(tmp_path / "t.csv").iloc[0].tolist() == text.split(";")


@pytest.mark.parametrize("text", ["\u738b;x", "T\u5206\u671f;x", "\u6dfc\u946b;KPS", "T\u6dfc;\u5e74\u9f84"])
def test_a_little_chinese_is_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"a;b\n{text}\n".encode("gb18030"))
    assert read_cells(tmp_path / "t.csv").iloc[0].tolist() == text.split(";")


@pytest.mark.parametrize("end", ["\x1a", "\x1a\n", "\n\x1a\r\n"])
def test_the_sign_by_which_dos_ended_files_is_no_row(tmp_path: Path, end: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"a;b\n1;2{end}".encode())
    assert read_cells(tmp_path / "t.csv").values.tolist() == [["1", "2"]]


def test_bad_input_32_a_workbook_with_a_title_dates_and_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Cohort of 2020"])
    book.active.append(["patient_id", "age", "treatment_start"])
    book.active.append([123.0, 50.5, datetime.datetime(2020, 3, 5)])
    book.save(tmp_path / "clinical.xlsx")
    cells = read_cells(tmp_path / "clinical.xlsx", Reading(headings=("patient_id", "age")))
    assert cells.to_dict("index") == {3: {"patient_id": "123", "age": "50.5", "treatment_start": "2020-03-05"}}


@pytest.mark.parametrize(
    ("sheet", "cells"), [(2, ["8"]), ("2", ["8"]), (2018.1, ["9"]), ("table", ["7"]), (1, ["7"]), (7, ["8"])]
)
def test_a_sheet_goes_by_its_name_or_number(
    tmp_path: Path, mapping: ClinicalMapping, sheet: object, cells: list[str]
) -> None:
    given = ClinicalMapping.model_validate(mapping.model_dump() | {"sheet": sheet})
    book = openpyxl.Workbook()
    for name, cell in (("table", "7"), ("7", "8"), ("2018.1", "9")):
        book.create_sheet(name).append(["patient_id"])
        book[name].append([cell])
    del book["Sheet"]
    book.save(tmp_path / "t.xlsx")
    assert read_cells(tmp_path / "t.xlsx", Reading(sheet=given.sheet))["patient_id"].tolist() == cells


@pytest.mark.parametrize("stray", ["L1048576", "XFD9"])
def test_a_formatted_cell_far_away_costs_nothing(tmp_path: Path, stray: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"], book.active["A3"] = "a", "b", 7
    book.active[stray].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "t.xlsx")
    started = time.monotonic()
    assert read_cells(tmp_path / "t.xlsx").to_dict("index") == {3: {"a": "7", "b": ""}}
    assert time.monotonic() - started < 30  # the whole rectangle takes minutes


@pytest.mark.parametrize("number", [110101199001011000, 1.10101199001011e17, 1234567890123456])
def test_an_identifier_that_excel_has_rounded_is_named(tmp_path: Path, mapping: ClinicalMapping, number: float) -> None:
    book = openpyxl.Workbook()
    for row in (HEADING.split(","), [number, "CCRT", 0, 50, "m", "III", "T3", "N1"], [number, "CCRT"]):
        book.active.append(row)
    book.save(tmp_path / "clinical.xlsx")
    with pytest.raises(CohortError) as caught:
        read_clinical(tmp_path / "clinical.xlsx", mapping, KEYS)
    assert [text.split(" (")[0] for text in str(caught.value).split("\n- ")[1:]] == [
        f"row {row}, column patient_id: a number that a spreadsheet has rounded" for row in (2, 3)
    ]
    book.active["A2"], book.active["A3"] = 123456789012345, "110101199001011234"
    book.save(tmp_path / "clinical.xlsx")
    found = read_clinical(tmp_path / "clinical.xlsx", mapping, KEYS)
    assert sorted(found.identifiers.values()) == ["110101199001011234", "123456789012345"]


def workbook(path: Path, *rows: list[object]) -> openpyxl.Workbook:
    """Saves a clinical table with further columns."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return book


def patient(number: int, *more: object) -> list[object]:
    return [number, "CCRT", 0, 50, "m", "III", "T3", "N1", *more]


def test_a_formula_that_nothing_has_computed_is_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"], book.active["A3"], book.active["B3"] = "a", "b", 7, "=A3+1"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(CohortError, match="the formulas in B3 have no stored value; open the file in Excel and save"):
        read_cells(tmp_path / "t.xlsx")
    assert read_cells(tmp_path / "t.xlsx", Reading(headings=("a",)))["a"].tolist() == ["7"]


def test_formulas_count_where_a_column_does_and_hide_nothing(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    heading = [*HEADING.split(","), "remark", "KPS"]
    workbook(path, heading, patient(1, '=HYPERLINK("x")', 90), patient(2, None, 80))
    assert read_clinical(path, mapping, KEYS).patients["covariate_kps"].tolist() == [90, 80]
    wrong = [3, "CCRT", 0, "=1+1", "m", "III", "T9", "N1", "=1", "=2"]
    workbook(path, heading, wrong, [*patient(4)[:3], "=2+2", *patient(4)[4:]])
    with pytest.raises(CohortError) as caught:
        read_clinical(path, mapping, KEYS)
    end = "no stored value; open the file in Excel and save it there"
    assert str(caught.value).split("\n- ")[1:] == [
        f"column age: the formulas in D2, D3 have {end}",
        f"column J: the formulas in J2 have {end}",
        "row 2, column t_stage: 'T9'; expected one of T1, T2, T3, T4",
    ]


def test_merged_cells_are_named(tmp_path: Path, mapping: ClinicalMapping) -> None:
    """Excel keeps the first cell's content alone: the other patients would be without an arm."""
    path = tmp_path / "clinical.xlsx"
    book = workbook(path, ["Cohort of 2020"], HEADING.split(","), *(patient(number) for number in (1, 2, 3, 4)))
    book.active.merge_cells("A1:H1")  # a title
    book.active.merge_cells("B3:B5")
    book.save(path)
    with pytest.raises(
        CohortError, match="column arm: B3:B5 are merged cells, of which the file keeps the first alone"
    ):
        read_clinical(path, mapping, KEYS)
    book.active.unmerge_cells("B3:B5")
    for row in (4, 5):
        book.active.cell(row, 2).value = "CCRT"
    book.save(path)
    assert len(read_clinical(path, mapping, KEYS).patients) == 4


def test_identifiers_that_differ_in_zeros_alone_are_one_and_the_message_says_so(
    tmp_path: Path, mapping: ClinicalMapping
) -> None:
    path = tmp_path / "clinical.csv"
    path.write_text(f"{HEADING}\n0123,CCRT,0,50,m,III,T3,N1\n123,IC+CCRT,1,60,f,III,T3,N1\n", encoding="utf-8")
    with pytest.raises(CohortError, match="If they are two people, give each an identifier that differs in more"):
        read_clinical(path, mapping, KEYS)


@pytest.mark.parametrize("heading", ["KPS 13812345678", "KPS_Zhang San 2019-03-04", "KPS 4.3.19"])
def test_bad_input_25_a_heading_with_a_telephone_number_or_a_date_stays_behind(
    tmp_path: Path, mapping: ClinicalMapping, heading: str
) -> None:
    assert not any("kps" in name for name in table(tmp_path, mapping, heading, "80", "90"))
    assert "covariate_kps_week_12" in table(tmp_path, mapping, "KPS week 12", "80", "90")


def test_bad_input_32_headings_of_an_encoding_that_was_guessed_wrongly(
    tmp_path: Path, mapping: ClinicalMapping
) -> None:
    path = tmp_path / "clinical.csv"
    text = f"{HEADING}\n1,CCRT,0,50,m,III,T3,N1\n".replace("age", "\u5e74\u9f62")
    path.write_bytes(text.encode("shift_jis"))
    with pytest.raises(CohortError, match=r"name the file's encoding in ingest\.clinical\.encoding"):
        read_clinical(path, mapping, KEYS)


def test_a_formula_that_gives_an_empty_text_is_an_empty_cell(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    workbook(path, [*HEADING.split(","), "kps"], patient(1, 80), patient(2, '=IF(A9="","",80)'))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    stored = re.sub(r'<c r="I3"[^>]*>(<f>.*?</f>)<v ?/?>(</v>)?</c>', r'<c r="I3" t="str">\1<v></v></c>', sheet)
    assert stored != sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"xl/worksheets/sheet1.xml": stored.encode()}).items():
            archive.writestr(name, content)
    found = read_clinical(path, mapping, KEYS).patients.sort_values("table_row")["covariate_kps"]
    assert found.iloc[0] == 80
    assert pd.isna(found.iloc[1])


def test_a_remark_beside_a_workbooks_table_is_named_by_its_cell(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    workbook(path, HEADING.split(","), patient(1), patient(2, None, "Jane Doe"), [3, "CRTT", *patient(3)[2:]])
    with pytest.raises(CohortError) as caught:
        read_clinical(path, mapping, KEYS)
    assert str(caught.value).split("\n- ")[1:] == [
        "row 3: content outside the table, in J, without a heading; give it a heading, or clear it",
        "row 4, column arm: 'CRTT'; expected one of CCRT, IC+CCRT",
    ]
    workbook(path, [*HEADING.split(","), None, "remark"], patient(1), patient(2, None, "Jane Doe"))  # as it says
    assert len(read_clinical(path, mapping, KEYS).patients) == 2


def test_hidden_rows_are_known(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    book = workbook(path, HEADING.split(","), patient(1), patient(2), patient(3))
    book.active.row_dimensions[3].hidden = book.active.row_dimensions[9].hidden = True
    book.save(path)
    found = read_clinical(path, mapping, KEYS)
    assert len(found.patients) == 3
    assert found.hidden_rows == (3,)


def test_hidden_columns_are_known_where_they_are_read(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    book = workbook(path, [*HEADING.split(","), "KPS"], patient(1, 90), patient(2, 80))
    for letter in ("F", "I"):
        book.active.column_dimensions[letter].hidden = True
    book.save(path)
    assert read_clinical(path, mapping, KEYS).hidden_columns == ("ajcc_stage",)


def test_cells_merged_across_columns_are_told_once(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.xlsx"
    book = workbook(path, HEADING.split(","), patient(1), patient(2))
    book.active.merge_cells("B3:H3")
    book.save(path)
    with pytest.raises(CohortError) as caught:
        read_clinical(path, mapping, KEYS)
    assert str(caught.value).count("B3:H3 are merged cells") == 1


def test_side_tables_are_not_sent_to_settings_that_are_not_theirs(tmp_path: Path) -> None:
    book = workbook(tmp_path / "book.xlsx", ["identifier", "patient_id"], ["1", "2"])
    book.create_sheet("second").append(["x"])
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "book.xlsx").rename(tmp_path / "identifiers.csv")
    with pytest.raises(CohortError, match=r"sheets 1, 2 have content; keep one of them$"):
        read_aliases(tmp_path / "identifiers.csv")
    (tmp_path / "identifiers.csv").write_bytes("identifier,patient_id\n1,2\n".encode("utf-16-le"))
    with pytest.raises(CohortError, match=r"save it as 'CSV UTF-8'$"):
        read_aliases(tmp_path / "identifiers.csv")


def test_two_rows_that_the_aliases_join_are_told_as_such(tmp_path: Path, mapping: ClinicalMapping) -> None:
    (tmp_path / "clinical.csv").write_text(f"{HEADING}\nP1,CCRT,0,50,m,III,T3,N1\nP2,CCRT,0,50,m,III,T3,N1\n")
    joined = Pseudonyms(SIMULATED_KEY, aliases={normalised_identifier("P2"): normalised_identifier("P1")})
    with pytest.raises(CohortError, match=r"identifiers.csv says that both identifiers are one patient's"):
        read_clinical(tmp_path / "clinical.csv", mapping, joined)


def test_a_sheet_of_blanks_is_empty(tmp_path: Path) -> None:
    book = workbook(tmp_path / "t.xlsx", ["a"], [1])
    book.create_sheet("second")["C3"] = "  "
    book.save(tmp_path / "t.xlsx")
    assert read_cells(tmp_path / "t.xlsx")["a"].tolist() == ["1"]


def test_a_workbook_that_counts_from_1904(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path, day = tmp_path / "clinical.xlsx", datetime.date(2018, 3, 5)
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    number = (day - datetime.date(1904, 1, 1)).days
    for row in ([*HEADING.split(","), "treatment_start"], patient(1, day), patient(2, number)):
        book.active.append(row)
    book.save(path)
    found = read_clinical(path, mapping, KEYS).patients.set_index("patient_key")["treatment_start_day"]
    for identifier in ("1", "2"):
        key = KEYS.patient(identifier)
        assert found[key] == KEYS.shifted_day(key, day)


def test_a_workbook_that_is_encrypted_or_old(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(CohortError, match=r"Excel 97-2003, or one that a password protects; save it as .xlsx without"):
        read_cells(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a,b\n1,"x, ""y""\nz"\n', [["1", 'x, "y"\nz']]),
        ('a;b\r\n"1" ; "x;y"\r\n2;5" wide', [["1", "x;y"], ["2", '5" wide']]),
        ('"a"\t"b"\r1\t\r\r2\t""', [["1", ""], ["2", ""]]),
    ],
)
def test_quoted_cells_may_hold_separators_and_line_ends(tmp_path: Path, text: str, cells: list[list[str]]) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    assert read_cells(tmp_path / "t.csv").values.tolist() == cells


def test_cells_may_be_of_any_length(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n1,{'x' * 200_000}\n")
    assert read_cells(tmp_path / "t.csv").iloc[0].str.len().tolist() == [1, 200_000]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("title", ["", "Cohort; of, Zurich, Bern, Basel, Geneva; Lausanne; Lugano | 2020 | final\n"])
def test_the_known_headings_tell_the_separator(tmp_path: Path, separator: str, title: str) -> None:
    heading = separator.join(["patient_id", "Age", '"Sex"', "remark"])
    row = separator.join(["1", "50", "m", '"no trismus, no pain; a, b, c | d | e | f; g; h"'])
    (tmp_path / "t.csv").write_text(f"{title}{heading}\n{row}\n")
    cells = read_cells(tmp_path / "t.csv", Reading(headings=("patient_id", "age", "sex")))
    assert cells.columns.tolist() == ["patient_id", "Age", "Sex", "remark"]
    assert len(cells) == 1


def test_commas_in_remarks_are_no_separators(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"patient_id;age;remark\n1;50;{', '.join('abcdefgh')}\n")
    cells = read_cells(tmp_path / "t.csv", Reading(headings=("patient_id", "age")))
    assert cells.iloc[0].tolist() == ["1", "50", "a, b, c, d, e, f, g, h"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_excels_hint_names_the_separator(tmp_path: Path, end: str) -> None:
    (tmp_path / "t.csv").write_bytes(end.join(["sep=;", "a;b,c", "1;2,3", ""]).encode())
    assert read_cells(tmp_path / "t.csv").to_dict("index") == {3: {"a": "1", "b,c": "2,3"}}
    (tmp_path / "t.csv").write_bytes(f"sep=;{end}".encode())
    with pytest.raises(CohortError, match="is empty"):
        read_cells(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("sep=;")
    with pytest.raises(CohortError, match="is empty"):
        read_cells(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "text",
    [
        'a,b,c\n"1\n\n",x,y\n2,x,"open\n3,x,y\n4,x,y\n',
        'a,b,c\n1,x,y\n2,x,"open\n3,x,y\n4,x,"open\n',
        'a,b,c\n1,x,y\n2,x,"open\n3,x,y\n4,x,shut"\n',
        'a,b,c\n1,x,y\n2,x,"shut" and more\n3,x,y\n',
    ],
)
def test_a_quote_left_open_swallows_no_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(CohortError, match=r"t\.csv, row 3: the quote that opens cell 3 is not closed .* close it or"):
        read_cells(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2020-03-20,2020-02-20"], "row 2, column treatment_end: 29 days before treatment_start; correct one"),
        (["2020-03-01,2020-01-04"], "day and month of treatment_end look swapped"),
        (["2020-13-01,"], "row 2, column treatment_start: the month is above 12: day and month are swapped"),
        (
            ["03/04/2020,"],
            "column treatment_start: rows 2 can be day/month or month/day; set ingest.clinical.date_order",
        ),
        (["25/04/2020,", "26/04/2020,", "04/25/2020,"], "row 4, column treatment_start: day and month are swapped"),
        (["soon,"], "row 2, column treatment_start: not a date"),
    ],
)
def test_bad_input_32_dates(tmp_path: Path, mapping: ClinicalMapping, cells: list[str], message: str) -> None:
    with pytest.raises(CohortError) as caught:
        table(tmp_path, mapping, "treatment_start,treatment_end", *cells)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("treatment_start", "2018", "a year alone, not a date"), ("birth_date", "1957", "a year alone, not a date"),
        ("treatment_start", "2018.0", "a year alone, not a date"),
        ("treatment_start", "18263", "a number that is no date; read as a spreadsheet's day it is not of 1950 to 2099"),
        ("treatment_start", "73051", "a number that is no date"), ("birth_date", "9999", "a number that is no date"),
        ("treatment_start", "201803", "a number that is no date"), ("treatment_start", "0", "a number that is no date"),
        ("treatment_start", "19/03/19", "a year of two digits"), ("birth_date", "3-Mar-57", "a year of two digits"),
        ("treatment_start", "1900-01-01", "the first day that a database"),
        ("birth_date", "01/01/1900", "the first day that a database"),
        ("birth_date", "30.12.1899 00:00:00", "the first day that a database"),
        ("response_date", "12/31/1899", "the first day that a database"),
    ],
)  # fmt: skip
def test_a_year_or_another_number_is_no_date(
    tmp_path: Path, mapping: ClinicalMapping, column: str, cell: str, told: str
) -> None:
    with pytest.raises(CohortError, match=r"has 1 problems") as caught:
        table(tmp_path, mapping, column, cell, "")
    assert f"row 2, column {column}: {told}" in str(caught.value)
    assert f"'{cell}'" not in str(caught.value)


@pytest.mark.parametrize("cell", ["2018-03-05T23:30:00Z", "2018-03-05 01:30:00.25+08:00", "20180305.0", "20180305,0"])
def test_days_as_databases_write_them(tmp_path: Path, mapping: ClinicalMapping, cell: str) -> None:
    found = table(tmp_path, mapping, "treatment_start", f'"{cell}"')["treatment_start_day"]
    assert found[0] == KEYS.shifted_day(KEYS.patient("1"), datetime.date(2018, 3, 5))


def test_days_as_a_spreadsheet_counts_them(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = table(tmp_path, mapping, "birth_date,treatment_start", "24800,43164.0")["treatment_start_day"]
    assert found[0] == KEYS.shifted_day(KEYS.patient("1"), datetime.date(2018, 3, 5))


def test_treatment_starts_keep_their_distances_from_studies(tmp_path: Path, mapping: ClinicalMapping) -> None:
    days = table(tmp_path, mapping, "treatment_start", "25/04/2020", "04/05/2020", "")["treatment_start_day"]
    assert days[0] == KEYS.shifted_day(KEYS.patient("1"), datetime.date(2020, 4, 25))
    assert days[1] == KEYS.shifted_day(KEYS.patient("2"), datetime.date(2020, 5, 4))
    assert pd.isna(days[2])


def test_covariates_come_along_and_nothing_identifying(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = table(
        tmp_path, mapping, "ebv dna,Regimen,Patient name,Phone,code,remark,physician",
        "1200,TP,Jane Doe,5551,834211,x,Li", "35,GP,Ann Roe,5552,834212,y,Li",
        "NA,TP,Eve Poe,5553,834213,z,Wu", "7,GP,Sue Loe,5554,834214,w,Wu",
    )  # fmt: skip
    carried = [column for column in found if column.startswith("covariate_")]
    assert carried == ["covariate_ebv_dna", "covariate_regimen"]
    assert found["covariate_ebv_dna"].tolist()[:2] == [1200.0, 35.0]
    assert found["covariate_regimen"].tolist() == ["TP", "GP", "TP", "GP"]


SEQUENCE = [str(99_995 + place) for place in range(12)]


def carried(folder: Path, mapping: ClinicalMapping, heading: str, cells: list[str]) -> bool:
    found = table(folder, mapping, heading, *cells)
    return any(column.startswith("covariate_") for column in found)


@pytest.mark.parametrize(
    "heading",
    [
        "inpatient_no", "MRI_no", "registration_no", "film_number", "admission no", "Fallnummer", "fallnr", "chart",
        "PatientenNr", "patientid2", "MRNs", "IPP", "NIP", "Case #", "Handy", "Geburtsdatum", "geboren", "born",
        "\u5916\u9662\u53f7", "\u5f71\u50cf\u53f7", "\u653e\u5c04\u53f7", "\u75c5\u6848", "\u767b\u8bb0\u53f7",
        "\u624b\u672f\u8005", "\u4e3b\u6cbb", "consultant", "Hausarzt", "village",
    ],
)  # fmt: skip
def test_headings_that_tell_of_people_stay_behind(tmp_path: Path, mapping: ClinicalMapping, heading: str) -> None:
    assert not carried(tmp_path, mapping, heading, ["12", "7"] * 6)


@pytest.mark.parametrize(
    "heading",
    ["Toxicity", "SNR", "smoking yes/no", "number of cycles", "thyroid_dose", "T2\u4fe1\u53f7", "GP_cycles", "KPS"],
)
def test_other_headings_come_along(tmp_path: Path, mapping: ClinicalMapping, heading: str) -> None:
    assert carried(tmp_path, mapping, heading, ["12", "7"] * 6)


@pytest.mark.parametrize(
    "cells",
    [
        SEQUENCE,
        ["13800138000", "5551234"] * 6,
        ["0"] * 8 + ["55512340"] * 4,
        ["1"] * 11 + ["5551234000"],
        [f"{number}.0" for number in SEQUENCE],
        ["19570312"] * 12,
        ["1957", "1961", "1957"] * 4,
        ["Achieva", "Skyra"] * 6,
    ],
)
def test_values_that_may_tell_of_people_stay_behind_unless_they_are_allowed(
    tmp_path: Path, mapping: ClinicalMapping, cells: list[str]
) -> None:
    assert not carried(tmp_path, mapping, "value", cells)
    rules = mapping.covariates.model_copy(update={"allow": ("Value",)})
    assert carried(tmp_path, mapping.model_copy(update={"covariates": rules}), "value", cells)


def test_long_numbers_of_a_known_kind_come_along(tmp_path: Path, mapping: ClinicalMapping) -> None:
    assert carried(tmp_path, mapping, "EBV-DNA", SEQUENCE)
    assert table(tmp_path, mapping, "EBV-DNA", "1.5e4", "2.5")["covariate_ebv_dna"].tolist() == [15000, 2.5]
    assert carried(tmp_path, mapping, "\u5206\u5316", ["\u9ad8\u5206\u5316", "\u4f4e\u5206\u5316"] * 6)


def test_what_is_allowed_never_holds_identifiers(tmp_path: Path, mapping: ClinicalMapping) -> None:
    rules = mapping.covariates.model_copy(update={"allow": ("value", "name")})
    allowed = mapping.model_copy(update={"covariates": rules})
    assert not carried(tmp_path, allowed, "value", [str(number) for number in range(1, 13)])
    path = tmp_path / "clinical.csv"
    rows = [f"HOSP{n},CCRT,0,50,m,III,T3,N1,HOSP{n % 2}" for n in range(8)]
    path.write_text("\n".join([f"{HEADING},value", *rows]))
    found = read_clinical(path, allowed, KEYS)
    assert found.left_columns[9].why == "holds identifiers or names"


@pytest.mark.parametrize("written", ['="00123"', '"=""00123"""', '= "123"', "123,0", "\u202d123\u202c", "12\u200b3"])
def test_one_identifier_however_a_spreadsheet_keeps_it(tmp_path: Path, mapping: ClinicalMapping, written: str) -> None:
    (tmp_path / "clinical.csv").write_text(f"{HEADING.replace(',', ';')}\n{written};CCRT;0;50;m;III;T3;N1\n", "utf-8")
    found = read_clinical(tmp_path / "clinical.csv", mapping, KEYS)
    assert found.patients["patient_key"].tolist() == [KEYS.patient("123")]
    (tmp_path / "identifiers.csv").write_text(f"identifier;patient_id\nMR-9;{written}\n", "utf-8")
    assert read_aliases(tmp_path / "identifiers.csv") == {"MR-9": "123"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [("5E12", True), ("2e05", True), ("5E+12", False), ("1.2E12", False), ("1,23457E+11", False), ("1.2E+11", False)],
)
def test_an_e_makes_no_rounded_number(tmp_path: Path, mapping: ClinicalMapping, written: str, kept: bool) -> None:
    (tmp_path / "clinical.csv").write_text(f"{HEADING.replace(',', ';')}\n{written};CCRT;0;50;m;III;T3;N1\n", "utf-8")
    if kept:
        assert list(read_clinical(tmp_path / "clinical.csv", mapping, KEYS).identifiers.values()) == [written]
    else:
        with pytest.raises(CohortError, match="row 2, column patient_id: a number that a spreadsheet has rounded"):
            read_clinical(tmp_path / "clinical.csv", mapping, KEYS)


def test_a_slipped_row_shows_no_name(tmp_path: Path, mapping: ClinicalMapping) -> None:
    path = tmp_path / "clinical.csv"
    path.write_text(f"{HEADING}\n9,Doe Jane,CCRT,0,50,m,III,T3\n")
    with pytest.raises(CohortError, match="has the row slipped by a column") as caught:
        read_clinical(path, mapping, KEYS)
    assert "Doe" not in str(caught.value)


def test_bad_input_23_joined_identifiers_and_their_contradictions(tmp_path: Path) -> None:
    path = tmp_path / "identifiers.csv"
    assert read_aliases(path) == {}
    path.write_text("identifier,patient_id\nMR-9,00123\n 77.0 ,123\n")
    assert read_aliases(path) == {"MR-9": "123", "77": "123"}
    path.write_text("identifier,patient_id\nSECRET,1\nSECRET,2\n,3\n1,4\n1.2E+11,5\n")
    with pytest.raises(CohortError) as caught:
        read_aliases(path)
    assert str(caught.value).splitlines()[1:] == [
        "- row 2: this patient_id itself leads to another, in row 5; name the last one",
        "- row 3: this identifier belongs to another patient_id already, in row 2",
        "- row 4: identifier is empty",
        f"- row 6: identifier is {ROUNDED}",
    ]
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "stops"),
    [
        (["2020-03-04", "2020-05-06", "2020-07-08", "25/04/2020"], True),  # one is enough beside three
        (["2020-03-04", "2020-05-06", "2020-07-08", "25/04/2020", "03/04/2020"], True),  # some stayed text by hand
        (["2020-03-04", "2020-05-06", "25/04/2020", "26/04/2020"], True),
        (["2020-03-04", "2020-05-06", "25/04/2020"], False),
        (["2020-03-14", "2020-05-06", "2020-07-08", "25/04/2020"], False),
    ],
)
def test_dates_that_a_spreadsheet_has_swapped_stop_the_run(
    tmp_path: Path, mapping: ClinicalMapping, cells: list[str], stops: bool
) -> None:
    if not stops:
        assert table(tmp_path, mapping, "treatment_start", *cells)["treatment_start_day"].notna().all()
        return
    with pytest.raises(CohortError, match="a spreadsheet has swapped day and month of the latter; restore the column"):
        table(tmp_path, mapping, "treatment_start", *cells)


@pytest.mark.parametrize(
    "cell",
    [
        "25. 12. 2019", "25.12.2019.", "2019. 12. 25.", "Dec 25, 2019", "December 25 2019", "25 Dec. 2019",
        "25-DEC-2019", "Dec. 25, 2019", "25. December 2019", "12/25/2019 12:00:00 AM", "25/12/2019 0:00",
        "25 decembre 2019", "2019-12-25 12:00 pm", "2019年12月25日", "2019 / 12 / 25",
    ],
)  # fmt: skip
def test_days_as_people_write_them(tmp_path: Path, mapping: ClinicalMapping, cell: str) -> None:
    found = table(tmp_path, mapping, "treatment_start", f'"{cell}"')["treatment_start_day"]
    assert found[0] == KEYS.shifted_day(KEYS.patient("1"), datetime.date(2019, 12, 25))


@pytest.mark.parametrize("cell", ["25. marraskuuta 2019", "25 Marzec 2019", "Marras 25, 2019", "25 Mayday 2019"])
def test_a_word_that_only_begins_like_a_month_is_none(tmp_path: Path, mapping: ClinicalMapping, cell: str) -> None:
    with pytest.raises(CohortError, match="row 2, column treatment_start: not a date; expected year-month-day"):
        table(tmp_path, mapping, "treatment_start", f'"{cell}"')
