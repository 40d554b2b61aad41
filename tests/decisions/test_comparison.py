"""The comparison on the publication's own counts, and where nothing can be compared."""

import json
from math import comb, erfc, sqrt

import pandas as pd
import pytest

from npc_kedro.decisions.comparison import compare
from npc_kedro.decisions.tally import Tally, tally
from npc_kedro.errors import ConsistencyError
from npc_kedro.tables.table3 import situations, table3_from_cases


@pytest.fixture(scope="module")
def published(published_cases: dict[int, int]) -> pd.DataFrame:
    return table3_from_cases(published_cases)


def test_the_published_tallies_and_rates(published: pd.DataFrame) -> None:
    tallies = tally(published)
    assert tallies == {"model": Tally(58, 11, 16), "physician": Tally(39, 26, 20)}
    assert f"{tallies['model'].rate:.2%}" == "84.06%"
    assert f"{tallies['physician'].rate:.2%}" == "60.00%"
    assert tally(situations(published)) == tallies


def test_the_published_p_is_an_unpaired_pearson(published: pd.DataFrame) -> None:
    found = compare(published).as_json()
    # Chi-square with one degree of freedom by hand: n (ad - bc)^2 / (row and column sums), P = erfc(sqrt(chi2 / 2)).
    chi2 = 134 * (58 * 26 - 11 * 39) ** 2 / (69 * 65 * 97 * 37)
    assert found["pearson_p"] == pytest.approx(erfc(sqrt(chi2 / 2)), abs=1e-12)
    assert f"{found['pearson_p']:.3f}" == "0.002"
    assert found["model"] == {"correct": 58, "wrong": 11, "undetermined": 16, "rate": 58 / 69}
    assert found["physician"] == {"correct": 39, "wrong": 26, "undetermined": 20, "rate": 0.6}


def test_pairs_give_an_exact_mcnemar_on_the_65_judged_for_both(published: pd.DataFrame) -> None:
    comparison = compare(published)
    # Cells 3 and 10 (17 + 9) are the model's alone, cells 7, 13 and 15 (2 + 1 + 4) the physician's.
    pairs = (comparison.both_correct, comparison.only_model_correct, comparison.only_physician_correct)
    assert (*pairs, comparison.neither_correct) == (32, 26, 7, 0)
    tail = sum(comb(33, k) for k in range(8)) / 2**33
    joint = comparison.judged_for_both
    assert joint is not None
    assert joint.mcnemar_exact_p == pytest.approx(2 * tail, rel=1e-9)
    assert joint.mcnemar_midp_p == pytest.approx(2 * tail - comb(33, 7) / 2**33, rel=1e-9)
    assert (joint.n_model, joint.n_physician) == (65, 65)
    assert (joint.model, joint.physician) == (58 / 65, 39 / 65)
    assert joint.difference == pytest.approx(19 / 65)
    assert 0 < joint.difference_lo < joint.difference < joint.difference_hi < 1


def test_bounds_for_the_unjudged_use_all_85(published: pd.DataFrame) -> None:
    comparison = compare(published)
    as_wrong, as_right = comparison.unjudged_as_wrong, comparison.unjudged_as_right
    assert as_wrong is not None
    assert as_right is not None
    assert (as_wrong.n_model, as_wrong.model, as_wrong.physician) == (85, 58 / 85, 39 / 85)
    assert (as_right.n_model, as_right.model, as_right.physician) == (85, 74 / 85, 59 / 85)
    # As right: cell 2 (4 patients, model wrong, physician undetermined) joins the physician's 7.
    tail = sum(comb(37, k) for k in range(12)) / 2**37
    assert as_right.mcnemar_exact_p == pytest.approx(2 * tail, rel=1e-9)


def test_the_json_holds_only_json(published: pd.DataFrame) -> None:
    found = compare(published).as_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["mcnemar_exact_p"] == found["judged_for_both"]["mcnemar_exact_p"]


def test_what_is_undefined_is_null_and_not_a_number() -> None:
    nobody_judged = compare(table3_from_cases({14: 3, 16: 2})).as_json()
    assert nobody_judged["model"] == {"correct": 0, "wrong": 0, "undetermined": 5, "rate": None}
    assert nobody_judged["pearson_p"] is None
    assert nobody_judged["judged_for_both"] is None
    all_correct = compare(table3_from_cases({1: 5})).as_json()
    assert all_correct["pearson_p"] is None
    assert all_correct["mcnemar_exact_p"] == 1.0


@pytest.mark.parametrize(
    ("column", "value", "match"), [("cases", -1, "whole numbers"), ("model_verdict", "?", "holds")]
)
def test_a_broken_table_is_refused(published: pd.DataFrame, column: str, value: object, match: str) -> None:
    broken = published.copy()
    broken.loc[0, column] = value
    with pytest.raises(ConsistencyError, match=match):
        tally(broken)
