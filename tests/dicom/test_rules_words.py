"""What the shipped rules make of descriptions and agents in the words of many hospitals."""

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from npc_kedro.dicom.facts import SeriesFacts
from npc_kedro.dicom.rules import Judgement, SeriesRules, applying, judge

SHIPPED = Path(__file__).parents[2] / "conf/base/ingest/parameters.yml"


@pytest.fixture(scope="module")
def rules() -> SeriesRules:
    written = OmegaConf.load(SHIPPED)["ingest"]["series_rules"]
    return SeriesRules.model_validate(OmegaConf.to_container(written, resolve=True))


def judged(rules: SeriesRules, description: str, **changes: object) -> Judgement:
    fact = SeriesFacts(description, "ORIGINAL\\PRIMARY\\M", "SE", "", 600.0, 10.0)
    return judge(Counter([applying(replace(fact, **changes), rules)]), 0.0, rules)


def words(listed: str) -> list[str]:
    """Texts that are parted by | or stand in lines."""
    return listed.strip().replace("\n", "|").split("|")


ENHANCED = words("""
T1 tra fs i.v. KM|T1 TRA mit i.v. Kontrastmittel|T1 AX FS PDC
AX T1 SWIFT +C|BASELINE AX T1 +C|AX T1 PostGd|T1 po kontraście
AX T1 FS +C SKULL BASE-THORACIC INLET|T1 증강|T1 注射后
t1_tse_tra_fs_km|t1_tse_tra_nach KM|T1 axial KM+|t1_fse_tra_fs_+c|Ax T1 FS+C|+C AX T1 FS|AX LAVA FLEX+C WATER
T1W_TSE_GADO|AxT1FS+C|eTHRIVE_C+|T1 AX POST GAD|T1 AX POSTGAD|AX T1 POST|T1ce|ceT1|T1C|T1_TSE_TRA_C|T1WI+C|Gd-T1WI
T1 AX CONTRASTE|T1 tra con mdc|T1 AX INJ|T1 tra z kontrastem|T1 TRA KONTRASTLI|T1 tra + CM|T1 AX CIV|T1 AX PÓS GAD
T1 FSPGR +C|T1-FLAIR +C|T1WI FLAIR Gd|FSPGR +C AX|T1 GD- FS|T1 AX ENH|T1+Gadovist|T1 Dotarem
t1_mpr_ns_tra_p2_iso_gd|T1 tra с КУ|T1 с контрастом|T1增强|轴位T1CE压脂|T1+C轴位|T1WI增強|T1强化|造影後 T1|T1増強
T1 조영증강|T1 post 조영|AX T1 +C PRE TX|T1 ax Gd pre RT|PRE-TREATMENT T1 +C|PRE CCRT T1 C+|T1 +C pré-traitement
T1 Gd before treatment|T1 KM vor Chemo|AX T1 POST NO FS|T1 gd ohne FS|T1 gado sans fatsat|T1 post w/o MT
AX T1 POST WO MARS|T1 post without coil|T1 post W/O MTC
""")

UNENHANCED = words("""
T1 TRA Gdなし|T1 Gd前|T1 Gd投与前|T1 CE前|T1 强化前|T1 未强化|T1 조영증강 전
T1 AVT GADO|T1 PREVIO A CONTRASTE|T1 FÖRE KONTRAST
T1 нет контраста|T1 CONTRAST FREE|T1 KM minus|T1 v. KM|T1 ohne i.v. KM
AX T1 PRÉ CONTRASTE|T1 PRÉ GD|T1 AX S/GD|T1 AX S/CONTRASTE|T1 tra prä KM|t1_tse_tra_vor_KM|t1_tse_tra o. KM
T1 kontrast oncesi|T1 kontrastsız|T1 prior to Gd|T1 - Gd|T1 -gd|T1 GD -|T1 bez gd|T1 przed gd|T1 contrast: none
T1 Gd: no|T1 before enhancement|T1 NONCON|T1 PRECON|T1 PREGD|T1 prima mdc|T1 basale|T1 blanco|T1 до контраста
T1 без КУ|T1WI(C-)|AX T1 C-|T1 W/O|AX T1 WITHOUT|T1 조영전 Gd|조영전 T1|增强扫描前 T1|T1 未做增强|T1 注药前 Gd
T1 未行增强|T1 没有增强|pre增强T1|T1 plain增强|T1 増強前|T1 造影なし|T1 非造影|T1単純|T1 単純 Gd
""")

NEITHER = words("""
T1 POST GP|T1 POST TPF|T1 POST 2 IC
T1 HIGH CONTRAST|T1 tissue contrast|T1 MT contrast|T1 contrast preparation|T1 POST IC|AX T1 post CCRT
T1 post induction|T1 post cycle 2|T1 post-tx|T1 POST IMRT|T1 post XRT|T1 post-biopsy|T1 post resection
T1 post neck dissection|T1 post Buscopan|T1 3 months post|T1 POSTERIOR FOSSA|T1 TRA
""")


@pytest.mark.parametrize("description", ENHANCED)
def test_bad_input_13_enhanced_in_many_words(rules: SeriesRules, description: str) -> None:
    found = judged(rules, description)
    assert found.reason is None, (found.reason, found.detail, found.evidence)


@pytest.mark.parametrize("description", UNENHANCED)
@pytest.mark.parametrize("agent", ["", "Gadovist"])
def test_bad_input_13_unenhanced_in_many_words(rules: SeriesRules, description: str, agent: str) -> None:
    assert judged(rules, description, contrast_agent=agent).reason == "no_contrast_evidence"


@pytest.mark.parametrize("description", NEITHER)
def test_bad_input_13_words_that_say_nothing_of_agent(rules: SeriesRules, description: str) -> None:
    assert judged(rules, description).reason == "no_contrast_evidence"


@pytest.mark.parametrize(
    "description",
    ["T1增强MIP", "T1增强MPR", "T1增强SUB", "T1 mask +C", "t1_vibe_tra_mask_gd", "t1_vibe_fs_tra_bh_post liver",
     "T1 +C PSIR", "Phase: AX T1 +C", "TOF +C"],
)  # fmt: skip
def test_bad_input_14_computed_images_and_other_regions(rules: SeriesRules, description: str) -> None:
    assert judged(rules, description).reason == "excluded_by_rule"


@pytest.mark.parametrize("kind", ["P\\ND", "PHASE\\ND", "PHASE MAP\\ND"])
def test_bad_input_14_phase_images_are_none(rules: SeriesRules, kind: str) -> None:
    assert judged(rules, "AX T1 +C", image_type=f"ORIGINAL\\PRIMARY\\{kind}").reason == "excluded_by_rule"


@pytest.mark.parametrize("kind", ["DERIVED\\PRIMARY", "DERIVED\\PRIMARY\\M\\ND", "ORIGINAL\\PRIMARY\\IP\\IP\\DERIVED"])
def test_images_that_were_only_compressed_or_composed_go_behind_originals(rules: SeriesRules, kind: str) -> None:
    found = judged(rules, "AX T1 +C", image_type=kind)
    assert found.reason is None
    assert found.points < judged(rules, "AX T1 +C").points


DENIED = words("""
ohne i.v. KM|нет контраста|contrast held|Gadovist planned|gad not needed|allergic to gad
造影剤使用せず
geen|pas de contraste|без контраста|Contrast: No|SALINE|néant|0 No contrast|Não|nie|brak|yok|нет|없음|造影剤：なし
조영제: 없음|MDC no|KM: -|Gd(-)|C-|NOCONTRAST|PRECONTRAST|refused|Nothing|nessuno|nada|rien|ＮＯＮＥ|０|S/C|単純
Buscopan|x|?|IV contrast no
""")

GIVEN = words("""
Cyclolux|Дотарем|도타렘|多它灵|プリモビスト
钆双胺（非离子型）|钆特酸葡胺注射液（无锡）|钆喷酸葡胺 15ml 无不良反应|加乐显，无过敏|Gadovist (nicht verdünnt)
Gadovist; oral: none|IV: Gadavist / PO: None|Pre-filled syringe Gadavist|GADAVIST-UNKNOWN DOSE|ガドビスト
가도비스트|Гадовист|10 ml|0.1 mmol/kg|是|ja
""")


@pytest.mark.parametrize("agent", DENIED)
def test_bad_input_13_agents_denied_or_unknown_in_many_words(rules: SeriesRules, agent: str) -> None:
    assert judged(rules, "T1 TSE TRA", contrast_agent=agent).reason == "no_contrast_evidence"


@pytest.mark.parametrize("agent", GIVEN)
def test_bad_input_13_agents_given_in_many_words(rules: SeriesRules, agent: str) -> None:
    assert judged(rules, "T1 TSE TRA", contrast_agent=agent).reason is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("t1_tse_tra_fs_km", "t1_vibe_tra"),  # one is named as enhanced, of the other only a tag speaks
        ("T1 TSE tra con mdc", "T1 VIBE tra"),
        ("AX T1 DCE fl3d +C", "AX T1"),
        ("t1_tse_dixon_tra_gd_in", "t1_tse_dixon_tra_W"),
        ("t1_tse_tra_gd", "t1_vibe_tra_grasp_gd"),
        ("AX T1 FS +C", "Ax T1 LAVA MPh +C"),
        ("t1_tse_tra_fs_gd neck", "t1_mprage_tra_gd brain"),
        ("t1_tse_tra_fs_gd", "t1_vibe_tra_gd"),
        ("t1_tse_tra_gd brain", "t1_vibe_tra_nativ"),
    ],
)
def test_bad_input_13_which_of_two_goes_first(rules: SeriesRules, better: str, worse: str) -> None:
    def points(description: str) -> int:
        echo = "GR" if any(word in description.lower() for word in ("vibe", "lava", "mprage", "fl3d")) else "SE"
        return judged(rules, description, contrast_agent="Gadovist", scanning_sequence=echo).points

    assert points(better) > points(worse)


def test_a_dynamic_series_is_told_by_its_time_points_and_a_region_by_its_tag(rules: SeriesRules) -> None:
    usual = judged(rules, "T1 +C").points
    assert judged(rules, "T1 +C", time_points=3.0).points < usual
    assert judged(rules, "T1 +C", body_part="LIVER").points < usual < judged(rules, "T1 +C", body_part="NECK").points


def test_words_of_a_hospital_belong_in_the_vocabulary(rules: SeriesRules) -> None:
    written = OmegaConf.to_container(OmegaConf.load(SHIPPED)["ingest"]["series_rules"], resolve=True)
    written["vocabulary"]["agent"] += "|kmgabe"
    assert judged(SeriesRules.model_validate(written), "T1 tra KMGABE").reason is None
    assert judged(rules, "T1 tra KMGABE").reason == "no_contrast_evidence"
    assert SeriesRules.model_validate(rules.model_dump()) == rules


@pytest.mark.parametrize("unit", ["1", "c ", "+", "de ", "no ", "gd ", "前", "T1", "kein ", "- ", "(", "i.v. "])
def test_no_pattern_takes_long_on_a_long_text(rules: SeriesRules, unit: str) -> None:
    """Damage may fill a tag; what is quadratic or worse in it would not end (64 thousand signs took minutes)."""
    damaged = unit * (65536 // len(unit))
    begun = time.process_time()
    judged(rules, damaged, contrast_agent=damaged + "c", protocol=damaged)
    assert time.process_time() - begun < 5
