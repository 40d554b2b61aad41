"""A phantom of locoregionally advanced nasopharyngeal carcinoma: patients, pictures and files of a simulated cohort.

>>> write_cohort(folder, SimulationPlan(patients={Arm.CCRT: 6, Arm.IC_CCRT: 6}, outlined=4, matrix=48))
"""

from npc_kedro.simulation.plan import SimulationPlan
from npc_kedro.simulation.writing import SimulatedCohort, draw_cohort, write_cohort

__all__ = ["SimulatedCohort", "SimulationPlan", "draw_cohort", "write_cohort"]
