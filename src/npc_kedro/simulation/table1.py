"""The publication's Table 1 as the simulator needs it: counts by arm, train and test patients together.

Source: Hua et al., Quant Imaging Med Surg 2023;13(6):3569-3586, Table 1.
"""

from dataclasses import dataclass

import numpy as np

from npc_kedro.study import Arm

T_STAGES = ("T1", "T2", "T3", "T4")
N_STAGES = ("N0", "N1", "N2", "N3")


@dataclass(frozen=True)
class Marginals:
    """One arm's clinical factors, each on its own.

    Attributes:
        t_stage, n_stage: patients with T1..T4 and N0..N3.
        stage_iva: patients in AJCC stage IVa; the others are in stage III.
        male: patients of male sex.
        age_mean, age_sd: in years.
    """

    t_stage: tuple[int, int, int, int]
    n_stage: tuple[int, int, int, int]
    stage_iva: int
    male: int
    age_mean: float
    age_sd: float

    @property
    def patients(self) -> int:
        """Patients in the arm."""
        return sum(self.t_stage)


PUBLISHED = {
    Arm.CCRT: Marginals((16, 48, 83, 63), (35, 55, 104, 16), stage_iva=68, male=135, age_mean=53.95, age_sd=10.79),
    Arm.IC_CCRT: Marginals((10, 44, 87, 73), (23, 71, 85, 35), stage_iva=94, male=165, age_mean=49.04, age_sd=11.52),
}

STAGE_IVA = np.array([[t == 3 or n == 3 for n in range(4)] for t in range(4)])
"""AJCC 8th edition: T4 or N3 is IVa. Rows T1..T4, columns N0..N3."""

LOCALLY_ADVANCED = STAGE_IVA | np.array([[t == 2 or n == 2 for n in range(4)] for t in range(4)])
"""Stage III or IVa: the cells that this cohort can hold."""


def stage_distribution(margins: Marginals) -> np.ndarray:
    """Joint probability of T and N, shape (4, 4), with the published margins of T, N and AJCC stage.

    The publication prints no joint table. Among all joint tables that are zero below stage III and have these margins,
    iterative proportional fitting from a uniform start gives the one of maximum entropy.
    """
    table = LOCALLY_ADVANCED.astype(float)
    total = margins.patients
    for _ in range(500):
        table *= (np.array(margins.t_stage) / table.sum(axis=1))[:, None]
        table *= (np.array(margins.n_stage) / table.sum(axis=0))[None, :]
        table[STAGE_IVA] *= margins.stage_iva / table[STAGE_IVA].sum()
        table[~STAGE_IVA] *= (total - margins.stage_iva) / table[~STAGE_IVA].sum()
    return table / table.sum()
