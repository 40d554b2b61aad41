"""The rules by which a series is chosen, as they stand in YAML, and what they say about a series.

A rule looks at one header field. Exclusion rules remove a series; evidence rules add points, for or against, to an
aspect (``t1``, ``contrast``) or to nothing but the ranking (``preference``). A series is a candidate if it is axial, no
exclusion applies and each aspect reaches its minimum; the candidate with the most points is chosen.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.dicom.facts import SeriesFacts
from npc_kedro.dicom.reasons import RejectReason

Aspect = Literal["t1", "contrast", "preference"]
HeaderField = Literal[
    "description", "image_type", "scanning_sequence", "contrast_agent", "repetition_time", "echo_time"
]

_NUMERIC = ("repetition_time", "echo_time")

_STRICT = ConfigDict(extra="forbid", frozen=True)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when the rules are checked, so that processes forked later have it."""
    return re.compile(pattern, flags=re.IGNORECASE)


class Rule(BaseModel):
    """One look at one header field: by a regular expression (text) or a range (numbers)."""

    model_config = _STRICT
    name: str = Field(description="appears as the reason in series_choice.csv")
    field: HeaderField
    pattern: str | None = Field(
        default=None, description="regular expression, sought anywhere; case ignored, _ counts as a blank"
    )
    between: tuple[float, float] | None = Field(default=None, description="lowest and highest value that applies, ms")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.pattern is None) == (self.between is None):
            msg = f"rule {self.name!r} needs either 'pattern' or 'between'"
            raise ValueError(msg)
        if (self.between is not None) != (self.field in _NUMERIC):
            msg = f"rule {self.name!r}: {self.field} needs {'between' if self.field in _NUMERIC else 'pattern'}"
            raise ValueError(msg)
        if self.pattern is not None:
            try:
                _compiled(self.pattern)
            except re.error as error:
                msg = f"rule {self.name!r}: {self.pattern!r} is no regular expression ({error})"
                raise ValueError(msg) from None
        return self

    def applies_to(self, facts: SeriesFacts) -> bool:
        """Whether the rule's test holds for a header."""
        value = getattr(facts, self.field)
        if self.pattern is not None:
            # an underscore is a letter to a regular expression, but a blank to those who name protocols
            return _compiled(self.pattern).search(value.replace("_", " ")) is not None
        low, high = self.between or (0.0, 0.0)
        return low <= value <= high


class EvidenceRule(Rule):
    """A rule that speaks for (positive points) or against (negative points) an aspect."""

    aspect: Aspect
    points: int


class SeriesRules(BaseModel):
    """How the axial contrast-enhanced T1 series of a patient is recognised."""

    model_config = _STRICT
    max_tilt_degrees: float = Field(
        ge=0, lt=45, description="largest angle between the slices' normal and the body axis"
    )
    exclude: tuple[Rule, ...] = Field(description="any of these removes a series")
    evidence: tuple[EvidenceRule, ...] = Field(description="points for and against")
    minimum: dict[Aspect, int] = Field(description="points that a candidate needs in an aspect")

    @model_validator(mode="after")
    def _one_rule_a_name(self) -> Self:
        names = Counter(rule.name for rule in (*self.exclude, *self.evidence))
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            msg = f"several rules are named {', '.join(twice)}; a name stands for one rule"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class Judgement:
    """What the rules say about one series.

    Attributes:
        points: all points together; ranks the candidates.
        evidence: the rules that applied, as ``name+2`` or ``name-4``.
        reason: why the series is no candidate, or None if it is one.
        detail: the excluding rule, the tilt or the missing points in words.
    """

    points: int
    evidence: tuple[str, ...]
    reason: RejectReason | None
    detail: str


def applying(facts: SeriesFacts, rules: SeriesRules) -> frozenset[str]:
    """Names of the rules that apply to one header. Unlike the header's texts, they name nobody and may be stored."""
    return frozenset(rule.name for rule in (*rules.exclude, *rules.evidence) if rule.applies_to(facts))


def judge(applying: Counter[frozenset[str]], tilt_degrees: float, rules: SeriesRules) -> Judgement:
    """Judges one series.

    Args:
        applying: for its files, the names of the rules that apply (see :func:`applying`), with their counts; a rule
            applies to the series if it applies to at least half of the files.
        tilt_degrees: angle between the slices' normal and the body's axis.
        rules: the rules.
    """
    hits: Counter[str] = Counter()
    for names, count in applying.items():
        hits.update(dict.fromkeys(names, count))
    holding = {name for name, count in hits.items() if 2 * count >= applying.total()}
    speaking = [rule for rule in rules.evidence if rule.name in holding]
    evidence = tuple(f"{rule.name}{rule.points:+d}" for rule in speaking)
    points = sum(rule.points for rule in speaking)
    excluded = [rule.name for rule in rules.exclude if rule.name in holding]
    if tilt_degrees > rules.max_tilt_degrees:
        detail = f"tilted by {tilt_degrees:.0f} degrees; at most {rules.max_tilt_degrees:g} is axial"
        return Judgement(points, evidence, RejectReason.NOT_AXIAL, detail)
    if excluded:
        return Judgement(points, evidence, RejectReason.EXCLUDED_BY_RULE, ", ".join(excluded))
    for aspect, reason in (("t1", RejectReason.NO_T1_EVIDENCE), ("contrast", RejectReason.NO_CONTRAST_EVIDENCE)):
        found = sum(rule.points for rule in speaking if rule.aspect == aspect)
        needed = rules.minimum.get(aspect, 0)  # type: ignore[call-overload]
        if found < needed:
            return Judgement(points, evidence, reason, f"{found} of {needed} points for {aspect}")
    return Judgement(points, evidence, None, "")
