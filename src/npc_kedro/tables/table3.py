"""Table 3: how many patients stand in each of the 16 cells, and the publication's two coarser views of the same."""

from collections.abc import Mapping

import pandas as pd

from npc_kedro.decisions.cells import CELLS
from npc_kedro.errors import ConsistencyError

COLUMNS: tuple[str, ...] = (
    "cell", "ccrt_model_pred", "ic_model_pred", "physician_arm", "actual_effect", "recommendation",
    "recommended_effect", "factual_arm_prediction", "prediction_consistent_with_actual", "model_verdict",
    "physician_verdict", "paragraph_only_verdict_if_different_rule", "situation", "cases", "status", "conflict",
    "source", "note",
)  # fmt: skip
"""The columns of ``published/decision_table_16.csv``, so that published and computed lie side by side."""


def table3(decisions: pd.DataFrame) -> pd.DataFrame:
    """Table 3 of a cohort: all 16 cells with their cases.

    Args:
        decisions: one row per test patient with its ``cell`` (:func:`npc_kedro.decisions.cells.judge`).

    Returns:
        16 rows with :data:`COLUMNS`. ``conflict`` flags the two cells on which the publication contradicts itself;
        ``situation`` is empty for the five cells that the publication did not meet, whatever the cases here.
    """
    return table3_from_cases(decisions["cell"].value_counts().to_dict())


def table3_from_cases(cases: Mapping[int, int]) -> pd.DataFrame:
    """Table 3 from the number of patients in each cell; cells not named have none.

    Raises:
        ConsistencyError: if a cell's number is not 1-16.
    """
    strange = sorted(set(cases) - {cell.number for cell in CELLS})
    if strange:
        msg = f"cells {strange} do not exist; they are numbered 1 to {len(CELLS)}"
        raise ConsistencyError(msg)
    rows = [{**cell.as_row(), "cases": int(cases.get(cell.number, 0))} for cell in CELLS]
    table = pd.DataFrame(rows).assign(status=["observed" if row["cases"] else "unobserved" for row in rows])
    return table.astype({"situation": "Int64"})[list(COLUMNS)]


def situations(table: pd.DataFrame) -> pd.DataFrame:
    """The publication's 11 situations by its own numbers, in the columns of ``published/table3.csv``.

    Patients in the five other cells are not in it: compare its sum with that of the 16 cells.
    """
    columns = [
        "situation", "ccrt_model_pred", "ic_model_pred", "recommendation", "predicted_effect", "physician_arm",
        "actual_effect", "cases", "model_verdict", "physician_verdict",
    ]  # fmt: skip
    known = table[table["situation"].notna()].rename(columns={"recommended_effect": "predicted_effect"})
    return known.sort_values("situation", ignore_index=True)[columns]


def conditions(table: pd.DataFrame) -> pd.DataFrame:
    """The publication's 12 conditions: recommendation x physician's arm x actual outcome.

    Returns:
        recommendation, physician_arm, actual_effect, cells (their numbers), cases, model_verdict, physician_verdict
        (joined by " / " where the cells of a condition differ) and one_verdict, which is False where a condition cannot
        carry the rules.
    """
    rows = []
    keys = ["recommendation", "physician_arm", "actual_effect"]
    for where, cells in table.groupby(keys, sort=False):
        verdicts = {who: list(dict.fromkeys(cells[who])) for who in ("model_verdict", "physician_verdict")}
        rows.append(
            {
                **dict(zip(keys, where, strict=True)),
                "cells": " ".join(str(number) for number in cells["cell"]),
                "cases": int(cells["cases"].sum()),
                **{who: " / ".join(found) for who, found in verdicts.items()},
                "one_verdict": all(len(found) == 1 for found in verdicts.values()),
            }
        )
    return pd.DataFrame(rows)
