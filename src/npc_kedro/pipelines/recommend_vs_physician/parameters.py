"""Knobs of the comparison."""

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    """What one of the nodes depends on."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PredictionParameters(_Part):
    """How the chosen models are applied."""

    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    threads: int = Field(ge=1, description="torch threads, fixed so that numbers do not depend on the machine")
    batch_size: int = Field(ge=1, description="crops per forward pass; no number depends on it")


class NullPolicyParameters(_Part):
    """What policies that never saw an image are given."""

    seed: int = Field(ge=0, description="of the shuffled models")
    n_permutations: int = Field(ge=1, description="shuffles of the models' predictions among the test patients")
    baseline_threshold: float = Field(gt=0, lt=1, description="probability from which the baseline predicts residual")


class ValueParameters(_Part):
    """How the worth of following the models is estimated."""

    propensity_ridge: float = Field(gt=0, description="penalty of the model of the physicians' choice")
    smallest_propensity: float = Field(gt=0, lt=0.5, description="bound on the weight of a patient in policy_value")


class RecommendVsPhysicianParameters(PredictionParameters, NullPolicyParameters, ValueParameters):
    """How test patients are predicted and how the verdicts are put in perspective."""

    model_config = ConfigDict(extra="forbid", frozen=True)
