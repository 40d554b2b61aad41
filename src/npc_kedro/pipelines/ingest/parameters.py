"""The knobs of ``ingest``."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.dicom.outlines.rules import OutlineRules
from npc_kedro.dicom.rules import SeriesRules

_STRICT = ConfigDict(extra="forbid", frozen=True)


class IngestParameters(BaseModel):
    """Everything that ``ingest`` can be told."""

    model_config = _STRICT
    matrix: int = Field(ge=16, description="side of every stored slice, pixels")
    workers: int = Field(ge=0, description="processes that read and decode; 0 is one per CPU")
    scratch: str = Field(description="folder for pixels on their way into the catalog")
    pseudonym_key_file: str = Field(description="secret key of a real cohort; created at first use, mode 0600")
    accept_without_preamble: bool = Field(description="read DICOM files that lack the 128-byte preamble")
    max_days_before_treatment: float = Field(
        gt=0, description="studies made longer before treatment_start are not used; .inf for any; needs treatment_start"
    )
    series_rules: SeriesRules
    clinical: ClinicalMapping
    outlines: OutlineRules


def what_counts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All of them but those that only say where and by how many processes the work is done."""
    settings = IngestParameters.model_validate(parameters)
    return settings.model_dump(mode="json", exclude={"workers", "scratch"})


def what_counts_before_pixels(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What counts for the table, the headers and the choice of series."""
    return {name: value for name, value in what_counts(parameters).items() if name != "matrix"}
