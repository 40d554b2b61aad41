"""Names of ROIs and segments: as text, whatever character set is declared, and as patterns see them."""

import re
import unicodedata
from typing import Any

from npc_kedro.dicom.charsets import chinese
from npc_kedro.dicom.tags import text

_UNDECLARED = "latin-1"
"""What pydicom reads bytes beyond ASCII as where no character set is declared; every byte comes back from it."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_HAN_KANA_HANGUL = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_WITHIN = re.compile(
    f"(?<=[{_HAN_KANA_HANGUL}])(?=[A-Za-z0-9+(-])|(?<=[A-Za-z0-9+)-])(?=[{_HAN_KANA_HANGUL}])"
    "|(?<=[a-z])(?=[A-Z][a-z]{2})"
)
"""Where a word ends within a name: beside an East Asian sign, and before a capital, as in TumorRing."""

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
    """A name as patterns see it: as written, in usual width and with blanks for underscores; and in plain words.

    The second has no accents, and blanks where a word ends within the name: to a regular expression a Chinese sign is
    a letter like any other, and no word would end beside it.
    """
    written = unicodedata.normalize("NFKC", name).replace("_", " ").strip()
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", written)))
    return written, _WITHIN.sub(" ", bare)


def says_nothing(name: str) -> bool:
    """Whether a name is empty or one that a program gave: ``Segment_1``, ``ROI 2``."""
    return _GENERIC.fullmatch(spellings(name)[0]) is not None
