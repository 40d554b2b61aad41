"""What the structures of a file mean together: which are used, which are not, and what of that is doubtful."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from npc_kedro.dicom.outlines.naming import spellings
from npc_kedro.dicom.outlines.rules import StructureRules
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_OF_TUMOUR = re.compile(
    r"gtv|tumou?r|tumeur|neoplas|metasta|node|nodal|(?<![a-z])l[nk](?![a-z])|lymph|gangli(?!a)|adeno|linf"
    r"|淋巴|リンパ|림프|(?<!关)节|(?<!關)節|[肿腫][瘤瘍]|原[发發発]",
    re.IGNORECASE,
)
_TARGET_VOLUME = re.compile("[cpi]tv|prv", re.IGNORECASE)
"""Target volumes are often named by the tumour within them (PTV_GTV); nobody means them by it."""


@dataclass(frozen=True)
class Structure:
    """An ROI or a segment: its names, the first first; what kind it is said to be; and whether anything is drawn."""

    names: tuple[str, ...]
    kinds: frozenset[str] = frozenset()
    drawn: bool = True


@dataclass(frozen=True)
class Meanings:
    """What structures mean.

    Attributes:
        of: number to ``primary`` or ``node``.
        refused: one reason for each structure that is not used.
        doubtful: numbers of those that are not used, though something is drawn and the name speaks of tumour or nodes.
        contradicted: numbers of those that are used, though one of their names says the other.
    """

    of: dict[int, str]
    refused: tuple[RejectReason, ...]
    doubtful: tuple[int, ...]
    contradicted: tuple[int, ...]


def meanings_of(structures: Mapping[int, Structure], rules: StructureRules) -> Meanings:
    """What the structures of a file, by their numbers, mean."""
    of: dict[int, str] = {}
    refused: list[RejectReason] = []
    doubtful: list[int] = []
    for number, structure in structures.items():
        try:
            of[number] = rules.meaning(number, structure.names, structure.kinds)
        except TagError as error:
            refused.append(error.reason)
            if structure.drawn and _speak_of_tumour(structure.names):
                doubtful.append(number)
    contradicted = tuple(number for number in of if rules.contradicts_itself(number, structures[number].names))
    return Meanings(of, tuple(refused), tuple(doubtful), contradicted)


def _speak_of_tumour(names: Iterable[str]) -> bool:
    return any(
        _OF_TUMOUR.search(spelling) for name in names if not _TARGET_VOLUME.search(name) for spelling in spellings(name)
    )
