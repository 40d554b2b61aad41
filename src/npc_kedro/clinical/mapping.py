"""How a hospital's columns and spellings lead to the study's words: the typed form of ``ingest.clinical``."""

import re
import unicodedata
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.clinical.dates import DATE_COLUMNS, DateOrder
from npc_kedro.study import Arm

_STRICT = ConfigDict(extra="forbid", frozen=True)

VALUES: dict[str, tuple[str, ...]] = {
    "arm": tuple(arm.value for arm in Arm),
    "residual_tumor": ("1", "0"),
    "sex": ("male", "female"),
    "ajcc_stage": ("I", "II", "III", "IVa", "IVb"),
    "t_stage": ("T1", "T2", "T3", "T4"),
    "n_stage": ("N0", "N1", "N2", "N3"),
}
"""What each column may hold in the study. Stages I, II and IVb are understood in order to exclude them."""

COLUMNS = ("patient_id", "arm", "residual_tumor", "age", "sex", "ajcc_stage", "t_stage", "n_stage")


def simplified(text: str) -> str:
    """A spelling without case, width, blanks, dashes, dots and underscores: ``IC + CCRT`` and ``ic+ccrt`` are one."""
    return re.sub(r"[\s\-_.\u2010-\u2015]+", "", unicodedata.normalize("NFKC", text).casefold())


class CovariateRules(BaseModel):
    """Which of the table's other columns come along; see :mod:`npc_kedro.clinical.covariates`."""

    model_config = _STRICT
    private: tuple[str, ...] = Field(description="headings (regular expressions) of names, birth dates, identifiers")
    never: tuple[str, ...] = Field(description="headings of what else is left: dates, remarks")
    most_categories: int = Field(ge=2, description="values that a column of text may have at most")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for pattern in (*self.private, *self.never):
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"covariates: {pattern!r} is no regular expression ({error})"
                raise ValueError(msg) from None
        return self


class ClinicalMapping(BaseModel):
    """Names of columns and spellings of values; spellings are compared without case, blanks, dashes and dots."""

    model_config = _STRICT
    encoding: str = Field(default="", description="of a text file, as Python names it; empty to recognise it")
    sheet: str = Field(default="", description="name or number of the Excel sheet; empty for the only filled one")
    date_order: DateOrder = Field(default="auto", description="of dates such as 03/04/2020, if the table cannot tell")
    columns: dict[str, tuple[str, ...]] = Field(description="for each of the study's columns the names it may have")
    values: dict[str, dict[str, tuple[str, ...]]] = Field(description="for each column and value the other spellings")
    missing: tuple[str, ...] = Field(description="spellings of a missing item; an empty cell always is one")
    age_years: tuple[float, float] = Field(description="lowest and highest age that is believed")
    covariates: CovariateRules

    @model_validator(mode="after")
    def _known_words(self) -> Self:
        strange = set(self.columns) - {*COLUMNS, *DATE_COLUMNS} | set(self.values) - set(VALUES)
        if strange:
            msg = f"unknown columns {sorted(strange)}; expected among {[*COLUMNS, *DATE_COLUMNS]}"
            raise ValueError(msg)
        for column, spellings in self.values.items():
            unknown = set(spellings) - set(VALUES[column])
            if unknown:
                msg = f"{column}: unknown values {sorted(unknown)}; expected among {list(VALUES[column])}"
                raise ValueError(msg)
        for column in VALUES:
            self.spellings(column)
        return self

    def names(self, column: str) -> tuple[str, ...]:
        """The names that a column may have, the study's own first."""
        return (column, *self.columns.get(column, ()))

    def headings(self) -> set[str]:
        """Every name that a column of the table may have."""
        return {name for column in (*COLUMNS, *DATE_COLUMNS) for name in self.names(column)}

    def spellings(self, column: str) -> dict[str, str]:
        """Simplified spelling to the study's value.

        Raises:
            ValueError: if one spelling stands for two values.
        """
        lookup: dict[str, str] = {}
        for value in VALUES[column]:
            for spelling in (value, *self.values.get(column, {}).get(value, ())):
                if lookup.setdefault(simplified(spelling), value) != value:
                    msg = f"{column}: the spelling {spelling!r} stands for two values"
                    raise ValueError(msg)
        return lookup

    def is_missing(self, text: str) -> bool:
        """Whether a cell's text means that the item is missing."""
        return not text or text.casefold() in {spelling.casefold() for spelling in self.missing}
