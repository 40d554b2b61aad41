"""The knobs of ``ingest``."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.dicom.rules import SeriesRules

_STRICT = ConfigDict(extra="forbid", frozen=True)

LABELS = {"primary": 1, "node": 2}
"""The study's labels in ``outlines``; 0 is background."""


class OutlineParameters(BaseModel):
    """How outline files are matched and what their labels mean."""

    model_config = _STRICT
    name_pattern: str = Field(description="regular expression of the file name without suffix; group patient_id")
    labels: dict[Literal["primary", "node"], tuple[int, ...]] = Field(description="label values of each structure")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if "patient_id" not in re.compile(self.name_pattern).groupindex:
            msg = "outlines.name_pattern needs a group named patient_id, e.g. (?P<patient_id>.+)"
            raise ValueError(msg)
        given = [label for values in self.labels.values() for label in values]
        if len(given) != len(set(given)) or not all(label > 0 for label in given):
            msg = f"outlines.labels {sorted(given)}: each label belongs to one structure and is above 0"
            raise ValueError(msg)
        return self

    def meanings(self) -> dict[int, int]:
        """Label in the file to the study's label."""
        return {label: LABELS[structure] for structure, labels in self.labels.items() for label in labels}


class IngestParameters(BaseModel):
    """Everything that ``ingest`` can be told."""

    model_config = _STRICT
    matrix: int = Field(ge=16, description="side of every stored slice, pixels")
    workers: int = Field(ge=0, description="processes that read and decode; 0 is one per CPU")
    scratch: str = Field(description="folder for pixels on their way into the catalog")
    pseudonym_key_file: str = Field(description="secret key of a real cohort; created at first use, mode 0600")
    accept_without_preamble: bool = Field(description="read DICOM files that lack the 128-byte preamble")
    series_rules: SeriesRules
    clinical: ClinicalMapping
    outlines: OutlineParameters
