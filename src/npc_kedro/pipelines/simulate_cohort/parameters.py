"""Knobs of the simulated cohort."""

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from npc_kedro.study import Arm

if TYPE_CHECKING:
    from npc_kedro.simulation import SimulationPlan


class ArmSizes(BaseModel):
    """A number of patients for each arm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ccrt: int = Field(ge=2)
    ic_ccrt: int = Field(ge=2)


class ArmShares(BaseModel):
    """A share of patients for each arm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ccrt: float = Field(gt=0, lt=1)
    ic_ccrt: float = Field(gt=0, lt=1)


class SimulateCohortParameters(BaseModel):
    """Size and difficulty of the simulated cohort."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cohort_root: str = Field(description="folder of a real cohort; not empty means that nothing is simulated")
    seed: int = Field(ge=0)
    patients: ArmSizes
    outlined: int = Field(ge=3, description="patients with manual outlines, over both arms")
    matrix: int = Field(ge=32, le=1024, description="rows and columns of every slice")
    slice_spacing_mm: float = Field(ge=1, le=20, description="from centre to centre of neighbouring slices")
    slice_thickness_mm: float = Field(gt=0, le=20)
    oracle_auc: float = Field(ge=0.55, le=0.99, description="AUC of the true probabilities within each arm")
    residual_share: ArmShares = Field(description="residual tumour within each arm; published 76/210 and 52/214")
    sign_noise: float = Field(
        ge=0, le=5, description="scatter between a latent factor (SD 1) and its sign in the picture"
    )
    fat_suppressed_share: float = Field(ge=0, le=1, description="patients whose enhanced series suppresses fat")
    motion_share: float = Field(ge=0, le=1, description="patients with motion ghosts")
    distractor_share: float = Field(ge=0, le=1, description="patients with each of T2, unenhanced T1 and localizer")
    workers: Literal["auto"] | int = Field(description="processes that write; auto is one per core")

    def plan(self) -> "SimulationPlan":
        """The same as the simulator takes it."""
        from npc_kedro.simulation import SimulationPlan

        same = self.model_dump(exclude={"cohort_root", "patients", "residual_share", "workers"})
        return SimulationPlan(
            **same,
            patients={Arm.CCRT: self.patients.ccrt, Arm.IC_CCRT: self.patients.ic_ccrt},
            residual_share={Arm.CCRT: self.residual_share.ccrt, Arm.IC_CCRT: self.residual_share.ic_ccrt},
            workers=0 if self.workers == "auto" else self.workers,
        )
