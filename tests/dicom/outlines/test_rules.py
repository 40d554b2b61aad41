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
    ],
)  # fmt: skip
def test_other_names(rules: OutlineRules, name: str) -> None:
    with pytest.raises(TagError) as caught:
        rules.structures.meaning(1, [name])
    assert caught.value.reason is RejectReason.STRUCTURE_UNMATCHED
    assert not name or name not in caught.value.detail


@pytest.mark.parametrize(
    "name", ["GTVp and lymph nodes", "GTVnx+nd", "GTV p & n", "GTVp/n", "GTV p n", "原发灶+淋巴结"]
)
def test_a_name_of_both_is_refused(rules: OutlineRules, name: str) -> None:
    with pytest.raises(TagError, match="both primary tumour and node"):
        rules.structures.meaning(1, [name])


def test_the_first_name_that_says_anything_decides(rules: OutlineRules) -> None:
    assert rules.structures.meaning(1, ["Segment_1", "", "Lymph node"]) == "node"
    with pytest.raises(TagError):
        rules.structures.meaning(1, ["PTV", "Primary tumor"])


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
