"""Knobs of the evaluation."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from npc_kedro.study import NETWORKS


class GradCamParameters(BaseModel):
    """Which slices get a Grad-CAM overlay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    network: str = Field(description="network whose patient-level models are looked into")
    patients_per_outcome: int = Field(ge=1, description="test patients shown for each arm and outcome")

    @field_validator("network")
    @classmethod
    def _is_trained(cls, network: str) -> str:
        if network not in NETWORKS:
            msg = f"{network!r} is none of the study's networks; expected one of {', '.join(NETWORKS)}"
            raise ValueError(msg)
        return network


class _Part(BaseModel):
    """What one of the nodes depends on."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PredictionParameters(_Part):
    """How a classifier is applied."""

    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    threads: int = Field(ge=1, description="torch threads, fixed so that numbers do not depend on the machine")
    batch_size: int = Field(ge=1, description="slices in one forward pass")


class BaselineParameters(_Part):
    """How the clinical baseline is fitted."""

    baseline_ridge: float = Field(gt=0, description="penalty of the clinical baseline's logistic fit")


class ResamplingParameters(_Part):
    """How intervals are found that no formula gives."""

    seed: int = Field(ge=0)
    n_resamples: int = Field(ge=100, description="bootstrap resamples, by patient")


class CurveParameters(ResamplingParameters):
    """How curves are traced."""

    calibration_bins: int = Field(ge=2)


class OverlayParameters(_Part):
    """Which overlays are drawn."""

    grad_cam: GradCamParameters


class EvaluateParameters(PredictionParameters, BaselineParameters, CurveParameters, OverlayParameters):
    """How the test cohort is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
