"""The table's other columns: numbers and categories come along, nothing that could tell who a patient is.

A column is left behind if its heading says that it holds names, dates, identifiers or remarks; if its numbers look like
identifiers (whole, all different, of one length, or those of the patients); if its text has more than a few values, or
values that hardly ever repeat, as names do; or if its text holds an identifier, or a word of a column of names. What
comes along is called ``covariate_<heading>``.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from npc_kedro.clinical.mapping import ClinicalMapping
from npc_kedro.clinical.problems import Problems
from npc_kedro.dicom.pseudonyms import normalised_identifier

PREFIX = "covariate_"

_LONGEST_NAME = 40
_IDENTIFIER_DIGITS = 5
"""Whole numbers of one length, all different, are identifiers from this many digits on (and ages or counts below)."""

_PLAIN_VALUE = re.compile(r"[\w<>\u2264\u2265+][\w .,/()<>+%-]{0,23}")
"""A category: short, no markup; ``=`` or ``@`` in front would be a formula to a spreadsheet."""


@dataclass(frozen=True)
class Covariates:
    """What came along and what did not.

    Attributes:
        table: a column per covariate: numbers (float, NaN if missing) or categories (text, None if missing).
        left: why each other column stays behind, by its place from 1; headings may be private.
    """

    table: pd.DataFrame
    left: dict[int, str]


def columns_named(headings: Sequence[str], patterns: Sequence[str]) -> list[int]:
    """Places of the columns whose heading matches; case and width are ignored, an underscore is a blank."""
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    written = [unicodedata.normalize("NFKC", heading).replace("_", " ") for heading in headings]
    return [place for place, text in enumerate(written) if any(pattern.search(text) for pattern in compiled)]


def carried_covariates(
    cells: pd.DataFrame, mapping: ClinicalMapping, problems: Problems, *, identifiers: Sequence[str]
) -> Covariates:
    """The covariates among the columns that the study does not use itself.

    Args:
        cells: those columns as text; the index is the row's number.
        mapping: tells what is missing, and the rules.
        problems: knows which words are private.
        identifiers: the patients', row by row.
    """
    rules = mapping.covariates
    barred = columns_named([str(name) for name in cells.columns], (*rules.private, *rules.never))
    columns: dict[str, list[float] | list[str | None]] = {}
    left: dict[int, str] = {}
    for place, heading in enumerate(cells.columns):
        texts = ["" if mapping.is_missing(text) else text for text in cells.iloc[:, place]]
        if place in barred:
            left[place + 1] = "its heading"
        elif not any(texts):
            left[place + 1] = "empty"
        elif not str(heading) or problems.guard.redact(str(heading)) != str(heading):
            left[place + 1] = "no heading, or a private one"
        elif (numbers := _numbers(texts)) is not None:
            if _like_identifiers(texts, identifiers):
                left[place + 1] = "numbers that look like identifiers"
            else:
                columns[_name(str(heading), columns)] = numbers
        elif any(problems.guard.redact(text) != text for text in texts):
            left[place + 1] = "holds identifiers or names"
        elif why := _no_category(texts, rules.most_categories):
            left[place + 1] = why
        else:
            columns[_name(str(heading), columns)] = [text or None for text in texts]
    return Covariates(pd.DataFrame(columns, index=cells.index), left)


def number_of(text: str) -> float:
    """A cell as a number; a decimal comma is one.

    Raises:
        ValueError: if it is none, or not finite.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    value = float(plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain)
    if not math.isfinite(value):
        msg = "not a finite number"
        raise ValueError(msg)
    return value


def _numbers(texts: Sequence[str]) -> list[float] | None:
    try:
        return [number_of(text) if text else math.nan for text in texts]
    except ValueError:
        return None


def _like_identifiers(texts: Sequence[str], identifiers: Sequence[str]) -> bool:
    own = sum(normalised_identifier(a) == normalised_identifier(b) for a, b in zip(texts, identifiers, strict=True))
    if 2 * own > len(texts):
        return True
    given = [text.removesuffix(".0") for text in texts if text]
    lengths = {len(text) for text in given}
    whole = all(text.isdecimal() for text in given)
    return whole and len(lengths) == 1 and min(lengths) >= _IDENTIFIER_DIGITS and len(set(given)) == len(given)


def _no_category(texts: Sequence[str], most: int) -> str:
    """Why a column of text is none of categories; empty if it is one."""
    given = [text for text in texts if text]
    counts = Counter(given)
    if len(counts) > most or 2 * len(counts) > max(len(given), 2):
        return f"text with {len(counts)} different values in {len(given)} rows"
    if not all(_PLAIN_VALUE.fullmatch(value) for value in counts):
        return "text that is no plain category"
    return ""


def _name(heading: str, taken: object) -> str:
    slug = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", heading).casefold()).strip("_")[:_LONGEST_NAME] or "column"
    names = set(taken)  # type: ignore[call-overload]
    candidates = [f"{PREFIX}{slug}", *(f"{PREFIX}{slug}_{number}" for number in range(2, len(names) + 3))]
    return next(name for name in candidates if name not in names)
