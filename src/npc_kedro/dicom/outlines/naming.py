"""Names of ROIs and segments, also where the file does not declare in which character set it wrote them."""

import re
from typing import Any

from npc_kedro.dicom.tags import text

_UNDECLARED = "latin-1"
"""What pydicom reads bytes beyond ASCII as where no character set is declared; every byte comes back from it."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\0-\x7f]*")
"""Chinese characters, their punctuation and wide forms, and ASCII."""


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
    return _guessed(name)


def _guessed(name: str) -> str:
    """UTF-8 or GB18030 if the bytes can hardly be anything else; otherwise the name as it is."""
    try:
        content = name.encode(_UNDECLARED)
    except UnicodeEncodeError:  # set as text, never written
        return name
    paired = all(len(run) % 2 == 0 for run in _HIGH.findall(content))  # Western letters stand alone
    for encoding in ("utf-8", *(("gb18030",) if paired else ())):
        try:
            decoded = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CHINESE.fullmatch(decoded):
            return decoded
    return name
