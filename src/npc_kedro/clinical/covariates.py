"""The table's other columns: numbers and categories come along, nothing that could tell who a patient is.

A column is left behind if its heading says that it holds names, dates, identifiers or remarks; if most of its numbers
are whole with five digits or more, as identifiers, telephone numbers and dates are, or are years; if a text of it holds
a date or as long a number, or most of its texts look like names; if its text has more than a few values, or values that
hardly ever repeat. The user may allow a column by its heading. Whatever is allowed, a column stays behind if it repeats
the patients' identifiers, or holds one, or a word of a column of names. What comes along is called
``covariate_<heading>``.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from npc_kedro.clinical.mapping import ClinicalMapping, CovariateRules
from npc_kedro.clinical.numbers import Notation, column_numbers, unclear_numbers
from npc_kedro.clinical.problems import Problems
from npc_kedro.clinical.showing import looks_like_date
from npc_kedro.dicom.pseudonyms import normalised_identifier

PREFIX = "covariate_"

_LONGEST_NAME = 40
_LONG_NUMBER = 10_000
"""Whole numbers from here on may be identifiers, telephone numbers or dates; ages, counts and doses lie below."""

_TELEPHONE_NUMBER = 10**9
"""A single one of so many digits is enough."""

_YEARS = (1900, 2100)
_CHINESE = r"\u3400-\u9fff"
_WORD_BREAK = re.compile(
    rf"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d])(?=\d)|(?<=[{_CHINESE}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{_CHINESE}])"
)

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
    """Places of the columns whose heading matches; case and width are ignored, an underscore is a blank.

    Patterns are sought in the heading as it stands, and parted into words: ``PatientenNr``, ``phone2``.
    """
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    written = [unicodedata.normalize("NFKC", heading).replace("_", " ") for heading in headings]
    sought = [(text, _WORD_BREAK.sub(" ", text)) for text in written]
    return [place for place, texts in enumerate(sought) if any(one.search(text) for one in compiled for text in texts)]


def private_columns(headings: Sequence[str], rules: CovariateRules) -> list[int]:
    """Places of the columns whose heading tells of names, birth dates or identifiers and is not allowed."""
    return [place for place in columns_named(headings, rules.private) if not rules.allows(headings[place])]


def carried_covariates(
    cells: pd.DataFrame,
    mapping: ClinicalMapping,
    problems: Problems,
    *,
    identifiers: Sequence[str],
    notation: Notation,
) -> Covariates:
    """The covariates among the columns that the study does not use itself.

    Args:
        cells: those columns as text; the index is the row's number.
        mapping: tells what is missing, and the rules.
        problems: knows which words are private.
        identifiers: the patients', row by row.
        notation: of the numbers of the whole table, where a column's own do not tell.
    """
    rules = mapping.covariates
    barred = columns_named([str(name) for name in cells.columns], (*rules.private, *rules.never))
    columns: dict[str, list[float] | list[str | None]] = {}
    left: dict[int, str] = {}
    for place, heading in enumerate(cells.columns):
        allowed = rules.allows(str(heading))
        texts = ["" if mapping.is_missing(text) else text for text in cells.iloc[:, place]]
        if place in barred and not allowed:
            left[place + 1] = "its heading"
        elif not any(texts):
            left[place + 1] = "empty"
        elif not str(heading) or problems.guard.redact(str(heading)) != str(heading):
            left[place + 1] = "no heading, or a private one"
        elif unclear := unclear_numbers(texts, notation):
            left[place + 1] = unclear
        elif (numbers := column_numbers(texts, notation)) is not None:
            why = "the patients' identifiers" if _repeats(texts, identifiers) else ""
            why = why or ("" if allowed else _private_numbers(numbers))
            if why:
                left[place + 1] = why
            else:
                columns[_name(str(heading), columns)] = numbers
        elif any(problems.guard.redact(text) != text for text in texts):
            left[place + 1] = "holds identifiers or names"
        else:
            why = "" if allowed else _private_texts(texts, rules.names)
            why = why or _no_category(texts, rules.most_categories)
            if why:
                left[place + 1] = why
            else:
                columns[_name(str(heading), columns)] = [text or None for text in texts]
    return Covariates(pd.DataFrame(columns, index=cells.index), left)


def _repeats(texts: Sequence[str], identifiers: Sequence[str]) -> bool:
    own = sum(normalised_identifier(a) == normalised_identifier(b) for a, b in zip(texts, identifiers, strict=True))
    return 2 * own > len(texts)


def _private_numbers(numbers: Sequence[float]) -> str:
    """Why a column of numbers may tell who somebody is; empty if it does not."""
    given = [number for number in numbers if number and not math.isnan(number)]
    whole = [abs(number) for number in given if number.is_integer()]
    if 2 * sum(number >= _LONG_NUMBER for number in whole) > len(given) or max(whole, default=0) >= _TELEPHONE_NUMBER:
        return "whole numbers of five digits or more, as identifiers, telephone numbers and dates are"
    if 2 * sum(_YEARS[0] <= number <= _YEARS[1] for number in whole) > len(given):
        return "numbers that look like years"
    return ""


def _private_texts(texts: Sequence[str], names: Sequence[str]) -> str:
    """Why a column of text may tell who somebody is; empty if it does not."""
    given = {unicodedata.normalize("NFKC", text) for text in texts if text}
    if any(looks_like_date(text) for text in given):
        return "holds dates"
    if any(re.search(r"\d{5}", text) or _is_long_number(text) for text in given):
        return "holds numbers of five digits or more"
    pattern = re.compile("|".join(f"(?:{name})" for name in names), re.IGNORECASE)
    if names and 2 * sum(pattern.search(text) is not None for text in given) > len(given):
        return "texts that look like names"
    return ""


def _is_long_number(text: str) -> bool:
    """Whether a text is nothing but a number of five digits or more, parted in any way: 138-0013-8000."""
    return re.fullmatch(r"[\d\s()+/.-]+", text) is not None and sum(sign.isdigit() for sign in text) > 4


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
