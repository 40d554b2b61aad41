"""The clinical table in the spellings, encodings and states in which hospitals keep it."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf
from pydantic import ValidationError

from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.table import ClinicalTable, read_clinical
from npc_kedro.dicom.pseudonyms import Pseudonyms
from npc_kedro.errors import CohortError

SHIPPED = Path(__file__).parents[2] / "conf/base/ingest/parameters.yml"
KEYS = Pseudonyms(b"k" * 16)
HEADING = "patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage"


@pytest.fixture(scope="module")
def written() -> dict:
    return OmegaConf.to_container(OmegaConf.load(SHIPPED)["ingest"]["clinical"], resolve=True)  # type: ignore


@pytest.fixture(scope="module")
def mapping(written: dict) -> ClinicalMapping:
    return ClinicalMapping.model_validate(written)


def read(folder: Path, mapping: ClinicalMapping, *lines: str, encoding: str = "utf-8") -> ClinicalTable:
    path = folder / "clinical.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return read_clinical(path, mapping, KEYS)


def test_a_plain_table(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = read(tmp_path, mapping, HEADING, "7,CCRT,1,50,male,III,T3,N1", "8,IC+CCRT,0,61.5,female,IVa,T4,N0")
    rows = found.patients.set_index("patient_key")
    assert rows.loc[KEYS.patient("7")].tolist()[:10] == ["CCRT", "1", "male", "III", "T3", "N1", 50.0, "", "", False]
    assert rows.loc[KEYS.patient("8"), "arm":"n_stage"].tolist() == ["IC+CCRT", "0", "female", "IVa", "T4", "N0"]
    assert rows.loc[KEYS.patient("8"), "age"] == 61.5
    assert found.identifiers == {KEYS.patient("7"): "7", KEYS.patient("8"): "8"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_32_separators_encodings_and_foreign_headings(
    tmp_path: Path, mapping: ClinicalMapping, separator: str, encoding: str
) -> None:
    names = ["\u75c5\u4eba\u7f16\u53f7", "\u6cbb\u7597\u65b9\u6848", "\u6b8b\u7559", "\u5e74\u9f84", "\u6027\u522b"]
    heading = ",".join([*names, "\u4e34\u5e8a\u5206\u671f", "T\u5206\u671f", "N\u5206\u671f", "\u59d3\u540d"])
    line = "1,CCRT,\u6709,50,\u5973,III,3,2,\u738b\u82b3"
    found = read(tmp_path, mapping, *(text.replace(",", separator) for text in (heading, line)), encoding=encoding)
    row = found.patients.loc[0]
    assert row[["residual_tumor", "sex", "t_stage", "n_stage"]].tolist() == ["1", "female", "T3", "N2"]
    assert "\u738b\u82b3" not in found.patients.to_csv()


@pytest.mark.parametrize("spelling", ["IC+CCRT", "ic + ccrt", "IC-CCRT", "IC CCRT", "Induction chemotherapy + CCRT"])
def test_32_the_arm_spelt_five_ways(tmp_path: Path, mapping: ClinicalMapping, spelling: str) -> None:
    assert read(tmp_path, mapping, HEADING, f"1,{spelling},0,50,F,iva,4,0").patients.loc[0, "arm"] == "IC+CCRT"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("residual_tumor", "-1"), ("residual_tumor", "\u22121"), ("residual_tumor", "RT-"), ("residual_tumor", ".1"),
        ("t_stage", "-1"), ("t_stage", "T -1"), ("t_stage", "1-"), ("n_stage", "\u20131"), ("n_stage", "N1-"),
        ("ajcc_stage", "I-II"), ("ajcc_stage", "I \u2013 II"), ("ajcc_stage", "I II"), ("ajcc_stage", "I-V"),
        ("ajcc_stage", "\u2160\u2161"), ("ajcc_stage", "I\u2161"), ("ajcc_stage", "\u2160II"),
    ],
)  # fmt: skip
def test_a_sign_or_a_range_is_no_spelling(tmp_path: Path, mapping: ClinicalMapping, column: str, cell: str) -> None:
    cells = dict(zip(HEADING.split(","), ["1", "CCRT", "0", "50", "male", "III", "T3", "N1"], strict=True))
    with pytest.raises(CohortError, match=f"row 2, column {column}: .*expected one of"):
        read(tmp_path, mapping, HEADING, ",".join((cells | {column: cell}).values()))


def test_dashes_inside_a_word_do_not_matter(tmp_path: Path, mapping: ClinicalMapping) -> None:
    row = read(tmp_path, mapping, HEADING, "1,IC\u2212CCRT,no-residual,50,m.,IV - a,T-3,N_2").patients.loc[0]
    assert row["arm":"n_stage"].tolist() == ["IC+CCRT", "0", "male", "IVa", "T3", "N2"]


@pytest.mark.parametrize("spelling", ["", "NA", "-", "n/a", "Unknown"])
@pytest.mark.parametrize("column", [1, 2, 3, 5])
def test_32_one_missing_item_excludes(tmp_path: Path, mapping: ClinicalMapping, spelling: str, column: int) -> None:
    cells = ["1", "CCRT", "0", "50", "male", "III", "T3", "N1"]
    cells[column] = spelling
    row = read(tmp_path, mapping, HEADING, ",".join(cells)).patients.loc[0]
    assert (row["exclusion"], row["missing_items"]) == ("missing_item", HEADING.split(",")[column])


def test_a_spelling_that_is_mapped_is_a_value_though_it_usually_means_missing(tmp_path: Path, written: dict) -> None:
    values = written["values"] | {"residual_tumor": {"1": ["+"], "0": ["-", "null"]}}
    mapping = ClinicalMapping.model_validate(written | {"values": values})
    outcomes = ["-", "\u2212", "Null", "+", "", "--", "NA"]
    rows = [f"{number},CCRT,{outcome},50,-,III,T3,N1" for number, outcome in enumerate(outcomes, start=1)]
    found = read(tmp_path, mapping, HEADING, *rows).patients.sort_values("table_row")
    assert found["residual_tumor"].fillna("missing").tolist() == ["0", "0", "0", "1", *["missing"] * 3]
    assert found["sex"].isna().all()
    with pytest.raises(CohortError, match="column residual_tumor: '\\.'; expected one of 1, 0"):
        read(tmp_path, mapping, HEADING, "1,CCRT,.,50,m,III,T3,N1")  # a dot is no dash


def test_32_everything_wrong_is_listed_at_once_with_row_and_column(tmp_path: Path, mapping: ClinicalMapping) -> None:
    lines = [
        HEADING,
        "1,CCRT,0,50,male,III,T3,N1",
        "",
        "2,CRTT,0,50,male,III,T3,N1",
        "3,CCRT,perhaps,5l,male,III,T3,N1",
        "4,CCRT,0,190,x,III,T3,N1",
        "001.0,CCRT,0,50,male,III,T3,N1",
        ",CCRT,0,50,male,III,T3,N1",
    ]
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, *lines)
    message = str(caught.value)
    assert message.startswith("clinical.csv has 7 problems")
    for expected in [
        "row 4, column arm: 'CRTT'; expected one of CCRT, IC+CCRT",
        "row 5, column residual_tumor: a text of 7 letters; expected one of 1, 0",
        "row 5, column age: '5l'; expected years between 1 and 120",
        "row 6, column age: '190'",
        "row 6, column sex: 'x'",
        f"row 7, column patient_id: patient {KEYS.patient('1')} is in row 2 already, with the same values",
        "row 8, column patient_id: empty",
    ]:
        assert expected in message


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        ("sex", "Zhang Weiming", "a text of 12 letters"), ("sex", "\u738b\u82b3", "a text of 2 letters"),
        ("sex", "Li", "a text of 2 letters"), ("sex", "Doe", "a private text"), ("sex", "femal", "'femal'"),
        ("arm", "Wang Xiaohong CCRT", "a text of 16 letters"), ("arm", "CCRT 13800138000", "a text with 11 digits"),
        ("arm", "CCRT?", "'CCRT?'"), ("residual_tumor", "yess", "'yess'"), ("t_stage", "T5", "'T5'"),
        ("n_stage", "#VALUE!", "'#VALUE!'"), ("t_stage", "cT3", "'cT3'"), ("ajcc_stage", "IVc", "'IVc'"),
        ("t_stage", "ypT3a", "'ypT3a'"),
        ("n_stage", "Nx", "'Nx'"), ("n_stage", "Ann", "a text of 3 letters"),
        ("n_stage", "2018-03-04", "a date"), ("ajcc_stage", "I-II", "'I-II'"),
        ("age", "1957-09-23", "a date"), ("age", "3.9.57", "a date"), ("age", "23 Sep 1957", "a date"),
        ("age", "13612345678", "a number of 11 digits"), ("age", "190", "'190'"), ("age", "4_5", "'4_5'"),
        ("age", "5e1", "'5e1'"), ("age", "0", "'0'"), ("age", "-50", "'-50'"), ("age", "inf", "a text of 3 letters"),
         ("age", "old", "a text of 3 letters"),
    ],
)  # fmt: skip
def test_what_stands_in_the_wrong_cell_is_shown_only_if_it_is_harmless(
    tmp_path: Path, mapping: ClinicalMapping, column: str, cell: str, told: str
) -> None:
    names = f"{HEADING},name,birth_date,treatment_start".split(",")
    sound = ["1", "CCRT", "0", "50", "m", "III", "T3", "N1", "Doe", "1968-01-02", "2018-03-04"]
    cells = dict(zip(names, sound, strict=True)) | {column: cell}
    with pytest.raises(CohortError, match="has 1 problems") as caught:
        read(tmp_path, mapping, ",".join(names), ",".join(cells.values()))
    assert f"\n- row 2, column {column}: {told}; expected" in str(caught.value)


def test_missing_and_doubled_columns_are_all_named(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, "id,arm,age,sex,gender,ajcc_stage,t_stage", "1,CCRT,50,m,m,III,T3")
    message = str(caught.value)
    assert "column residual_tumor: row 1 has no such heading; expected one of residual_tumor, residual_tum" in message
    assert "column n_stage: row 1 has no such heading; expected one of n_stage, n, cn" in message
    assert "column sex: 2 headings could be it: sex, gender; keep one" in message


@pytest.mark.parametrize(
    ("item", "heading"), [("residual_tumor", "outcome"), ("residual_tumor", "RT"), ("t_stage", "CT")]
)
def test_headings_that_may_mean_something_else_are_no_items(
    tmp_path: Path, mapping: ClinicalMapping, written: dict, item: str, heading: str
) -> None:
    lines = [HEADING.replace(item, heading), "1,CCRT,0,50,m,III,T3,N1"]
    with pytest.raises(CohortError, match=f"column {item}: row 1 has no such heading; expected one of .*; name yours"):
        read(tmp_path, mapping, *lines)
    named = written | {"columns": written["columns"] | {item: [heading]}}
    assert read(tmp_path, ClinicalMapping.model_validate(named), *lines).headings == {item: heading}


def test_what_can_be_checked_is_told_with_what_a_table_lacks(tmp_path: Path, mapping: ClinicalMapping) -> None:
    heading = HEADING.replace(",age", ",Agee").replace("sex", "Wang")
    rows = ["1,CCRT,0,50,m,III,T3,N1", "2,CRTT,0,50,m,III,T3,N1,,note", "3,CCRT,0,50,m,III,T9,N1", "3,CCRT,0,9,m,,,"]
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, heading, *rows)
    assert [text.split(" (")[0].split(";")[0] for text in str(caught.value).split("\n- ")] == [
        "clinical.csv has 5 problems",
        "column age: row 1 has no such heading",
        "column sex: row 1 has no such heading",
        "row 3: more cells than the heading has columns",
        "row 4, column t_stage: 'T9'",
        f"row 5, column patient_id: patient {KEYS.patient('3')} is in row 4 already, with other values in ajcc_stage, "
        "t_stage, n_stage, column 4",
    ]
    assert "row 1 has no such heading (it has 'Agee', though); expected one of age, age_years" in str(caught.value)
    assert "Wang" not in str(caught.value)


def test_without_identifiers_no_other_column_is_shown(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, HEADING.replace("patient_id", "code"), "T90,CCRT,0,50,m,III,T90,N1")
    assert "row 2, column t_stage: a private text; expected one of" in str(caught.value)


@pytest.mark.parametrize("title", ["", "Cohort of 2020\n"])
def test_a_table_without_any_known_heading(tmp_path: Path, mapping: ClinicalMapping, title: str) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, f"{title}Kennung,Gruppe,Doe Jane,treatmnt,7", "1,CCRT,0,x,y", "2,CCRT,0,x,y,surplus")
    message = str(caught.value)
    row = 2 if title else 1
    assert message.startswith(
        f"clinical.csv has no heading that is known in its first ten rows (row {row} has 'treatmnt',"
    )
    assert "name yours in ingest.clinical.columns" in message
    assert "\n- column age: looked for age, age_years" in message
    assert "Doe" not in message
    assert "separator" not in message


def test_every_problem_is_kept_though_a_hundred_are_shown(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, HEADING, *(f"{number},CCRT,0,{200 + number},m,III,T1,N1" for number in range(150)))
    assert "... and 50 more; the pipeline preflight writes all of them to preflight.csv" in str(caught.value)
    assert "row 151," not in str(caught.value)
    assert caught.value.everything.count("\n- row ") == 150


def test_what_is_wrong_with_many_rows_alike_is_shown_once(tmp_path: Path, mapping: ClinicalMapping) -> None:
    rows = [f"{number},CCRT,0,{'500' if number == 1 else '50'},m,III,T9,N1" for number in range(150)]
    with pytest.raises(CohortError, match=r"has 151 problems") as caught:
        read(tmp_path, mapping, HEADING, *rows)
    _, first, second, *others = str(caught.value).split("\n- ")
    assert first == "rows 2, 3, 4, 5, 6 and 145 more, column t_stage: 'T9'; expected one of T1, T2, T3, T4"
    assert second.startswith("row 3, column age: '500'")
    assert not others
    assert caught.value.everything.count("column t_stage: 'T9'") == 150


def test_what_is_wrong_with_three_rows_is_shown_for_each(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, HEADING, *(f"{number},CCRT,0,50,m,III,T9,N1" for number in range(3)))
    assert [line.partition(",")[0] for line in str(caught.value).split("\n- ")[1:]] == ["row 2", "row 3", "row 4"]


@pytest.mark.parametrize(
    ("second", "told"), [("Li Ming,5", "other values in column 9"), ("Wang Fang,900", "other values in column 10")]
)
def test_two_rows_of_a_patient_that_differ_elsewhere(
    tmp_path: Path, mapping: ClinicalMapping, second: str, told: str
) -> None:
    rows = [f"7,CCRT,0,50,m,III,T3,N1,{more}" for more in ("Wang Fang,5", second)]
    with pytest.raises(CohortError, match=f"is in row 2 already, with {told}; keep one row") as caught:
        read(tmp_path, mapping, f"{HEADING},name,ebv", *rows)
    assert "Li" not in str(caught.value)


def test_stage_is_checked_against_t_and_n(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = read(tmp_path, mapping, HEADING, "1,CCRT,0,50,m,III,T4,N1", "2,CCRT,0,50,m,III,T3,N1")
    assert found.patients.set_index("patient_key")["stage_disagrees"].to_dict() == {
        KEYS.patient("1"): True,
        KEYS.patient("2"): False,
    }


@pytest.mark.parametrize(("stage", "reason"), [("II", "not_locally_advanced"), ("IVb", "distant_metastasis")])
def test_stages_outside_the_study_are_excluded(
    tmp_path: Path, mapping: ClinicalMapping, stage: str, reason: str
) -> None:
    row = read(tmp_path, mapping, HEADING, f"1,CCRT,0,50,m,{stage},T2,N1").patients.loc[0]
    assert row["exclusion"] == reason


def test_empty_files_and_overlong_rows(tmp_path: Path, mapping: ClinicalMapping) -> None:
    with pytest.raises(CohortError, match="is empty"):
        read(tmp_path, mapping, "")
    with pytest.raises(CohortError, match=r"clinical\.csv has a heading but no rows below it; expected one row per"):
        read(tmp_path, mapping, HEADING, "")
    with pytest.raises(CohortError, match=r"row 2: more cells than the heading has columns \(8\); quote"):
        read(tmp_path, mapping, HEADING, "1,CCRT,0,50,m,III,T3,N1,surplus")
    (tmp_path / "clinical.csv").write_bytes(b"\x81\x00\xff")
    with pytest.raises(CohortError, match="neither UTF-8, GB18030 nor Latin-1 text"):
        read_clinical(tmp_path / "clinical.csv", mapping, KEYS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": {"weight": ["kg"]}}, "unknown columns \\['weight'\\]"),
        ({"values": {"arm": {"surgery": []}}}, "arm: unknown values \\['surgery'\\]"),
        ({"values": {"sex": {"male": ["x"], "female": ["X"]}}}, "stands for two values"),
        ({"colums": {}}, "Extra inputs are not permitted"),
    ],
)
def test_mappings_that_cannot_work_are_refused(written: dict, change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ClinicalMapping.model_validate(written | change)


PATIENTS = [f"NPC-{n:03d},CCRT,{n % 2},50,m,III,T3,N1" for n in range(1, 4)]


@pytest.mark.parametrize(
    "remark", ["Total: 3", "\u5907\u6ce8\uff1a\u5171 3 \u4f8b", "n = 3", "exported 2024-03-01", "31415"]
)
def test_a_remark_below_the_table_is_no_patient(tmp_path: Path, mapping: ClinicalMapping, remark: str) -> None:
    with pytest.raises(CohortError, match="row 6, column patient_id: none of the study's items") as caught:
        read(tmp_path, mapping, HEADING, *PATIENTS, "", f"{remark},,,,,,,")
    assert remark not in str(caught.value)  # an identifier may stand there


@pytest.mark.parametrize(
    "line", ["Mean,,,50.3,,,,", "Total,NA,NA,,NA,NA,NA,NA", "n=3,,,,,,,", "#REF!,CCRT,1,50,m,III,T3,N1"]
)
def test_totals_and_a_spreadsheets_errors_are_no_patients(tmp_path: Path, mapping: ClinicalMapping, line: str) -> None:
    with pytest.raises(CohortError, match=r"has 1 problems.*\n- row 5, column patient_id: "):
        read(tmp_path, mapping, HEADING, *PATIENTS, line)


def test_a_second_heading_is_named_once(tmp_path: Path, mapping: ClinicalMapping) -> None:
    names = ["\u75c5\u4eba\u7f16\u53f7", "\u6cbb\u7597\u65b9\u6848", "\u6b8b\u7559", "\u5e74\u9f84", "\u6027\u522b"]
    again = ",".join([*names, "\u4e34\u5e8a\u5206\u671f", "T\u5206\u671f", "N\u5206\u671f"])
    for second in (HEADING, again):
        with pytest.raises(CohortError) as caught:
            read(tmp_path, mapping, HEADING, *PATIENTS, second, "NPC-009,CCRT,1,50,m,III,T3,N1")
        assert str(caught.value).endswith("in ingest.clinical.values:\n- row 5: repeats the heading; delete the row")


@pytest.mark.parametrize("stage", ["IV", "4", "\u2163", "4.0", "Stage IV", "iv\u671f"])
def test_stage_iv_alone_may_be_iva_or_ivb(tmp_path: Path, mapping: ClinicalMapping, stage: str) -> None:
    with pytest.raises(CohortError, match=r"ajcc_stage: stage IV alone \(IVa or IVb\?\); expected one of I, II,"):
        read(tmp_path, mapping, HEADING, f"1,CCRT,1,50,m,{stage},T4,N3")


def test_ivb_with_n3_may_be_the_edition_before(tmp_path: Path, mapping: ClinicalMapping) -> None:
    lines = ["1,CCRT,1,50,m,IVb,T2,N3", "2,CCRT,1,50,m,IVb,T4,N1", "3,CCRT,1,50,m,IVa,T4,N3"]
    found = read(tmp_path, mapping, HEADING, *lines)
    assert found.doubtful_stages() == {KEYS.patient("1"): 2}
    assert found.patients["exclusion"].value_counts().to_dict() == {"distant_metastasis": 2, "": 1}


def test_none_is_no_residual_tumour_where_that_is_asked(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = read(tmp_path, mapping, HEADING, "1,CCRT,none,50,m,III,T3,N1", "2,CCRT,residual,NA,m,III,T3,N1").patients
    row = found.set_index("patient_key").loc[KEYS.patient("1")]
    assert (row["residual_tumor"], row["exclusion"]) == ("0", "")
    assert found.set_index("patient_key").loc[KEYS.patient("2"), "missing_items"] == "age"


@pytest.mark.parametrize("patient", ["NPC-004", "NPC-4", "npc-0005"])
def test_a_patient_of_whom_nothing_is_known_yet_is_missing_items(
    tmp_path: Path, mapping: ClinicalMapping, patient: str
) -> None:
    found = read(tmp_path, mapping, HEADING, *PATIENTS, f"{patient},,,,,,,").patients
    assert found["exclusion"].value_counts().to_dict() == {"": 3, "missing_item": 1}


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ("patient_id,arm,age,residual_tumor,sex,ajcc_stage,t_stage,n_stage", ["C", "residual_tumor", "D", "age"]),
        ("arm,patient_id,age,residual_tumor,ajcc_stage,sex,n_stage,t_stage", ["C", "residual_tumor", "H", "n_stage"]),
        ("patient_id,arm,outcome,age,sex,ajcc_stage,t_stage,n_stage", ["C", "residual_tumor"]),
    ],
)
def test_a_second_heading_of_another_order_is_not_simply_deleted(
    tmp_path: Path, mapping: ClinicalMapping, second: str, told: list[str]
) -> None:
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, HEADING, *PATIENTS, second)
    (line,) = str(caught.value).split("\n- ")[1:]
    assert line.startswith("row 5: another heading: below it column ")
    for letter, item in zip(told[::2], told[1::2], strict=True):
        assert f"column {letter} is not headed as {item}" in line
    assert line.endswith("in the order of row 1; bring the rows below into that order before you delete it")


def test_an_unknown_spelling_is_told_with_how_the_others_are_read(tmp_path: Path, mapping: ClinicalMapping) -> None:
    rows = [f"{n},CCRT,0,50,{sex},III,T3,N1" for n, sex in enumerate(["M", "M", "m.", "H", "", "male"], start=1)]
    with pytest.raises(CohortError) as caught:
        read(tmp_path, mapping, HEADING, *rows)
    (line,) = str(caught.value).split("\n- ")[1:]
    assert line == (
        "row 5, column sex: 'H'; expected one of male, female (the column's other spellings are read as: M = male)"
    )
    with pytest.raises(CohortError, match=r"'H'; expected one of male, female$"):
        read(tmp_path, mapping, HEADING, rows[3], rows[5])


@pytest.mark.parametrize(
    "line", ["Total,,,,,,,", "total:,,3,51,,,,", "Mean,CCRT,1,51,m,III,T3,N1", "\u5408\u8ba1,,,,,,,"]
)
def test_a_total_among_identifiers_of_letters_is_no_patient(
    tmp_path: Path, mapping: ClinicalMapping, line: str
) -> None:
    patients = [f"{name},CCRT,0,50,m,III,T3,N1" for name in ("AB", "Smith", "\u738b\u82b3")]
    with pytest.raises(CohortError, match="row 5, column patient_id: the identifier is a word for a total or a mean"):
        read(tmp_path, mapping, HEADING, *patients, line)
