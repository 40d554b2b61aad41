"""The node of ``simulate_cohort``."""

import logging
from typing import TYPE_CHECKING, Any

import pandas as pd

from npc_kedro import reporter
from npc_kedro.cohort import NothingSimulated
from npc_kedro.pipelines.simulate_cohort.parameters import SimulateCohortParameters

if TYPE_CHECKING:
    from npc_kedro.simulation import SimulatedCohort

logger = logging.getLogger(__name__)


def simulate(
    parameters: dict[str, Any],
) -> tuple["SimulatedCohort | NothingSimulated", pd.DataFrame, dict[str, Any]]:
    """Draws the simulated cohort, or nothing when ``cohort_root`` names a real one.

    Returns:
        the cohort, which writes itself when it is saved; the truth, one row a patient, for nobody but the curious; and
        what the truth amounts to: oracle AUC, residual shares and counts by arm.
    """
    knobs = SimulateCohortParameters.model_validate(parameters)
    if knobs.cohort_root:
        return NothingSimulated(), pd.DataFrame(columns=["patient_id"]), {"simulated": False}
    from npc_kedro.simulation import draw_cohort

    plan = knobs.plan()
    # files are written when the catalog saves the cohort, after this node's listener has been taken away
    cohort = draw_cohort(plan, listener=reporter.current())
    summary = cohort.patients.summary(plan)
    for arm, facts in summary["arms"].items():
        logger.info(
            "Simulated %s: %d patients, residual tumour in %d, oracle AUC %s",
            arm,
            facts["patients"],
            facts["residual_tumor"],
            facts["oracle_auc"],
        )
    return cohort, cohort.patients.truth, summary
