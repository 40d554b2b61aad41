"""Table 3 and its two coarser views, on the publication's counts."""

import pandas as pd
import pytest

from npc_kedro.errors import ConsistencyError
from npc_kedro.published import shipped_folder
from npc_kedro.tables.table3 import COLUMNS, conditions, situations, table3, table3_from_cases

PUBLISHED_CASES = {1: 21, 2: 4, 3: 17, 5: 2, 7: 2, 10: 9, 11: 9, 13: 1, 14: 5, 15: 4, 16: 11}
PUBLISHED = shipped_folder() / "table3.csv"


def test_patients_are_counted_in_their_cells() -> None:
    table = table3(pd.DataFrame({"cell": [16, 1, 1, 4]}))
    assert tuple(table.columns) == COLUMNS
    assert dict(zip(table["cell"], table["cases"], strict=True)) == {
        number: {1: 2, 4: 1, 16: 1}.get(number, 0) for number in range(1, 17)
    }
    assert table.loc[table["status"] == "observed", "cell"].tolist() == [1, 4, 16]


def test_the_eleven_situations_are_the_published_rows() -> None:
    stored = pd.read_csv(PUBLISHED)
    found = situations(table3_from_cases(PUBLISHED_CASES)).astype({"situation": "int64"})
    pd.testing.assert_frame_equal(found, stored, check_dtype=False)


def test_the_twelve_conditions_cannot_carry_the_rules() -> None:
    table = conditions(table3_from_cases(PUBLISHED_CASES))
    assert len(table) == 12
    assert table["cases"].sum() == 85
    condition = table[~table["one_verdict"]].iloc[0]
    assert (condition["recommendation"], condition["physician_arm"], condition["actual_effect"]) == (
        "CCRT", "IC+CCRT", "NRT",
    )  # fmt: skip
    assert condition["cells"] == "3 7"
    assert condition["cases"] == 19
    assert (condition["model_verdict"], condition["physician_verdict"]) == ("correct / wrong", "wrong / correct")


def test_a_cell_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConsistencyError, match=r"cells \[17\] do not exist"):
        table3_from_cases({17: 1})
