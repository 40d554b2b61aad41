"""Nothing that a user writes into the mapping of a hospital is read in MLflow."""

from pathlib import Path

import pytest

from npc_kedro.configuration import shipped_parameters
from npc_kedro.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS
from npc_kedro.tracking.own_entries import without_own_entries
from npc_kedro.tracking.provenance import flatten

CONF = Path(__file__).parents[2] / "conf"

SHIPPED = {
    "split": {"share": 0.2},
    "ingest": {
        "matrix": 256,
        "clinical": {
            "columns": {"age": ["age_years"]},
            "values": {"sex": {"male": ["m"]}},
            "sheet": "",
            "age": [1, 120],
        },
        "outlines": {"labels": {"primary": [1]}, "structures": {"primary": ["gtv"]}, "name_pattern": ".+"},
    },
}


def changed(**blocks: dict) -> dict:
    return {"split": {"share": 0.5}, "ingest": {**SHIPPED["ingest"], **blocks}}


def test_what_is_shipped_stays_readable() -> None:
    assert without_own_entries(SHIPPED, SHIPPED) == SHIPPED
    assert without_own_entries(changed(), SHIPPED)["split"] == {"share": 0.5}
    labels = {**SHIPPED["ingest"]["outlines"], "labels": {"primary": [3]}}
    assert without_own_entries(changed(outlines=labels), SHIPPED)["ingest"]["outlines"]["labels"] == {"primary": [3]}


@pytest.mark.parametrize(
    ("block", "key", "value"),
    [
        ("clinical", "columns", {"age": ["age_years", "Alter LiWei"]}),
        ("clinical", "values", {"sex": {"male": ["m", "LiWei"]}}),
        ("clinical", "values", {"sex": {"LiWei": ["m"]}}),
        ("clinical", "sheet", "Tabelle LiWei"),
        ("outlines", "structures", {"primary": ["GTV_LiWei"]}),
        ("outlines", "structures", {"primary": ["gtv"], "never": ["LiWei"]}),
        ("outlines", "name_pattern", "LiWei_(?P<patient_id>.+)"),
    ],
)
def test_entries_of_the_user_s_own_are_counted_and_not_shown(block: str, key: str, value: object) -> None:
    given = changed(**{block: {**SHIPPED["ingest"][block], key: value}})
    told = flatten(without_own_entries(given, SHIPPED))
    assert "LiWei" not in str(told)
    assert told != flatten(without_own_entries(changed(), SHIPPED))


def test_their_number_is_told_and_a_change_is_seen() -> None:
    tolds = [
        without_own_entries(changed(outlines={"structures": {"primary": ["gtv", own]}}), SHIPPED)["ingest"]["outlines"]
        for own in ("A", "B", "A")
    ]
    assert tolds[0]["structures"]["primary"].startswith("1 shipped and 1 own entries, hash ")
    assert tolds[0] == tolds[2] != tolds[1]


def test_the_shipped_parameters_are_those_of_the_base_alone() -> None:
    loader = CONFIG_LOADER_CLASS(str(CONF), env="paper", runtime_params={"ingest.matrix": 64}, **CONFIG_LOADER_ARGS)
    shipped = shipped_parameters(CONF / "base")
    assert without_own_entries(loader["parameters"], shipped)["ingest"]["clinical"] == shipped["ingest"]["clinical"]
    assert without_own_entries(loader["parameters"], shipped)["ingest"]["outlines"] == shipped["ingest"]["outlines"]
