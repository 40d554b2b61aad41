"""Knobs of the split."""

from pydantic import BaseModel, ConfigDict, Field


class SplitParameters(BaseModel):
    """How patients are divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(ge=0)
    test_share: float = Field(gt=0, lt=1, description="share of each arm's patients in the test cohort; 0.2 is 4:1")
    validation_share: float = Field(gt=0, lt=1, description="share of the training patients kept for inner validation")
