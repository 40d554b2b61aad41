"""All 16 cells, one by one, against verdicts worked out by hand from the publication's text."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from npc_kedro.decisions.cells import CELLS, cell_numbers, judge
from npc_kedro.decisions.rule import predicts_residual, recommend
from npc_kedro.errors import ConsistencyError, StatisticsError
from npc_kedro.published import shipped_folder
from npc_kedro.study import Outcome, Recommendation
from npc_kedro.tables.table3 import table3_from_cases

C, W, U = "correct", "wrong", "undetermined"
EXPECTED = [
    # cell, under CCRT, under IC, given, actual, recommended, prediction for given arm, model, physician, situation
    (1, "NRT", "NRT", "CCRT", "NRT", "CCRT", "NRT", C, C, 6),
    (2, "NRT", "NRT", "CCRT", "RT", "CCRT", "NRT", W, U, 9),
    (3, "NRT", "NRT", "IC+CCRT", "NRT", "CCRT", "NRT", C, W, 2),
    (4, "NRT", "NRT", "IC+CCRT", "RT", "CCRT", "NRT", W, W, None),
    (5, "NRT", "RT", "CCRT", "NRT", "CCRT", "NRT", C, C, 7),
    (6, "NRT", "RT", "CCRT", "RT", "CCRT", "NRT", W, U, None),
    (7, "NRT", "RT", "IC+CCRT", "NRT", "CCRT", "RT", W, C, 3),
    (8, "NRT", "RT", "IC+CCRT", "RT", "CCRT", "RT", C, W, None),
    (9, "RT", "NRT", "CCRT", "NRT", "IC+CCRT", "RT", W, C, None),
    (10, "RT", "NRT", "CCRT", "RT", "IC+CCRT", "RT", C, W, 10),
    (11, "RT", "NRT", "IC+CCRT", "NRT", "IC+CCRT", "NRT", C, C, 1),
    (12, "RT", "NRT", "IC+CCRT", "RT", "IC+CCRT", "NRT", W, U, None),
    (13, "RT", "RT", "CCRT", "NRT", "IBT", "RT", W, C, 8),
    (14, "RT", "RT", "CCRT", "RT", "IBT", "RT", U, U, 11),
    (15, "RT", "RT", "IC+CCRT", "NRT", "IBT", "RT", W, C, 4),
    (16, "RT", "RT", "IC+CCRT", "RT", "IBT", "RT", U, U, 5),
]
PUBLISHED = shipped_folder() / "decision_table_16.csv"


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: f"cell{row[0]}")
def test_every_cell_follows_the_published_rules(expected: tuple) -> None:
    cell = CELLS[expected[0] - 1]
    found = (
        cell.number, cell.ccrt_model_pred, cell.ic_model_pred, cell.physician_arm, cell.actual_effect,
        cell.recommendation, cell.factual_arm_prediction, cell.model_verdict, cell.physician_verdict, cell.situation,
    )  # fmt: skip
    assert found == expected


def test_the_model_is_never_correct_against_the_consistency_clause() -> None:
    assert not [cell.number for cell in CELLS if cell.model_verdict == C and not cell.consistent]


def test_the_contradictory_cells_are_flagged_and_no_other() -> None:
    flagged = [cell.number for cell in CELLS if cell.as_row()["conflict"]]
    assert flagged == [4, 7]


def test_the_stored_decision_table_is_reproduced_column_by_column() -> None:
    stored = pd.read_csv(PUBLISHED).astype({"situation": "Int64"})
    computed = table3_from_cases(dict(zip(stored["cell"], stored["cases"], strict=True)))
    assert list(computed.columns) == list(stored.columns)
    for column in stored.columns:
        expected = stored[column].astype(object).where(stored[column].notna(), None).tolist()
        found = computed[column].astype(object).where(computed[column].notna(), None).tolist()
        assert found == expected, column


@pytest.mark.parametrize(
    ("pair", "expected"),
    [(("NRT", "NRT"), "CCRT"), (("NRT", "RT"), "CCRT"), (("RT", "NRT"), "IC+CCRT"), (("RT", "RT"), "IBT")],
)
def test_the_lightest_treatment_that_clears_is_recommended(pair: tuple[str, str], expected: str) -> None:
    assert recommend(Outcome(pair[0]), Outcome(pair[1])) is Recommendation(expected)


def test_a_probability_at_the_threshold_predicts_residual_tumour() -> None:
    found = predicts_residual(np.array([0.0, 0.499, 0.5, 1.0]), threshold=0.5)
    assert found.tolist() == [False, False, True, True]


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.2])
def test_a_probability_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(StatisticsError, match="1 of 2 probabilities"):
        predicts_residual(np.array([0.5, bad]), threshold=0.5)


def test_patients_are_judged_as_their_cell_is() -> None:
    everyone = pd.DataFrame(
        product(["NRT", "RT"], ["NRT", "RT"], ["CCRT", "IC+CCRT"], [0, 1]),
        columns=["ccrt_model_pred", "ic_model_pred", "arm", "residual_tumor"],
    ).sample(frac=1, random_state=1)
    judged = judge(everyone)
    by_number = {row[0]: row for row in EXPECTED}
    for row in judged.itertuples():
        expected = by_number[row.cell]
        actual = "RT" if row.residual_tumor else "NRT"
        assert (row.ccrt_model_pred, row.ic_model_pred, row.arm, actual) == expected[1:5]
        assert (row.recommendation, row.model_verdict, row.physician_verdict) == (expected[5], *expected[7:9])
    assert judged.index.equals(everyone.index)


def test_an_unknown_arm_is_refused_not_counted_as_the_other() -> None:
    row = {"arm": ["IC-CCRT"], "residual_tumor": [0], "ccrt_model_pred": ["NRT"], "ic_model_pred": ["NRT"]}
    with pytest.raises(ConsistencyError, match=r"arm holds \['IC-CCRT'\]"):
        judge(pd.DataFrame(row))


def test_cell_numbers_broadcast() -> None:
    found = cell_numbers(
        residual_under_ccrt=np.array([False, True]),
        residual_under_ic_ccrt=np.array([[False], [True]]),
        given_ic=np.array(True),
        residual=np.array(False),
    )
    assert found.tolist() == [[3, 11], [7, 15]]
