"""How a message tells of a cell without giving away what may stand in the wrong column: names, dates, phone numbers.

A cell is shown as it stands only if it is short and close to a word that the column may hold; of any other the message
says of what kind it is and how long.
"""

import re
import unicodedata
from collections.abc import Iterable

_LONGEST_SHOWN = 24
_MOST_DIGITS = 4
"""Digits that a cell may have and be shown: an age or a year, not a date, telephone number or identifier."""

_NUMBERS = r"\d{1,4}\s?[-/.,\u5e74 ]\s?\d{1,2}\s?[-/.,\u6708 ]\s?\d{1,4}\u65e5?"
_NAMED_MONTH = r"(\d{1,2}[-/. ]*[^\W\d]{3,9}|[^\W\d]{3,9}[. ]*\d{1,2})[-/., ]*\d{2,4}"
_DATE = re.compile(rf"({_NUMBERS}|{_NAMED_MONTH})([T ].*)?", re.IGNORECASE)

_SPREADSHEET_ERROR = re.compile(r"#[A-Z/0]{3,7}[!?]?")
"""``#VALUE!``, ``#DIV/0!``, ``#NAME?``"""
_STAGE = re.compile(r"y?[acpru]{0,2}\s?[TNM]\s?[0-4xX][a-d]?|(I{1,3}|IV)\s?[a-d]?", re.IGNORECASE)
"""``cT3``, ``ypN2b``, ``Nx``, ``IVc``"""


def looks_like_date(text: str) -> bool:
    """Whether a text has the shape of a date, with two or four digits of the year: ``5.3.57``, ``5 March 1957``."""
    return _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip()) is not None


def shown(cell: str, vocabulary: Iterable[str] = ()) -> str:
    """The cell in quotes if it is harmless, otherwise a description: ``a date``, ``a text of 13 letters``.

    Args:
        cell: what stands in the table.
        vocabulary: the words that the column may hold.
    """
    plain = unicodedata.normalize("NFKC", cell).strip()
    digits, letters = sum(sign.isdigit() for sign in plain), _letters(plain)
    if looks_like_date(plain):
        return "a date"
    if digits > _MOST_DIGITS:
        return f"a text with {digits} digits" if letters else f"a number of {digits} digits"
    if _SPREADSHEET_ERROR.fullmatch(plain) or _STAGE.fullmatch(plain):
        return repr(cell)
    one_letter = letters.isascii() and len(letters) <= 1
    if len(plain) <= _LONGEST_SHOWN and (one_letter or _is_near(letters, map(_letters, vocabulary))):
        return repr(cell)
    return f"a text of {len(letters)} letters" if letters else f"a text of {len(plain)} signs"


def _letters(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalpha())


def _is_near(letters: str, words: Iterable[str]) -> bool:
    """Whether the letters are those of a word, or begin like a word of three letters or more and differ by one."""
    return any(
        letters == word or (min(len(word), len(letters)) > 2 and letters[0] == word[0] and _one_apart(letters, word))
        for word in words
    )


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter replaced, left out or put in makes the texts equal."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[start:] == long[start + 1 :] or short[start + 1 :] == long[start + 1 :]
