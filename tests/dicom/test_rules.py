"""The shipped rules on descriptions as they stand in real archives."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from pydantic import ValidationError

from npc_kedro.dicom.facts import SeriesFacts
from npc_kedro.dicom.rules import Rule, SeriesRules, applying, judge

SHIPPED = Path(__file__).parents[2] / "conf/base/ingest/parameters.yml"


@pytest.fixture(scope="module")
def rules() -> SeriesRules:
    written = OmegaConf.load(SHIPPED)["ingest"]["series_rules"]
    return SeriesRules.model_validate(OmegaConf.to_container(written, resolve=True))


def facts(description: str, *, agent: str = "", kind: str = "ORIGINAL\\PRIMARY\\OTHER", tr: float = 500) -> SeriesFacts:
    return SeriesFacts(description, kind, "SE", agent, tr, 10.0)


def verdict(rules: SeriesRules, fact: SeriesFacts, tilt: float = 3.0) -> str:
    return judge(Counter([applying(fact, rules)]), tilt, rules).reason or "candidate"


@pytest.mark.parametrize(
    "description",
    ["Ax T1 FSE +C", "OAx T1 fs +C", "AX T1 GD", "OAx T1 FS C+", "t1_tse_tra_fs_post contrast", "T1W_TSE_CE",
     "t1ce_tra", "Ax T1 FLAIR +C", "T1 VIBE tra Gd", "3D LAVA+C", "\u589e\u5f3a T1 \u6a2a\u65ad\u9762"],
)  # fmt: skip
def test_bad_input_13_enhanced_t1_by_its_description(rules: SeriesRules, description: str) -> None:
    assert verdict(rules, facts(description)) == "candidate"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (facts("Ax T1 FSE"), "no_contrast_evidence"),
        (facts("Ax T1 pre contrast"), "no_contrast_evidence"),
        (facts("Ax T1", agent="NONE"), "no_contrast_evidence"),
        (facts("Ax T1", agent="no"), "no_contrast_evidence"),
        (facts("Ax T2 FSE", agent="Gd-DTPA"), "no_t1_evidence"),
        (facts("T2 FLAIR +C"), "no_t1_evidence"),
        (facts("Ax", agent="Gd-DTPA"), "no_t1_evidence"),
        (facts("PD AXIAL OBL", agent="Gd-DTPA"), "no_t1_evidence"),
        (facts("3-plane Loc", agent="Gd"), "excluded_by_rule"),
        (facts("T1 +C", kind="ORIGINAL\\PRIMARY\\LOCALIZER"), "excluded_by_rule"),
        (facts("T1 +C", kind="DERIVED\\SECONDARY"), "excluded_by_rule"),
        (facts("T1 +C", kind="ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC"), "excluded_by_rule"),
        (facts("T1 +C MIP"), "excluded_by_rule"),
    ],
)
def test_bad_input_11_13_14_others_are_no_candidates(rules: SeriesRules, fact: SeriesFacts, reason: str) -> None:
    assert verdict(rules, fact) == reason


@pytest.mark.parametrize(
    "agent",
    ["NO CONTRAST", "No contrast agent", "none given", "without contrast", "not given", "Not administered", "no Gd",
     "keine", "Nein", "UNKNOWN", "false", "NO_CONTRAST", "ohne", "sans", "\u65e0", "\u672a\u6ce8\u5c04", "0 ml", "0",
     "--", "n", "N/A", "Contrast: none", "KM: keines gegeben, nein", "non-contrast", "w/o",
     "PRE", "Pre-contrast", "unenhanced", "plain", "nativ", "nicht gegeben", "keines", "w/out contrast", "negative",
     "N.A.", "Gadovist 0 ml", "0.0 ml", "\u7121", "\u306a\u3057"],
)  # fmt: skip
def test_bad_input_13_an_agent_that_is_denied_is_none(rules: SeriesRules, agent: str) -> None:
    assert verdict(rules, facts("Ax T1", agent=agent)) == "no_contrast_evidence"


UNENHANCED = [
    "precontrast", "pre-contrast", "non-enhanced", "nonenhanced", "not enhanced", "unenhanced", "w/out contrast",
    "wout contrast", "before Gd", "before contrast", "no-Gd", "Gd(-)", "CE-", "sin contraste", "senza contrasto",
    "sem contraste", "zonder contrast", "vor Gd", "\u589e\u5f3a\u524d", "\u672a\u589e\u5f3a", "\u975e\u589e\u5f3a",
    "\u65e0\u589e\u5f3a", "\u5e73\u626b",
]  # fmt: skip


@pytest.mark.parametrize("said", UNENHANCED)
@pytest.mark.parametrize("agent", ["", "Gadovist"])
def test_bad_input_13_a_description_that_denies_contrast_agent(rules: SeriesRules, said: str, agent: str) -> None:
    """Whatever the tag says: technologists leave it in when they copy a protocol."""
    assert verdict(rules, facts(f"T1 TSE TRA {said}", agent=agent)) == "no_contrast_evidence"


@pytest.mark.parametrize(
    "description", ["T1 TRA post-op", "T1 post fossa", "T1 tra post RT", "T1 C+T SPINE", "T1 T+C SPINE"]
)
def test_bad_input_13_words_that_are_not_about_contrast_agent(rules: SeriesRules, description: str) -> None:
    assert verdict(rules, facts(description)) == "no_contrast_evidence"


@pytest.mark.parametrize(
    "description", ["Ax T1 +C w/o FS", "T1 Gd ohne FS", "T1 +C without fat sat", "T1 CE - tra", "T1 CE-FS tra"]
)
def test_bad_input_13_without_fat_saturation_is_not_without_agent(rules: SeriesRules, description: str) -> None:
    assert verdict(rules, facts(description)) == "candidate"


@pytest.mark.parametrize("kind", ["R", "I", "R_SE\\R\\SE", "I_SE\\I\\SE", "P_SE\\P\\SE", "M\\REAL", "M\\IMAGINARY"])
def test_parts_of_complex_images_are_not_their_magnitude(rules: SeriesRules, kind: str) -> None:
    assert verdict(rules, facts("T1 +C", kind=f"ORIGINAL\\PRIMARY\\{kind}")) == "excluded_by_rule"
    assert verdict(rules, facts("T1 +C", kind="ORIGINAL\\PRIMARY\\M_SE\\M\\SE")) == "candidate"


def test_a_dynamic_series_goes_behind_any_other(rules: SeriesRules) -> None:
    def points(description: str, **changes: str) -> int:
        fact = replace(facts(description, agent="Gadovist"), **changes)
        return judge(Counter([applying(fact, rules)]), 0.0, rules).points

    assert points("t1_vibe_fs_tra_dyn", scanning_sequence="GR") < points("t1_tse_fs_tra")


@pytest.mark.parametrize(
    "said",
    [
        "SUBTR",
        "subtraktion",
        "subtraction",
        "soustraction",
        "substraction",
        "\u51cf\u5f71",
        "\u91cd\u5efa",
        "MinIP",
        "T1map",
        "locator",
    ],
)
def test_bad_input_14_computed_series_by_their_description(rules: SeriesRules, said: str) -> None:
    assert verdict(rules, facts(f"T1 +C {said}")) == "excluded_by_rule"


@pytest.mark.parametrize(
    "agent",
    ["Gadovist", "0.1 mmol/kg Gd-DTPA", "Yes", "20CC MULTIHANCE", "Nonionic Gd", "\u9486\u55b7\u9178",
     "Omniscan", "0,1 ml/kg Dotarem", "IV", "10 ml Gadovist", "0.10 ml/kg", "Prohance"],
)  # fmt: skip
def test_bad_input_13_an_agent_is_one_however_it_is_written(rules: SeriesRules, agent: str) -> None:
    assert verdict(rules, facts("Ax T1", agent=agent)) == "candidate"


@pytest.mark.parametrize(
    "description",
    ["sT1W_TSE_TRA_SPIR_GD", "eT1W_TSE_TRA +C", "3DT1 FFE TRA GD", "WIP sT1W_3D_TFE +C", "dT1W TRA +C", "csT1W +C",
     "sT1W FLAIR +C"],
)  # fmt: skip
def test_bad_input_13_t1_with_the_letters_that_philips_puts_before(rules: SeriesRules, description: str) -> None:
    assert verdict(rules, facts(description)) == "candidate"


@pytest.mark.parametrize(
    "description",
    [
        "sT2W_TSE_TRA",
        "eT2W TRA T1 like",
        "3DT2 TRA",
        "sPDW T1",
        "sDWI T1",
        "post1 TRA",
        "first1",
        "vist1",
        "test1",
        "pt1",
    ],
)
def test_bad_input_13_other_weightings_and_words_are_no_t1(rules: SeriesRules, description: str) -> None:
    assert verdict(rules, facts(description, agent="Gadovist")) == "no_t1_evidence"


WATER = ("DERIVED\\PRIMARY\\DIXON\\WATER", "DERIVED\\PRIMARY\\W\\W\\DERIVED", "ORIGINAL\\PRIMARY\\W\\W\\DERIVED",
         "DERIVED\\PRIMARY\\M\\ND\\DIXON\\WATER")  # fmt: skip


@pytest.mark.parametrize("kind", WATER)
def test_water_images_of_a_dixon_series_are_candidates_and_go_first(rules: SeriesRules, kind: str) -> None:
    def points(kind: str, description: str = "t1_vibe_dixon_tra_KM", **changes: str) -> int:
        fact = facts(description, agent="Gadovist", kind=kind)
        return judge(Counter([applying(fact, rules)]), 0.0, rules).points

    assert verdict(rules, facts("t1_vibe_dixon_tra_KM_W", agent="Gadovist", kind=kind)) == "candidate"
    for other in ("ORIGINAL\\PRIMARY\\M\\OPP_PHASE", "ORIGINAL\\PRIMARY\\M\\IN_PHASE", "ORIGINAL\\PRIMARY\\OP\\OP"):
        assert points(other) < points(kind)
    for suffix in ("_opp", "_in"):
        assert points(kind, "t1_vibe_dixon_tra_KM" + suffix) < points(kind, "t1_vibe_dixon_tra_KM_W")
    for fat in ("t1_vibe_dixon_tra_KM_F", "FAT: Ax T1 LAVA", "(FAT) AX T1 IDEAL +C"):
        assert verdict(rules, facts(fat, agent="Gadovist", kind=kind)) == "excluded_by_rule"
    for prefix in ("InPhase: ", "OutPhase: "):
        assert points(kind, prefix + "Ax T1 LAVA") < points(kind, "WATER: Ax T1 LAVA")
    assert points(kind, "Fat sat T1 tra") == points(kind, "T1 tra")


@pytest.mark.parametrize(
    "kind",
    ["DERIVED\\PRIMARY\\DIXON\\FAT", "ORIGINAL\\PRIMARY\\F\\F", "DERIVED\\SECONDARY\\DIXON\\WATER",
     "DERIVED\\PRIMARY\\DIXON\\WATER\\SUB", "DERIVED\\PRIMARY\\OTHER\\SUB", "DERIVED\\PRIMARY\\MIP\\WATER",
     "DERIVED\\PRIMARY\\PROJECTION IMAGE"],
)  # fmt: skip
def test_fat_images_and_what_is_computed_from_water_are_excluded(rules: SeriesRules, kind: str) -> None:
    assert verdict(rules, facts("T1 +C", kind=kind)) == "excluded_by_rule"


def test_the_agent_is_evidence_without_a_description(rules: SeriesRules) -> None:
    assert verdict(rules, facts("Ax T1", agent="Gadovist")) == "candidate"


@pytest.mark.parametrize(
    ("description", "protocol", "reason"),
    [
        ("Ax T1 FSE", "NECK WITH AND WITHOUT CONTRAST", "no_contrast_evidence"),
        ("Ax T1 FSE", "NECK W/WO", "no_contrast_evidence"),
        ("Ax T1 FSE", "NECK W CONTRAST", "no_contrast_evidence"),
        ("Ax T1 FSE +C", "NECK WITHOUT CONTRAST", "candidate"),
        ("Ax T1 FSE +C", "Neck survey", "candidate"),
        ("Ax T1 FSE pre", "t1_tse_tra_post", "no_contrast_evidence"),
        ("tra", "t1_tse_tra_km +c", "candidate"),
        ("", "t1 +c", "candidate"),
        ("", "AX +C T1", "candidate"),
        ("", "SURVEY", "excluded_by_rule"),
        ("Ax T1 FSE pre/post", "", "no_contrast_evidence"),
        ("Ax T1 W&WO contrast", "", "no_contrast_evidence"),
        ("T1 w/o contrast", "", "no_contrast_evidence"),
        ("T1 no contrast", "", "no_contrast_evidence"),
        ("T1 no gd", "", "no_contrast_evidence"),
        ("T1 post contrast", "", "candidate"),
        ("T1 with contrast", "", "candidate"),
    ],
)
def test_bad_input_13_the_description_goes_before_the_protocol(
    rules: SeriesRules, description: str, protocol: str, reason: str
) -> None:
    assert verdict(rules, replace(facts(description), protocol=protocol)) == reason


@pytest.mark.parametrize(
    "neutral",
    ["W/WO", "w wo", "W & W/O", "WWO", "W AND W/O", "W/ & W/O CONTRAST", "with and without contrast", "WITH/WITHOUT GD",
     "with & without", "without and with contrast", "w/o & w contrast", "pre/post", "PRE AND POST contrast", "pre+post",
     "平扫+增强", "w_wo_contrast"],
)  # fmt: skip
def test_bad_input_13_with_and_without_says_nothing(rules: SeriesRules, neutral: str) -> None:
    assert applying(facts(f"T1 {neutral}"), rules) == applying(facts("T1"), rules)


def test_a_t2_like_repetition_time_does_not_forbid_what_the_description_says(rules: SeriesRules) -> None:
    assert verdict(rules, facts("Ax T1 +C", tr=2699.0)) == "candidate"


def test_bad_input_21_tilted_series_are_not_axial(rules: SeriesRules) -> None:
    assert verdict(rules, facts("T1 +C"), tilt=31.0) == "not_axial"


def test_reasons_are_listed_with_their_points(rules: SeriesRules) -> None:
    judgement = judge(Counter([applying(facts("Ax T1 FSE +C", agent="Gd-DTPA"), rules)]), 0.0, rules)
    assert judgement.evidence == (
        "t1_description+4", "spin_or_gradient_echo+1", "short_tr+1", "short_te+1", "contrast_tag+3",
        "contrast_description+20", "spin_echo+3",
    )  # fmt: skip
    assert judgement.points == 33


def test_half_of_the_files_decide(rules: SeriesRules) -> None:
    plain = applying(facts("T1 +C"), rules)
    derived = applying(facts("T1 +C", kind="DERIVED\\PRIMARY\\OTHER"), rules)
    assert judge(Counter({plain: 3, derived: 1}), 0.0, rules).reason is None
    assert judge(Counter({plain: 1, derived: 1}), 0.0, rules).reason == "excluded_by_rule"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"name": "x", "field": "description"}, "needs either 'pattern' or 'between'"),
        ({"name": "x", "field": "description", "pattern": "("}, "is no regular expression"),
        ({"name": "x", "field": "echo_time", "pattern": "a"}, "echo_time needs between"),
        ({"name": "x", "field": "colour", "pattern": "a"}, "Input should be 'description'"),
        ({"name": "x", "field": "description", "patern": "a"}, "Extra inputs are not permitted"),
    ],
)
def test_rules_that_cannot_work_are_refused(rule: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rule.model_validate(rule)
