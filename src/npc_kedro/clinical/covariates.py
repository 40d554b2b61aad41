"""The table's other columns: numbers and plain categories come along, nothing that could tell who a patient is.

Text is left behind unless it is known to be harmless: each value has to be a plain category by a vocabulary
(:mod:`npc_kedro.clinical.categories`), or the user allows the column by its heading. Even then it stays behind if it
holds dates, long numbers or what looks like names. Numbers come along unless the heading says that they are
identifiers, telephone numbers, postal codes or dates; unless most of them are whole with five digits or more, days
with a time as a spreadsheet counts them, years, or months and parts of years; and unless they are the cohort's
identifiers. Whatever is allowed, a column stays behind if it holds an identifier, or a word of a column of names. What
comes along is called ``covariate_<heading>``.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from npc_kedro.clinical.categories import Vocabulary
from npc_kedro.clinical.mapping import ClinicalMapping, CovariateRules, simplified
from npc_kedro.clinical.marks import without_missing
from npc_kedro.clinical.numbers import PLAINLY, Notation, column_numbers, unclear_numbers
from npc_kedro.clinical.problems import Problems
from npc_kedro.clinical.showing import looks_like_date, shown
from npc_kedro.dicom.pseudonyms import normalised_identifier

PREFIX = "covariate_"

_LONGEST_NAME = 40
_LONG_NUMBER = 10_000
"""Whole numbers from here on may be identifiers, telephone numbers or dates; ages, counts and doses lie below."""

_TELEPHONE_NUMBER = 10**9
"""A single one of so many digits is enough."""

_IDENTIFIER = re.compile(r"\d{4,}")
"""Shorter numbers are identifiers by chance all the time."""

_YEARS = (1900, 2100)
_SPREADSHEET_DAYS = (10_000, 73_051)
"""From 1927 to 2099; the time of day stands behind the point."""
_CHINESE = r"\u3400-\u9fff"
_WORD_BREAK = re.compile(
    rf"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d])(?=\d)|(?<=[{_CHINESE}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{_CHINESE}])"
)

_PLAIN_VALUE = re.compile(r"(?:[<>\u2264\u2265]=?\s?\d|[\w+(\u2264\u2265])[\w .,/()+%-]{0,23}")
"""What a column may hold that is allowed: short, no markup; ``=`` or ``@`` in front would be a formula."""

_SHOWN_ROWS = 5

ALLOW = "nothing, or name its heading in ingest.clinical.covariates.allow"
_CODE = "nothing, or write codes instead (A, B or 1, 2), each in two rows or more"
_NUMBER = "write a number or leave the cell empty, or list its spelling in ingest.clinical.missing"
_DELETE = "nothing, or take these numbers out"
_OTHER_HEADING = "nothing, or give it a heading of other words if what it holds identifies nobody"
_HEADING = "nothing, or give the column a heading of plain words"


@dataclass(frozen=True)
class Left:
    """Why a column stays behind, and what to do if it is wanted."""

    why: str
    remedy: str = ALLOW


@dataclass(frozen=True)
class Covariates:
    """What came along and what did not.

    Attributes:
        table: a column per covariate: numbers (float, NaN if missing) or categories (text, None if missing).
        left: why each other column stays behind, by its place from 1; headings may be private.
    """

    table: pd.DataFrame
    left: dict[int, Left]


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
    notation: Notation | None = None,
    aliases: Mapping[str, str] | None = None,
    none_stands_for_nothing: bool = False,
) -> Covariates:
    """The covariates among the columns that the study does not use itself.

    Args:
        cells: those columns as text; the index is the row's number.
        mapping: tells what is missing, and the rules.
        problems: knows which words are private.
        identifiers: the patients', row by row.
        notation: of the numbers of the whole table, where a column's own do not tell.
        aliases: the patients' further identifiers and those that they lead to, normalised.
        none_stands_for_nothing: whether the table writes ``none`` for what is missing.
    """
    notation = notation or Notation()
    rules = mapping.covariates
    judge = _Judge(mapping, problems, _Known(identifiers, aliases or {}))
    barred = columns_named([str(name) for name in cells.columns], (*rules.private, *rules.never))
    columns: dict[str, list[float] | list[str | None]] = {}
    left: dict[int, Left] = {}
    for place, heading in enumerate(cells.columns):
        allowed = rules.allows(str(heading))
        texts = {
            int(str(row)): text
            for row, text in zip(
                cells.index,
                without_missing(list(cells.iloc[:, place]), mapping, stands_for_nothing=none_stands_for_nothing),
                strict=True,
            )
        }
        if place in barred and not allowed:
            left[place + 1] = Left("its heading", _OTHER_HEADING)
        elif not any(texts.values()):
            left[place + 1] = Left("empty", "nothing")
        elif not str(heading) or problems.guard.redact(str(heading)) != str(heading) or _tells(str(heading)):
            left[place + 1] = Left("no heading, or a private one", _HEADING)
        else:
            written = list(texts.values())
            if unclear := unclear_numbers(written, notation):
                left[place + 1] = Left(unclear, f"nothing, or {PLAINLY}")
                continue
            numbers = column_numbers(written, notation)
            why = judge.numbers(texts, numbers, allowed=allowed) if numbers else judge.texts(texts, allowed=allowed)
            if why:
                left[place + 1] = why
            else:
                columns[_name(str(heading), columns)] = numbers or [text or None for text in written]
    return Covariates(pd.DataFrame(columns, index=cells.index), left)


def shown_headings(names: Sequence[str], rules: CovariateRules) -> tuple[list[str], int]:
    """Which covariates a log may name, and how many others there are: a heading may hold a name.

    Named are those that the shipped or the user's own ``allow`` lists, or that consist of words of the vocabulary.
    """
    allowed = {simplified(_slug(heading)) for heading in rules.allow}
    vocabulary = Vocabulary(rules.words, rules.codes)
    slugs = {name: name.removeprefix(PREFIX) for name in names}
    harmless = [name for name, slug in slugs.items() if simplified(slug) in allowed or vocabulary.holds(slug)]
    return harmless, len(names) - len(harmless)


def _tells(heading: str) -> bool:
    """Whether a heading holds a date or a number as long as an identifier, as where a note was made a heading."""
    return re.search(r"\d{5}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", unicodedata.normalize("NFKC", heading)) is not None


class _Known:
    """The cohort's identifiers, in the spelling in which they are compared."""

    def __init__(self, identifiers: Sequence[str], aliases: Mapping[str, str]) -> None:
        of_row = [normalised_identifier(identifier) for identifier in identifiers]
        others: dict[str, set[str]] = {}
        for alias, patient in aliases.items():
            others.setdefault(patient, {patient}).add(alias)
        self._own = [{name, *others.get(aliases.get(name, name), ())} - {""} for name in of_row]
        self.all = set().union(*self._own, aliases, aliases.values()) - {""}

    def own(self, texts: Collection[str]) -> list[bool]:
        """Whether each row's cell is its patient's own identifier."""
        return [normalised_identifier(text) in own for text, own in zip(texts, self._own, strict=True)]


class _Judge:
    """Says why a column stays behind; nothing if it does not."""

    def __init__(self, mapping: ClinicalMapping, problems: Problems, known: _Known) -> None:
        rules = mapping.covariates
        self._rules = rules
        self._guard = problems.guard
        self._known = known
        self._vocabulary = Vocabulary(rules.words, rules.codes)
        self._names = re.compile("|".join(f"(?:{name})" for name in rules.names) or "(?!)", re.IGNORECASE)

    def numbers(self, texts: Mapping[int, str], numbers: Sequence[float], *, allowed: bool) -> Left | None:
        """A column of numbers: its cells by row, and what they are."""
        return self._identifying(texts, allowed=allowed) or _private_numbers(numbers, allowed=allowed)

    def texts(self, texts: Mapping[int, str], *, allowed: bool) -> Left | None:
        """A column of texts, by row."""
        given = {row: text for row, text in texts.items() if text}
        values = {unicodedata.normalize("NFKC", text) for text in given.values()}
        if any(self._guard.redact(text) != text for text in given.values()) or self._repeats(texts):
            return Left("holds identifiers or names", _CODE)
        strange = [value for value in values if not self._vocabulary.holds(value)]
        few = _few(list(given.values()), self._rules.most_categories)
        if not strange and few is None:
            return None
        if mixed := self._mixed(given):
            return mixed
        if any(looks_like_date(text) for text in strange):
            return Left("holds dates", _CODE)
        if any(re.search(r"\d{5}", text) or _is_long_number(text) for text in strange):
            return Left("holds numbers of five digits or more", _CODE)
        if 2 * sum(self._names.search(text) is not None for text in strange) > len(values):
            return Left("texts that look like names", _CODE)
        if few:
            return few
        if strange and not allowed:
            return Left("text that is not made of known clinical words (ingest.clinical.covariates.words)")
        if not all(_PLAIN_VALUE.fullmatch(value) for value in strange):
            return Left("text that is no plain category", _CODE)
        return None

    def _identifying(self, texts: Mapping[int, str], *, allowed: bool) -> Left | None:
        """Whether numbers are the cohort's identifiers: a row's own, or several.

        Of a column that is allowed, most of the long numbers: copies of EBV DNA may meet identifiers by chance.
        """
        if self._repeats(texts):
            return Left("the patients' identifiers", "nothing")
        long = {
            row: normal for row, text in texts.items() if _IDENTIFIER.fullmatch(normal := normalised_identifier(text))
        }
        own = [
            row for row, mine in zip(texts, self._known.own(list(texts.values())), strict=True) if mine and row in long
        ]
        if own:
            return Left(f"{_rows(own)} the patient's own identifier", _DELETE)
        met = {row: normal for row, normal in long.items() if normal in self._known.all}
        if len(set(met.values())) > 1 and (not allowed or 2 * len(met) > len(long)):
            return Left(f"{_rows(list(met))} identifiers of other patients", _DELETE)
        return None

    def _repeats(self, texts: Mapping[int, str]) -> bool:
        return 2 * sum(self._known.own(list(texts.values()))) > len(texts)

    def _mixed(self, given: Mapping[int, str]) -> Left | None:
        """A column of numbers in which some cells are none: the rows, and what stands there if that is harmless."""
        odd = {row: text for row, text in given.items() if column_numbers([text], Notation(".")) is None}
        if 2 * len(odd) > len(given) or len(odd) == len(given):
            return None
        listed = ", ".join(f"row {row}: {shown(text)}" for row, text in list(odd.items())[:_SHOWN_ROWS])
        more = f" and {len(odd) - _SHOWN_ROWS} more" if len(odd) > _SHOWN_ROWS else ""
        return Left(f"numbers, but {len(odd)} of {len(given)} cells are none ({listed}{more})", _NUMBER)


def _rows(rows: Sequence[int]) -> str:
    listed = ", ".join(map(str, rows[:_SHOWN_ROWS])) + (", ..." if len(rows) > _SHOWN_ROWS else "")
    return f"row {listed} holds" if len(rows) == 1 else f"rows {listed} hold"


def _private_numbers(numbers: Sequence[float], *, allowed: bool) -> Left | None:
    """Why a column of numbers may tell who somebody is; nothing if it does not.

    If it is allowed, only where most of them are as long as telephone numbers.
    """
    given = [number for number in numbers if number and not math.isnan(number)]
    whole = [abs(number) for number in given if number.is_integer()]
    if 2 * sum(number >= _TELEPHONE_NUMBER for number in whole) > len(given):
        return Left("whole numbers of ten digits or more, as telephone numbers and identifiers are", _DELETE)
    if allowed:
        return None
    if 2 * sum(number >= _LONG_NUMBER for number in whole) > len(given) or max(whole, default=0) >= _TELEPHONE_NUMBER:
        return Left("whole numbers of five digits or more, as identifiers, telephone numbers and dates are")
    if 2 * sum(_SPREADSHEET_DAYS[0] <= abs(number) < _SPREADSHEET_DAYS[1] for number in given) > len(given):
        return Left("numbers from 10,000 to 73,050, as a spreadsheet counts days and times")
    if 2 * sum(_YEARS[0] <= number <= _YEARS[1] for number in whole) > len(given):
        return Left("numbers that look like years")
    if 2 * sum(map(_is_month, given)) > len(given):
        return Left("numbers that look like months of a year (03.1957, 2019.05)")
    if 2 * sum(_YEARS[0] <= number < _YEARS[1] + 1 for number in given) > len(given):
        return Left(
            "numbers that look like years with a month or a part of the year behind the point (2019.3, 2019.42)"
        )
    return None


def _is_month(number: float) -> bool:
    """Whether a number is month and year with a point between them, in either order."""
    before, behind = divmod(round(abs(number) * 10_000), 10_000)
    month_first = 1 <= before <= 12 and _YEARS[0] <= behind <= _YEARS[1]
    year_first = _YEARS[0] <= before <= _YEARS[1] and behind % 100 == 0 and 1 <= behind // 100 <= 12
    return (month_first or year_first) and math.isclose(abs(number) * 10_000, round(abs(number) * 10_000), abs_tol=1e-6)


def _is_long_number(text: str) -> bool:
    """Whether a text is nothing but a number of five digits or more, parted in any way: 138-0013-8000."""
    return re.fullmatch(r"[\d\s()+/.-]+", text) is not None and sum(sign.isdigit() for sign in text) > 4


def _few(given: Sequence[str], most: int) -> Left | None:
    """Whether there are more values than categories have, or values that hardly ever repeat."""
    counts = Counter(given)
    if len(counts) > most or 2 * len(counts) > max(len(given), 2):
        return Left(f"text with {len(counts)} different values in {len(given)} rows", _CODE)
    return None


def _slug(heading: str) -> str:
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", heading).casefold()).strip("_")[:_LONGEST_NAME]


def _name(heading: str, taken: object) -> str:
    slug = _slug(heading) or "column"
    names = set(taken)  # type: ignore[call-overload]
    candidates = [f"{PREFIX}{slug}", *(f"{PREFIX}{slug}_{number}" for number in range(2, len(names) + 3))]
    return next(name for name in candidates if name not in names)
