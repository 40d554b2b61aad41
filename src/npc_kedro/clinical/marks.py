"""Marks that mean that nothing is known in one column and are a value in another: ``none``, ``-``.

Python writes ``None`` for an empty cell, people write ``none`` for no residual tumour or no drinking; ``-`` is an empty
cell or a negative finding. What the mark is, the cells beside it tell.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd

from npc_kedro.clinical.mapping import VALUES, ClinicalMapping, spelling

NONE = "none"

DOUBTFUL_NONE = (
    "none (no residual tumour, or missing?); expected 0, or an empty cell where nothing is known; write either, "
    "or, if none always means no residual tumour, list ingest.clinical.missing anew without it ([only, NA, ...])"
)
"""What to say of :func:`none_is_doubtful`."""

_PLUS = re.compile(r"\(?\+{1,4}\)?")
_MINUS = re.compile("[-\u2010-\u2013\u2212]")


def none_stands_for_nothing(named: pd.DataFrame, others: pd.DataFrame, mapping: ClinicalMapping) -> bool:
    """Whether a column of the table holds ``none`` where it cannot be a value: among ages, stages or numbers.

    Args:
        named: the study's own columns, under its names.
        others: the further columns.
        mapping: tells what is missing, and what ``none`` is mapped to.
    """
    items = [column for column in named if not _maps_none(str(column), mapping)]
    if any(_is_none(text) for column in items for text in named[column]):
        return True
    further = [list(others.iloc[:, place]) for place in range(others.shape[1])]
    return any(
        any(map(_is_none, texts)) and any(not _is_word(text) for text in _given(texts, mapping)) for texts in further
    )


def none_is_doubtful(texts: Sequence[str], mapping: ClinicalMapping, *, stands_for_nothing: bool) -> bool:
    """Whether ``none`` in the column of residual tumours may be a missing item as well as no residual tumour.

    It is no residual tumour beside words alone, all of which say that there is one (``residual``), in a table that
    nowhere writes ``none`` for what is missing; and where the user has taken it off the list of what is missing.
    """
    if not mapping.is_missing(NONE):
        return False
    lookup = mapping.spellings("residual_tumor")
    given = list(_given(texts, mapping))
    words = bool(given) and all(_is_word(text) and lookup.get(spelling(text)) != "0" for text in given)
    return stands_for_nothing or not words


def without_missing(texts: Sequence[str], mapping: ClinicalMapping, *, stands_for_nothing: bool) -> list[str]:
    """The cells of a further column, "" where the item is missing.

    ``none`` beside words and ``-`` beside ``+`` are values.

    Args:
        texts: the cells.
        mapping: tells what is missing.
        stands_for_nothing: see :func:`none_stands_for_nothing`.
    """
    given = list(_given(texts, mapping))
    none = bool(given) and all(map(_is_word, given)) and not stands_for_nothing
    minus = any(_PLUS.fullmatch(unicodedata.normalize("NFKC", text).strip()) for text in given)
    cells = []
    for text in texts:
        plain = unicodedata.normalize("NFKC", text).strip()
        if minus and _MINUS.fullmatch(plain):
            cells.append("-")
        else:
            cells.append("" if mapping.is_missing(text) and not (none and _is_none(text)) else text)
    return cells


def _maps_none(column: str, mapping: ClinicalMapping) -> bool:
    return column in VALUES and NONE in mapping.spellings(column)


def _given(texts: Iterable[str], mapping: ClinicalMapping) -> Iterable[str]:
    """What is neither missing nor ``none``."""
    return (text for text in texts if not mapping.is_missing(text) and not _is_none(text))


def _is_none(text: str) -> bool:
    return spelling(text) == NONE


def _is_word(text: str) -> bool:
    return any(sign.isalpha() for sign in text)
