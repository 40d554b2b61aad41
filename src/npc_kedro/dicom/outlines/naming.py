"""Names of ROIs and segments, also where the file does not declare in which character set it wrote them."""

from typing import Any

from npc_kedro.dicom.charsets import chinese
from npc_kedro.dicom.tags import text

_UNDECLARED = "latin-1"
"""What pydicom reads bytes beyond ASCII as where no character set is declared; every byte comes back from it."""


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
