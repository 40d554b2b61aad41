"""The shipped rules on descriptions as they stand in real archives."""

from collections import Counter
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


def test_the_agent_is_evidence_without_a_description(rules: SeriesRules) -> None:
    assert verdict(rules, facts("Ax T1", agent="Gadovist")) == "candidate"


def test_a_t2_like_repetition_time_does_not_forbid_what_the_description_says(rules: SeriesRules) -> None:
    assert verdict(rules, facts("Ax T1 +C", tr=2699.0)) == "candidate"


def test_bad_input_21_tilted_series_are_not_axial(rules: SeriesRules) -> None:
    assert verdict(rules, facts("T1 +C"), tilt=31.0) == "not_axial"


def test_reasons_are_listed_with_their_points(rules: SeriesRules) -> None:
    judgement = judge(Counter([applying(facts("Ax T1 FSE +C", agent="Gd-DTPA"), rules)]), 0.0, rules)
    assert judgement.evidence == (
        "t1_description+4", "spin_or_gradient_echo+1", "short_tr+1", "short_te+1", "contrast_tag+3",
        "contrast_description+3",
    )  # fmt: skip
    assert judgement.points == 13


def test_half_of_the_files_decide(rules: SeriesRules) -> None:
    plain = applying(facts("T1 +C"), rules)
    derived = applying(facts("T1 +C", kind="DERIVED\\PRIMARY"), rules)
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
