"""How large a simulated cohort is and how hard its pictures are to read."""

import os
from dataclasses import dataclass, field

from npc_kedro.errors import ParameterError
from npc_kedro.study import Arm

PUBLISHED_RESIDUAL_SHARE = {Arm.CCRT: 76 / 210, Arm.IC_CCRT: 52 / 214}
"""Patients with residual tumour in each arm, train and test together (Table 1)."""


@dataclass(frozen=True)
class SimulationPlan:
    """Everything that decides what a simulated cohort contains, byte for byte, and how many workers write it.

    Attributes:
        seed: start of every random stream.
        patients: number of patients in each arm.
        outlined: patients with manual outlines, over both arms.
        matrix: rows and columns of every axial slice.
        slice_spacing_mm: from centre to centre of neighbouring slices.
        slice_thickness_mm: nominal thickness, written to the headers.
        oracle_auc: AUC of the true probabilities within each arm, in the population the cohort is drawn from.
        residual_share: share of residual tumour within each arm, in that population.
        sign_noise: standard deviation of what separates a latent factor (unit variance) from its sign in the pictures.
        fat_suppressed_share: share of patients whose contrast-enhanced series suppresses fat.
        motion_share: share of patients with motion ghosts.
        distractor_share: share of patients that have each kind of other series: T2, unenhanced T1, localizer.
        workers: processes that write; 0 means one per core. Does not change a single byte.
    """

    seed: int = 2023
    patients: dict[Arm, int] = field(default_factory=lambda: {Arm.CCRT: 64, Arm.IC_CCRT: 64})
    outlined: int = 24
    matrix: int = 160
    slice_spacing_mm: float = 9.0
    slice_thickness_mm: float = 5.0
    oracle_auc: float = 0.95
    residual_share: dict[Arm, float] = field(default_factory=lambda: dict(PUBLISHED_RESIDUAL_SHARE))
    sign_noise: float = 0.2
    fat_suppressed_share: float = 0.9
    motion_share: float = 0.2
    distractor_share: float = 0.3
    workers: int = 0

    def __post_init__(self) -> None:
        total = sum(self.patients.values())
        if self.outlined > total:
            msg = (
                f"{self.outlined} outlined patients asked of a cohort of {total}; "
                "lower simulation.outlined or raise simulation.patients"
            )
            raise ParameterError(msg)
        if not 0.5 < self.oracle_auc < 1:
            msg = f"oracle_auc is {self.oracle_auc}; expected a value above 0.5 and below 1, such as 0.95"
            raise ParameterError(msg)

    @property
    def processes(self) -> int:
        """How many processes write."""
        return self.workers or len(os.sched_getaffinity(0))
