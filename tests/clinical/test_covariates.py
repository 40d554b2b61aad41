"""What comes along of the table's other columns, and what stays behind: text only if it is known to be harmless."""

from pathlib import Path

import pytest

from ingest_bench import shipped_parameters
from npc_kedro.clinical.categories import Vocabulary
from npc_kedro.clinical.covariates import Left, shown_headings
from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.table import ClinicalTable, read_clinical
from npc_kedro.dicom.pseudonyms import SIMULATED_KEY, Pseudonyms

HEADING = "patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage"


@pytest.fixture(scope="module")
def mapping() -> ClinicalMapping:
    return ClinicalMapping.model_validate(shipped_parameters()["clinical"])


@pytest.fixture(scope="module")
def vocabulary(mapping: ClinicalMapping) -> Vocabulary:
    return Vocabulary(mapping.covariates.words, mapping.covariates.codes)


def allowing(mapping: ClinicalMapping, *headings: str) -> ClinicalMapping:
    rules = mapping.covariates.model_copy(update={"allow": headings})
    return mapping.model_copy(update={"covariates": rules})


def read(
    folder: Path,
    mapping: ClinicalMapping,
    columns: dict[str, list[str]],
    *,
    ids: list[str] | None = None,
    aliases: dict[str, str] | None = None,
) -> ClinicalTable:
    rows = zip(*columns.values(), strict=True)
    ids = ids or [f"H{n:03d}" for n in range(len(next(iter(columns.values()))))]
    lines = [f"{one},CCRT,0,50,m,III,T3,N1,{','.join(cells)}" for one, cells in zip(ids, rows, strict=True)]
    path = folder / "clinical.csv"
    path.write_text("\n".join([f"{HEADING},{','.join(columns)}", *lines]), encoding="utf-8")
    return read_clinical(path, mapping, Pseudonyms(SIMULATED_KEY, aliases or {}))


def carried(table: ClinicalTable) -> list[str]:
    return [name for name in table.patients if name.startswith("covariate_")]


def why(folder: Path, mapping: ClinicalMapping, heading: str, cells: list[str], **more: object) -> Left | None:
    return read(folder, mapping, {heading: cells}, **more).left_columns.get(9)  # type: ignore[arg-type]


USUAL = {
    "EBV DNA": ["1200", "35", "0", "20100"], "LDH": ["180", "240", "201", "166"],
    "Hb (g/L)": ["131", "120", "99", "145"], "BMI": ["22.5", "24.1", "19.8", "30.2"],
    "KPS": ["90", "80", "90", "70"], "Dose (Gy)": ["69.96", "70", "68", "70"], "ECOG": ["0", "1", "0", "2"],
    "Smoking": ["never", "former", "current smoker", "Never"], "smoking history": ["yes", "no", "unknown", "yes"],
    "WHO type": ["II", "III", "WHO type III", "II"],
    "Histology": ["Non-keratinizing undifferentiated", "Differentiated (WHO II)"] * 2,
    "Side": ["left", "right", "bilateral", "left"], "VCA-IgA": ["+", "-", "++", "+"],
    "EBER": ["positive", "negative"] * 2, "Regimen": ["TP", "GP", "TPF", "GP"], "TNM": ["T3N1M0", "T4N2M0"] * 2,
    "Grade": ["1", "2a", "2b", "2a"], "Subgroup": ["A", "B", "A", "B"],
    "Toxicity": ["mild", "Severe", "grade 3", "mild"], "response": ["CR", "PR", "SD", "PR"],
    "Raucher": ["nie", "ehemals", "ja", "nein"], "côté": ["gauche", "droite", "bilatéral", "gauche"],
    "hábito": ["sí", "no", "exfumador", "no"], "吸烟史": ["有", "无", "已戒烟", "不吸烟"],
    "抽菸": ["是", "否", "無", "有"], "病理分型": ["非角化性未分化型", "WHO III型", "Ⅱ型", "角化型"],
    "分化": ["高分化", "中分化", "低分化", "低分化"], "侧别": ["左侧", "右侧", "双侧", "左"],
    "EBV抗体": ["阳性", "阴性", "弱陽性", "陰性"], "方案": ["TP方案", "GP方案", "顺铂", "GP方案"],
    "电评": ["正常", "异常", "異常", "正常"], "血红蛋白": ["131", "120", "99", "145"],
    "血小板": ["210", "180", "150", "300"],
}  # fmt: skip


def test_usual_covariates_in_english_and_chinese_come_along_without_a_word(
    tmp_path: Path, mapping: ClinicalMapping
) -> None:
    table = read(tmp_path, mapping, {heading: cells * 3 for heading, cells in USUAL.items()})
    assert table.left_columns == {}
    assert len(carried(table)) == len(USUAL)


NAMES = [
    ["Meier", "Keller"], ["Wang", "Li"], ["Wu", "Xu"], ["He", "Ma"], ["LW", "ZQ"], ["Lyon", "Paris"], ["J D", "A B"],
    ["J.D.", "A.B."], ["left Wang", "right Li"], ["T3 Li", "T4 Xu"], ["A1 Wang", "A2 Li"], ["Marie", "Jean-Luc"],
    ["王芳", "李明"], ["韦大明", "覃小红"], ["冼志强", "区建国"], ["陳志強", "張美玲"], ["高阳", "左双"],
    ["高 阳", "左 双"], ["欧阳修文", "司马光"], ["有王芳", "无"], ["王主任组", "无"], ["山田", "鈴木"],
    ["김철수", "이영희"], ["Иванов", "x"], ["9/57", "3/60"], ["9-57", "3-60"], ["57年生", "60年生"],
    ["Sep 1957", "Mar 1960"], ["<script>", "left"], ["<b>left</b>", "left"], ["=1+1", "left"], ["@left", "left"],
    ["138001", "left"], ["left 12 34 56", "left"],
]  # fmt: skip


@pytest.mark.parametrize("cells", NAMES)
@pytest.mark.parametrize("heading", ["value", "Ville", "管床", "Contoured_by"])
def test_text_that_is_not_known_to_be_harmless_stays_behind_whatever_the_heading(
    tmp_path: Path, mapping: ClinicalMapping, heading: str, cells: list[str]
) -> None:
    found = why(tmp_path, mapping, heading, cells * 6)
    assert found is not None
    assert not carried(read(tmp_path, mapping, {heading: cells * 6}))


@pytest.mark.parametrize("value", [value for pair in NAMES for value in pair if value not in {"left", "无", "x"}])
def test_no_name_is_a_category(vocabulary: Vocabulary, value: str) -> None:
    assert not vocabulary.holds(value)


def test_the_remedy_that_names_the_list_works_and_lets_no_name_pass(tmp_path: Path, mapping: ClinicalMapping) -> None:
    found = why(tmp_path, mapping, "Scanner", ["Achieva", "Skyra"] * 3)
    assert found == Left("text that is not made of known clinical words (ingest.clinical.covariates.words)")
    assert found.remedy == "nothing, or name its heading in ingest.clinical.covariates.allow"
    assert why(tmp_path, allowing(mapping, "scanner"), "Scanner", ["Achieva", "Skyra"] * 3) is None
    for cells in (
        ["王芳", "李明"],
        ["Dr Wang", "Dr Li"],
        ["1957-03-12", "1960-03-12"],
        ["138-0013-8000", "x"],
    ):
        left = why(tmp_path, allowing(mapping, "value"), "value", cells * 3)
        assert left is not None
        assert left.remedy == "nothing, or write codes instead (A, B or 1, 2), each in two rows or more"
    assert why(tmp_path, mapping, "value", ["A", "B"] * 3) is None


@pytest.mark.parametrize(
    "heading",
    [
        "電話", "病歷號", "編號", "郵遞區號", "出生年", "住院號",
        "Code postal", "CP", "Código postal", "PLZ", "téléphone", "Teléfono", "naissance", "numéro de dossier",
        "Fecha", "時間", "nº",
    ],
)  # fmt: skip
def test_headings_under_which_even_numbers_tell_who_somebody_is(
    tmp_path: Path, mapping: ClinicalMapping, heading: str
) -> None:
    assert why(tmp_path, mapping, heading, ["12", "7"] * 6).why == "its heading"


IDS = [str(1001 + n) for n in range(12)]


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (IDS[1:] + IDS[:1], "rows 2, 3, 4, 5, 6, ... hold identifiers of other patients"),
        (["", "", IDS[0], "", IDS[1], *[""] * 7], "rows 4, 6 hold identifiers of other patients"),
        (["", "", f"0{IDS[2]}.0", *[""] * 9], "row 4 holds the patient's own identifier"),
        (["80"] * 4 + [IDS[4]] + ["80"] * 7, "row 6 holds the patient's own identifier"),
        ([str(7001 + (n + 3) % 12) for n in range(12)], "rows 2, 3, 4, 5, 6, ... hold identifiers of other patients"),
        (["", "7002", *[""] * 10], "row 3 holds the patient's own identifier"),
    ],
)
def test_numbers_that_are_identifiers_stay_behind_even_if_they_are_allowed(
    tmp_path: Path, mapping: ClinicalMapping, cells: list[str], told: str, allowed: bool
) -> None:
    aliases = {str(7001 + n): one for n, one in enumerate(IDS)}
    rules = allowing(mapping, "partner") if allowed else mapping
    left = why(tmp_path, rules, "partner", cells, ids=IDS, aliases=aliases)
    assert left == Left(told, "nothing, or take these numbers out")


def test_an_allowed_number_may_meet_identifiers_by_chance(tmp_path: Path, mapping: ClinicalMapping) -> None:
    cells = ["1003", "1001", "53400", "7200", "4100", "35", "0", "8800", "2100", "9100", "3300", "1500"]
    assert why(tmp_path, mapping, "EBV", cells, ids=IDS) is None
    assert why(tmp_path, mapping, "score", ["12", "1012", *["7"] * 10], ids=IDS) is None  # one, of another patient


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["<50", "1200", "2400", "3600", "4800", "<50"], "2 of 6 cells are none (row 2: '<50', row 7: '<50')"),
        (["90"] * 5 + ["#DIV/0!"], "1 of 6 cells are none (row 7: '#DIV/0!')"),
        (["90"] * 5 + ["王芳"], "1 of 6 cells are none (row 7: a text of 2 letters)"),
        ([f"{n}.5" for n in range(5)] + ["1957-03-12"], "1 of 6 cells are none (row 7: a date)"),
    ],
)
@pytest.mark.parametrize("heading", ["ebv", "score"])
def test_a_cell_that_keeps_numbers_behind_is_named(
    tmp_path: Path, mapping: ClinicalMapping, heading: str, cells: list[str], told: str
) -> None:
    left = why(tmp_path, mapping, heading, cells)
    assert left is not None
    assert left.why == f"numbers, but {told}"
    assert left.remedy == "write a number or leave the cell empty, or list its spelling in ingest.clinical.missing"
    mended = [cell if cell[0].isdigit() and "-" not in cell else "" for cell in cells]
    assert why(tmp_path, mapping, heading, mended) is None
    listed = mapping.model_copy(update={"missing": (*mapping.missing, *cells[-1:])})
    assert why(tmp_path, listed, heading, cells) is None


def test_headings_that_may_name_somebody_are_not_shown(mapping: ClinicalMapping) -> None:
    names = ["covariate_ebv_dna", "covariate_dose", "covariate_grade", "covariate_kps_zhang", "covariate_王芳"]
    assert shown_headings(names, mapping.covariates) == (names[:3], 2)


def test_telephone_numbers_never_come_along(tmp_path: Path, mapping: ClinicalMapping) -> None:
    numbers = [f"1333678{n}590" for n in range(6)]
    barred = why(tmp_path, mapping, "联系电话", numbers)
    assert barred is not None
    assert "allow" not in barred.remedy
    allowed = why(tmp_path, allowing(mapping, "联系电话"), "联系电话", numbers)
    assert allowed is not None
    assert allowed.why.startswith("whole numbers of ten digits or more")
    copies = ["35", "120", "20100000", "9", "4000000000", "88"]  # a single one is a measured value
    assert why(tmp_path, allowing(mapping, "EBV"), "EBV", copies) is None


def test_days_with_a_time_as_a_spreadsheet_counts_them_stay_behind(tmp_path: Path, mapping: ClinicalMapping) -> None:
    left = why(tmp_path, mapping, "seen", ["43164.52", "43165.25", "43171.5", "12.5"])
    assert left is not None
    assert left.why == "numbers from 10,000 to 73,050, as a spreadsheet counts days and times"
    assert why(tmp_path, mapping, "seen", ["43164.52", "8165.25", "9171.5", "12.5"]) is None


@pytest.mark.parametrize(
    ("numbers", "stays"),
    [
        (["3.1957", "12.1960", "1.1971"], True), (["2019.05", "2020.12", "2018.1"], True),
        (["03.1957", "", "11.2001"], True), (["3.19", "12.4", "1.5"], False), (["5.2019", "0.0341", "17.2"], False),
        (["13.1957", "14.1960", "15.1971"], False),
    ],
)  # fmt: skip
def test_months_of_years_stay_behind(tmp_path: Path, numbers: list[str], stays: bool) -> None:
    mapping = ClinicalMapping.model_validate(shipped_parameters()["clinical"])
    heading = "patient_id,arm,residual_tumor,age,sex,ajcc_stage,t_stage,n_stage,FU"
    rows = [f"{n},CCRT,0,50,m,III,T3,N1,{number}" for n, number in enumerate(numbers, start=1)]
    (tmp_path / "clinical.csv").write_text("\n".join([heading, *rows]))
    found = read_clinical(tmp_path / "clinical.csv", mapping, Pseudonyms(SIMULATED_KEY))
    assert ("covariate_fu" not in found.patients) == stays
    assert not stays or "months of a year" in found.left_columns[9].why


@pytest.mark.parametrize(
    ("numbers", "stays"),
    [
        (["2019.3", "2018.4", "2017.12"], True),
        (["2019.42", "1957.5", "2001.9"], True),
        (["2019.3", "2018", "2017.11", "88"], True),
        (["2019.3", "88.5", "91.25"], False),
        (["1899.5", "2101.5"], False),
    ],
)
def test_years_with_a_month_or_a_part_stay_behind(
    tmp_path: Path, mapping: ClinicalMapping, numbers: list[str], stays: bool
) -> None:
    left = why(tmp_path, mapping, "index", numbers)
    assert (left is not None) == stays
    assert left is None or left.why.startswith("numbers that look like years with a month or a part of the year")


@pytest.mark.parametrize("heading", ["确诊年月", "入组年月"])
def test_headings_of_months_stay_behind(tmp_path: Path, mapping: ClinicalMapping, heading: str) -> None:
    left = why(tmp_path, mapping, heading, ["3", "4", "5"])
    assert left is not None
    assert left.why == "its heading"
