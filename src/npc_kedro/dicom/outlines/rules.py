"""What outlines are called, as it stands in YAML, and what the names mean to the study."""

import re
from collections.abc import Collection, Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.dicom.outlines.naming import says_nothing, spellings
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.tags import TagError

_STRICT = ConfigDict(extra="forbid", frozen=True)

Structure = Literal["primary", "node"]

LABELS: dict[str, int] = {"primary": 1, "node": 2}
"""The study's labels in ``outlines``; 0 is background."""

_NO_TUMOUR = frozenset({"AVOIDANCE", "BOLUS", "CAVITY", "CTV", "EXTERNAL", "ISOCENTER", "PTV", "SUPPORT"})
"""RTROIInterpretedType (DICOM PS3.3 C.8.8.8) of what is no tumour; programs write ORGAN of a tumour too."""


class StructureRules(BaseModel):
    """Names of ROIs (RTSTRUCT) and segments (DICOM SEG): regular expressions, sought anywhere, or their numbers."""

    model_config = _STRICT
    primary: tuple[int | str, ...] = Field(description="what the primary tumour is called, or its number")
    node: tuple[int | str, ...] = Field(description="what neck nodes are called, or their numbers")
    never: tuple[str, ...] = Field(description="names that are neither, whatever else matches: target volumes, rings")

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for pattern in (*self.primary, *self.node, *self.never):
            try:
                re.compile(str(pattern))
            except re.error as error:
                msg = f"outlines.structures: {pattern!r} is no regular expression ({error})"
                raise ValueError(msg) from None
        return self

    def meaning(self, number: int, names: Sequence[str], kinds: Collection[str] = ()) -> str:
        """``primary`` or ``node``: by number, or else by the first name that is not generic, if none of them denies.

        Args:
            number: of the ROI or segment.
            names: its name, then what says less: a description must not make a tumour of a brain stem.
            kinds: RTROIInterpretedType of an ROI, as often as it is given.

        Raises:
            TagError: with the reason, if the structure is neither or both. Names may hold a patient's; none is shown.
        """
        by_number = [which for which in LABELS if number in self._rules(which)]
        if len(by_number) == 1:
            return by_number[0]
        if not _NO_TUMOUR.isdisjoint(kinds):
            raise TagError(RejectReason.STRUCTURE_INTERPRETED, RejectReason.STRUCTURE_INTERPRETED.meaning)
        if not any(_found(pattern, name) for pattern in self.never for name in names):
            told = next((name for name in names if not says_nothing(name)), "")
            matched = self._matched(told)
            if len(matched) == 1:
                return matched[0]
            if matched:
                raise TagError(RejectReason.STRUCTURE_AMBIGUOUS, RejectReason.STRUCTURE_AMBIGUOUS.meaning)
        raise TagError(RejectReason.STRUCTURE_UNMATCHED, RejectReason.STRUCTURE_UNMATCHED.meaning)

    def contradicts_itself(self, number: int, names: Sequence[str]) -> bool:
        """Whether a structure that is used has one name of a primary and another one of a node."""
        if any(number in self._rules(which) for which in LABELS):
            return False
        said = [self._matched(name) for name in names if not says_nothing(name)]
        return any(other and not set(said[0]) & set(other) for other in said[1:])

    def _matched(self, name: str) -> list[str]:
        return [which for which in LABELS if any(_found(pattern, name) for pattern in self._rules(which))]

    def _rules(self, which: str) -> tuple[int | str, ...]:
        return self.primary if which == "primary" else self.node


def _found(pattern: int | str, name: str) -> bool:
    if not isinstance(pattern, str):
        return False
    return any(re.search(pattern, spelling, flags=re.IGNORECASE) for spelling in spellings(name))


class OutlineRules(BaseModel):
    """How outline files are matched to patients and what their labels mean."""

    model_config = _STRICT
    name_pattern: str = Field(description="regular expression of a NIfTI file's name without suffix; group patient_id")
    labels: dict[Structure, tuple[int, ...]] = Field(description="label values of each structure in NIfTI files")
    structures: StructureRules
    fractional_threshold: float = Field(gt=0, le=1, description="share from which a fractional segment holds a pixel")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            groups = re.compile(self.name_pattern).groupindex
        except re.error as error:
            msg = f"outlines.name_pattern: {self.name_pattern!r} is no regular expression ({error})"
            raise ValueError(msg) from None
        if "patient_id" not in groups:
            msg = "outlines.name_pattern needs a group named patient_id, e.g. (?P<patient_id>.+)"
            raise ValueError(msg)
        given = [label for values in self.labels.values() for label in values]
        if len(given) != len(set(given)) or not all(label > 0 for label in given):
            msg = f"outlines.labels {sorted(given)}: each label belongs to one structure and is above 0"
            raise ValueError(msg)
        return self

    def meanings(self) -> dict[int, str]:
        """Label in a NIfTI file to the structure."""
        return {label: structure for structure, labels in self.labels.items() for label in labels}
