"""How a hospital's columns and spellings lead to the study's words: the typed form of ``ingest.clinical``."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
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


_DASHES = r"\-\u2010-\u2015\u2212"
_JOINERS = re.compile(rf"[\s_.{_DASHES}]+")
_ROMAN_BEFORE, _ROMAN_AFTER = re.compile(r"(?<![^\W\d_])[ivx]+$"), re.compile(r"[ivx]+(?![^\W\d_])")


_SIGNS_OF_NUMERALS = re.compile(r"(?<=[ivxIVX\u2160-\u217f])(?=[\u2160-\u217f])|(?<=[\u2160-\u217f])(?=[ivxIVX])")
"""Between two Roman numerals of which one is a single sign: I and II, not III."""


def simplified(heading: str) -> str:
    """A heading without case, width, blanks, dashes, dots and underscores: ``T-stage`` and ``t_stage`` are one."""
    return _JOINERS.sub("", unicodedata.normalize("NFKC", heading).casefold())


def spelling(cell: str) -> str:
    """A cell simplified likewise, but for signs and ranges: ``IC-CCRT`` and ``ic ccrt`` are one, ``-1`` is not ``1``.

    What stands in front of everything, a dash at the end, a minus, and whatever parts two digits or two Roman numerals
    stays, as ``-``: ``RT-`` is not ``RT``, ``I-II`` not ``III``, nor are the two signs of ``ⅠⅡ``. A cell of
    nothing else stays; its dashes are ``-``.
    """
    plain = unicodedata.normalize("NFKC", _SIGNS_OF_NUMERALS.sub("-", cell)).casefold().strip()
    if _JOINERS.fullmatch(plain):
        return re.sub(f"[{_DASHES}]", "-", plain)
    return _JOINERS.sub(_kept_joiner, plain)


def _kept_joiner(joiner: re.Match[str]) -> str:
    before, after = joiner.string[: joiner.start()], joiner.string[joiner.end() :]
    if not before or not after:
        return "-" if not before or re.search(rf"[{_DASHES}]", joiner[0]) else ""
    minus = re.search(rf"\s[{_DASHES}]$", joiner[0]) and after[0].isdigit()
    digits = before[-1].isdigit() and after[0].isdigit()
    numerals = _ROMAN_BEFORE.search(before) and _ROMAN_AFTER.match(after)
    return "-" if minus or digits or numerals else ""


def _mark(text: str) -> str:
    """A mark of what is missing without case, width and the dots of what is shortened, dashes as ``-``: ``n.a.``."""
    plain = re.sub(f"[{_DASHES}]", "-", unicodedata.normalize("NFKC", text).casefold().strip())
    return re.sub(r"(?<=[^\W\d])\.\s?", "", plain)


@lru_cache(maxsize=8)
def _marks(missing: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_mark, missing))


class CovariateRules(BaseModel):
    """Which of the table's other columns come along; see :mod:`npc_kedro.clinical.covariates`."""

    model_config = _STRICT
    private: tuple[str, ...] = Field(description="headings (regular expressions) of names, birth dates, identifiers")
    never: tuple[str, ...] = Field(description="headings of what else is left: dates, remarks")
    names: tuple[str, ...] = Field(default=(), description="what texts look like (regular expressions) that are names")
    words: tuple[str, ...] = Field(default=(), description="what categories are made of; words parted by blanks")
    codes: tuple[str, ...] = Field(default=(), description="categories that are no words (regular expressions)")
    allow: tuple[str, ...] = Field(default=(), description="headings, as written, of columns that come along anyway")
    most_categories: int = Field(ge=2, description="values that a column of text may have at most")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for pattern in (*self.private, *self.never, *self.names, *self.codes):
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"covariates: {pattern!r} is no regular expression ({error})"
                raise ValueError(msg) from None
        return self

    def allows(self, heading: str) -> bool:
        """Whether the user lets the column of this heading come along."""
        return simplified(heading) in {simplified(name) for name in self.allow}


class ClinicalMapping(BaseModel):
    """Names of columns and spellings of values; spellings are compared without case and blanks."""

    model_config = _STRICT
    encoding: str = Field(default="", description="of a text file, as Python names it; empty to recognise it")
    sheet: str = Field(
        default="",
        coerce_numbers_to_str=True,
        description="name or number of the Excel sheet; empty for the only filled one",
    )
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
            for written in (value, *self.values.get(column, {}).get(value, ())):
                if lookup.setdefault(spelling(written), value) != value:
                    msg = f"{column}: the spelling {written!r} stands for two values"
                    raise ValueError(msg)
        return lookup

    def value_of(self, text: str, lookup: Mapping[str, str]) -> str | None:
        """The study's value for a cell of a column with these :meth:`spellings`; None if the item is missing.

        A spelling that is mapped goes before the marks of what is missing: ``-`` may stand for a value.

        Raises:
            KeyError: if the cell is not understood.
        """
        written = spelling(text.removesuffix(".0"))
        return None if not text or (written not in lookup and self.is_missing(text)) else lookup[written]

    def is_missing(self, text: str) -> bool:
        """Whether a cell's text means that the item is missing, where it is not mapped to a value."""
        return not text or _mark(text) in _marks(self.missing)
