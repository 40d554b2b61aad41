"""An account that adds up, and the ways in which one does not."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_kedro.clinical.attrition import Attrition, check_attrition
from npc_kedro.errors import ConsistencyError


def test_rows_by_hand() -> None:
    attrition = Attrition()
    assert attrition.step("read", "files", entered=5, reasons=["b", "a", "b"]) == 2
    assert attrition.step("use", "files", entered=2, notes={"odd": 1, "none": 0}) == 2
    assert attrition.step("use", "patients", entered=1) == 1
    assert attrition.table().values.tolist() == [
        ["read", "files", 5, 2, 1, "a"],
        ["read", "files", 5, 2, 2, "b"],
        ["use", "files", 2, 2, 0, "note: odd (1 kept)"],
        ["use", "patients", 1, 1, 0, ""],
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=6), st.integers(0, 9))
def test_whatever_is_left_out_the_account_adds_up(steps: list[tuple[str, int]], last: int) -> None:
    left = last + sum(count for _, count in steps)
    attrition = Attrition()
    for number, (reason, count) in enumerate(steps):
        left = attrition.step(f"step {number}", "files", entered=left, reasons=[reason] * count)
    check_attrition(attrition.table())
    assert left == last


def table(*rows: tuple[str, str, int, int, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["step", "unit", "entered", "used", "excluded", "reason"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "files", 5, 3, 1, "x")], "a, files: 5 entered, 3 used, 1 excluded"),
        ([("a", "files", 5, 3, 2, "x"), ("b", "files", 4, 4, 0, "")], "b, files: 4 entered, but a let 3 through"),
        ([("a", "files", 5, 3, 1, "x"), ("a", "files", 6, 3, 1, "y")], "a, files: rows disagree"),
        ([("a", "files", 1, -1, 2, "x")], "a, files: 1 entered, -1 used"),
    ],
)
def test_contradictions_are_named(rows: list, message: str) -> None:
    with pytest.raises(ConsistencyError, match=message):
        check_attrition(table(*rows))


def test_missing_columns_are_named() -> None:
    with pytest.raises(ConsistencyError, match="lacks reason"):
        check_attrition(table().drop(columns="reason"))
