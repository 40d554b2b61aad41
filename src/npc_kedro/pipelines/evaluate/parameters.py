"""Knobs of the evaluation."""

from pydantic import BaseModel, ConfigDict, Field


class GradCamParameters(BaseModel):
    """Which slices get a Grad-CAM overlay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = Field(description="network whose patient-level models are looked into")
    patients_per_outcome: int = Field(ge=1, description="test patients shown for each arm and outcome")


class PredictionParameters(BaseModel):
    """How a classifier is applied; all that a prediction depends on."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    threads: int = Field(ge=1, description="torch threads, fixed so that numbers do not depend on the machine")
    batch_size: int = Field(ge=1, description="slices in one forward pass")


class EvaluateParameters(PredictionParameters):
    """How the test cohort is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(ge=0)
    n_resamples: int = Field(ge=100, description="bootstrap resamples, by patient")
    level: float = Field(gt=0, lt=1, description="confidence level")
    calibration_bins: int = Field(ge=2)
    baseline_ridge: float = Field(gt=0, description="penalty of the clinical baseline's logistic fit")
    grad_cam: GradCamParameters
