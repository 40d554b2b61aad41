"""What ROIs and segments are called in the wild."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from npc_kedro.dicom.outlines.rules import OutlineRules
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

SHIPPED = Path(__file__).parents[3] / "conf/base/ingest/parameters.yml"


@pytest.fixture(scope="module")
def written() -> dict:
    return OmegaConf.to_container(OmegaConf.load(SHIPPED)["ingest"]["outlines"], resolve=True)  # type: ignore


@pytest.fixture(scope="module")
def rules(written: dict) -> OutlineRules:
    return OutlineRules.model_validate(written)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("GTVp", "primary"), ("gtv_p", "primary"), ("GTV-T", "primary"), ("GTVnx", "primary"),
        ("GTV nx 70Gy", "primary"),
        ("GTV", "primary"), ("Primary tumour", "primary"), ("Neoplasm, Primary", "primary"), ("鼻咽原发灶", "primary"),
        ("GTVn", "node"), ("GTV_N_L", "node"), ("GTVnd", "node"), ("GTVnL", "node"), ("GTVln R", "node"),
        ("GTV1", "primary"), ("GTV_2", "primary"), ("GTV_70Gy", "primary"), ("肿瘤", "primary"),
        ("鼻咽腔肿瘤", "primary"), ("鼻咽非角化癌", "primary"), ("GTVrpn", "node"), ("GTV_RPLN_L", "node"),
        ("GTVln", "node"), ("Node no. 2", "node"),
        ("lymph nodes", "node"), ("右颈淋巴结", "node"), ("LN_left", "node"), ("GTVn1", "node"),
        ("MR-GTVnx", "primary"), ("T1-GTVp", "primary"), ("R-GTVn", "node"), ("Rt-GTVn", "node"), ("LN 12mm", "node"),
        ("颈部GTVnd", "node"), ("左GTVnd", "node"), ("MRGTVp", "primary"), ("T1GTVp", "primary"),
        ("鼻咽GTV", "primary"),
        ("T1CE-GTVp", "primary"), ("T1Gd-GTVp", "primary"), ("TSE-GTVp", "primary"), ("NPC-GTVp", "primary"),
        ("Final-GTVp", "primary"), ("Left-GTVn", "node"), ("Li-GTVn", "node"), ("neck-GTVn", "node"),
        ("GTVp without LN", "primary"), ("GTV without nodes", "primary"), ("GTV_MR", "primary"), ("GTV-MRI", "primary"),
        ("GTV_new", "primary"), ("GTV_final", "primary"), ("GTVprim", "primary"), ("GTVprimary", "primary"),
        ("PrimaryTumor", "primary"), ("Tumor1", "primary"), ("Primärtumor", "primary"), ("Tumeur", "primary"),
        ("GTV_naso", "primary"), ("NX", "primary"), ("GTV 69.96Gy", "primary"), ("GTV.p", "primary"),
        ("腫瘤", "primary"), ("原發灶", "primary"), ("腫瘍", "primary"), ("原発巣", "primary"), ("上咽頭癌", "primary"),
        ("化疗前肿瘤", "primary"), ("GTV-p MR T1 post", "primary"), ("GTVp pre-IC", "primary"),
        ("GTVp after Gd", "primary"),
        ("T1+Gd-GTVp", "primary"), ("MR-T1-GTVp", "primary"),
        ("GTVp skull base", "primary"), ("skull base tumor", "primary"), ("Nasopharynx tumor", "primary"),
        ("LK", "node"), ("LK links", "node"), ("GTV LK", "node"), ("node1", "node"), ("GTVnode", "node"),
        ("GTVnodes", "node"), ("GTV_nodal", "node"), ("LN1", "node"), ("RPN", "node"), ("RPLN", "node"),
        ("GTVrp", "node"), ("ganglion", "node"), ("adénopathie", "node"), ("adenopatia", "node"),
        ("linfonodo", "node"), ("リンパ節", "node"), ("림프절", "node"), ("GTVnd1+2", "node"), ("GTVnLt", "node"),
        ("GTVneck", "node"), ("GTVn level II", "node"), ("鼻咽癌转移淋巴结", "node"), ("Tumor LN", "node"),
        ("Nodal tumor", "node"), ("Parotid lymph node", "node"), ("CervicalNode", "node"),
    ],
)  # fmt: skip
def test_names_of_tumour_and_nodes(rules: OutlineRules, name: str, meaning: str) -> None:
    assert rules.structures.meaning(1, [name]) == meaning


@pytest.mark.parametrize(
    "name",
    [
        "Brainstem", "PTVnx", "CTV_primary", "BODY", "Ring GTVp", "GTVp margin 5mm", "", "Parotid_L", "GTV_boost",
        "no tumour", "No_residual_tumor", "non-tumour", "without nodes", "brain stem tumour free", "无肿瘤", "非肿瘤",
        "Brain-GTVp", "Body minus GTVp", "GTVp_DO_NOT_USE", "NOT USED GTVp", "ignore GTVp", "Rind GTVp", "Shell GTVp",
        "Outside GTVp", "GTVp_5mm", "GTVp 0.5cm", "GTVp+5", "P_GTVp", "P-GTVnx", "PGTVnx", "Elective nodes",
        "LN level II", "淋巴引流", "正常鼻咽",
        "GTVp_old", "GTVp old2", "ex GTVp", "GTVnd-deleted", "旧肿瘤", "GTVp+5mm", "tumour-5mm", "淋巴引流区", "鼻咽腔",
        # target volumes and rings beside Chinese signs, letters and digits
        "鼻咽CTV", "肿瘤PTV", "zPTV primary", "HRCTV NPC", "GTVp_ring3", "Ring1 NPC", "淋巴结CTV",
        "TumorRing", "GTVRing",
        # enlarged, and helper structures
        "GTVp1 5mm", "GTVp1_5mm", "GTVnx1_3mm", "GTVp 0,5cm", "GTVp_.5cm", "GTVp marge 5mm", "GTVp_exp", "GTVp exp 5mm",
        "GTVp Rand 5mm", "Tumor 5mm", "NPC_3mm", "原发灶5mm", "肿瘤外扩5mm", "GTVnx外放5mm", "肿瘤环",
        "Zielvolumen Tumor", "GTVp_opt", "GTVp_boost", "GTVp_crop", "nodes_5mm", "GTVn_exp",
        # denied, or elective
        "kein Tumor", "ohne Tumor", "sin tumor", "tumor bed", "GTVp post IC", "GTVp residual", "化疗后肿瘤", "残留肿瘤",
        "GTVp 废弃", "GTVp作废", "GTVp nicht verwenden", "GTVp_not", "GTVp-air", "GTVp-Bone", "鼻咽黏膜", "鼻咽腔隙",
        "Lymphabfluss", "Lymphabflussgebiet", "lymphatic drainage", "淋巴预防区", "淋巴区", "ohne LK",
        # organs, or the plan, of a patient with NPC
        "NPC_BrainStem", "NPC_Parotid_L", "NPC_Cord", "NPC_OAR", "NPC Body", "Mandible-NPC", "Primary dose",
        "Tumor Iso", "Parotid_L-GTVp", "Basal ganglia", "Neck", "Parotid-L-GTVp", "LN_Neck_II_L",
    ],
)  # fmt: skip
def test_other_names(rules: OutlineRules, name: str) -> None:
    with pytest.raises(TagError) as caught:
        rules.structures.meaning(1, [name])
    assert caught.value.reason is RejectReason.STRUCTURE_UNMATCHED
    assert not name or name not in caught.value.detail


@pytest.mark.parametrize(
    "name",
    [
        "GTVp and lymph nodes",
        "GTVnx+nd",
        "GTV p & n",
        "GTVp/n",
        "GTV p n",
        "原发灶+淋巴结",
        "Neck tumor",
        "GTVnx-nd",
        "GTVp-n",
        "Tumor und LK",
    ],
)
def test_a_name_of_both_is_refused(rules: OutlineRules, name: str) -> None:
    with pytest.raises(TagError, match="both primary tumour and node"):
        rules.structures.meaning(1, [name])


def test_the_first_name_that_is_not_generic_decides(rules: OutlineRules) -> None:
    assert rules.structures.meaning(1, ["Segment_1", "", "Lymph node"]) == "node"
    with pytest.raises(TagError):
        rules.structures.meaning(1, ["PTV", "Primary tumor"])


@pytest.mark.parametrize(
    "names",
    [["Brainstem", "NPC"], ["Oral cavity", "Lymph node"], ["Tumor", "CTV 60 Gy"], ["Segment_1", "Tumor", "PTV"]],
)
def test_further_names_make_no_tumour_of_an_organ_and_any_of_them_denies(rules: OutlineRules, names: list[str]) -> None:
    with pytest.raises(TagError) as caught:
        rules.structures.meaning(1, names)
    assert caught.value.reason is RejectReason.STRUCTURE_UNMATCHED


@pytest.mark.parametrize("generic", ["", "ROI 2", "Segment_1", "structure-3", "7", "Ｓｅｇｍｅｎｔ１"])
def test_further_names_speak_where_a_program_gave_the_first(rules: OutlineRules, generic: str) -> None:
    assert rules.structures.meaning(1, [generic, "Neoplasm, Primary"]) == "primary"


def test_the_user_s_own_patterns_may_be_written_as_the_names_are(written: dict) -> None:
    changed = written | {"structures": {"primary": ["Tumör", "^BrainStemTu$"], "node": ["节B"], "never": []}}
    rules = OutlineRules.model_validate(changed).structures
    assert rules.meaning(1, ["Tumör 1"]) == rules.meaning(1, ["BrainStemTu"]) == "primary"
    assert rules.meaning(1, ["节B"]) == "node"


def test_numbers_go_before_names(written: dict) -> None:
    changed = written | {"structures": written["structures"] | {"node": [7]}}
    rules = OutlineRules.model_validate(changed)
    assert rules.structures.meaning(7, ["GTVp"]) == "node"
    assert rules.structures.meaning(8, ["GTVp"]) == "primary"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name_pattern": ".+"}, "needs a group named patient_id"),
        ({"labels": {"primary": [1], "node": [1]}}, "each label belongs to one structure"),
        ({"structures": {"primary": ["("], "node": [], "never": []}}, "is no regular expression"),
        ({"fractional_threshold": 0}, "greater than 0"),
    ],
)
def test_rules_that_cannot_work_are_refused(written: dict, change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OutlineRules.model_validate(written | change)
