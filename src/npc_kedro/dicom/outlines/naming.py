"""Names of ROIs and segments: as text, whatever character set is declared, and as patterns see them."""

import re
from typing import Any

from npc_kedro.dicom.charsets import chinese
from npc_kedro.dicom.spelling import plain_spelling, usual_width
from npc_kedro.dicom.tags import text

_UNDECLARED = "latin-1"
"""What pydicom reads bytes beyond ASCII as where no character set is declared; every byte comes back from it."""

_BEFORE_CAPITAL = re.compile("(?<=[a-z])(?=[A-Z][a-z]{2})")
"""Where a word ends within a name written in one, as in TumorRing."""

_GENERIC = re.compile(
    r"(segment(ation)?|roi|structure|label|object|contour|region|mask|vol(ume)?|seg)?[\s#.:-]*\d*", re.IGNORECASE
)


def name_of(item: Any, keyword: str, *, character_set: str) -> str:
    """A name as text.

    Args:
        item: of a sequence of the dataset.
        keyword: of the name.
        character_set: SpecificCharacterSet of the dataset, "" if it declares none.
    """
    name = text(item, keyword)
    if name.isascii() or character_set or text(item, "SpecificCharacterSet"):
        return name
    try:
        return chinese(name.encode(_UNDECLARED)) or name
    except UnicodeEncodeError:  # set as text, never written; or understood already
        return name


def spellings(name: str) -> tuple[str, str]:
    """A name as patterns see it: in usual width, and in its plain spelling with blanks where a word ends within it."""
    written = usual_width(name).strip()
    return written, _BEFORE_CAPITAL.sub(" ", plain_spelling(written))


def says_nothing(name: str) -> bool:
    """Whether a name is empty or one that a program gave: ``Segment_1``, ``ROI 2``."""
    return _GENERIC.fullmatch(spellings(name)[0]) is not None
