"""The figures of the comparison."""

from typing import TYPE_CHECKING

import pandas as pd

from npc_kedro.cohorts import is_simulated

if TYPE_CHECKING:
    from npc_kedro.figures.canvas import Figure


def draw_sixteen_cells(table3: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """The 16 cells as a flow from prediction to recommendation to verdict."""
    from npc_kedro.figures.sixteen_cells_flow import sixteen_cells_flow

    return sixteen_cells_flow(table3, simulated=is_simulated(patients))


def draw_null_policies(null_policies: pd.DataFrame, patients: pd.DataFrame) -> "Figure":
    """Correct rates of models and physicians beside those of policies that look at no image."""
    from npc_kedro.figures.null_policies import null_policies as dot_plot

    ours = null_policies["policy"] == "models"
    as_models = null_policies[null_policies["who"] == "model"]
    named = as_models.assign(policy=as_models["policy"].where(as_models["policy"] != "models", "model"))
    physicians = null_policies[ours & (null_policies["who"] == "physician")].assign(policy="physician")
    return dot_plot(pd.concat([named, physicians], ignore_index=True), simulated=is_simulated(patients))
