"""Knobs of the audit."""

from pydantic import BaseModel, ConfigDict, Field


class AuditPublishedParameters(BaseModel):
    """Which tables are audited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    published_dir: str = Field(
        default="", description="folder with table1.csv, table2.csv, ...; empty for the publication's own, shipped here"
    )
