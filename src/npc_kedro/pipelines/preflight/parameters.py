"""The knobs of ``preflight``."""

from pydantic import BaseModel, ConfigDict, Field


class PreflightParameters(BaseModel):
    """How thorough the checks and how long the page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files_decoded_per_series: int = Field(ge=0, description="files of every chosen series that are decoded on trial")
    shown_of_a_kind: int = Field(ge=1, description="findings of one kind on the page; preflight.csv has all")
