"""The rules by which a series is chosen, as they stand in YAML, and what they say about a series.

A rule looks at one header field. Exclusion rules remove a series, those that look at ImageType single images of it;
evidence rules add points, for or against, to an aspect (``t1``, ``contrast``) or to nothing but the ranking
(``preference``). A series is a candidate if it is axial, no exclusion applies and each aspect reaches its minimum; the
candidate with the most points is chosen.

Rules on the description look at SeriesDescription and SequenceName first, and at ProtocolName only for what these are
silent about; that agent was given it tells only if it names the sequence and they do not.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from npc_kedro.dicom.facts import SeriesFacts
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.spelling import plain_spelling

Aspect = Literal["t1", "contrast", "preference"]
HeaderField = Literal[
    "description",
    "image_type",
    "scanning_sequence",
    "contrast_agent",
    "body_part",
    "repetition_time",
    "echo_time",
    "time_points",
]

_NUMERIC = ("repetition_time", "echo_time", "time_points")

_LONGEST = 1024
"""Signs of a text that are looked at; DICOM allows 64, damage more, and patterns take time."""

_STRICT = ConfigDict(extra="forbid", frozen=True)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when the rules are checked, so that processes forked later have it."""
    return re.compile(pattern, flags=re.IGNORECASE)


@lru_cache(maxsize=1024)
def _plain(written: str) -> str:
    """As much of a text as is looked at, as patterns see it."""
    return plain_spelling(written[:_LONGEST])


def _joined(given: Any) -> Any:
    """Several patterns, of which one has to fit, as one."""
    return "|".join(map(str, given)) if isinstance(given, list | tuple) else given


class Rule(BaseModel):
    """One look at one header field: by a regular expression (text) or a range (numbers)."""

    model_config = _STRICT
    name: str = Field(description="appears as the reason in series_choice.csv")
    field: HeaderField
    pattern: str | None = Field(
        default=None,
        description="regular expression, or a list of which one has to fit, sought anywhere; case and accents are "
        "ignored, _ counts as a blank",
    )
    between: tuple[float, float] | None = Field(
        default=None, description="lowest and highest value that applies; times in ms"
    )

    @field_validator("pattern", mode="before")
    @classmethod
    def _any_of_list(cls, given: Any) -> Any:
        return _joined(given)

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
            return _compiled(self.pattern).search(_plain(value)) is not None
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
    vocabulary: dict[str, str] = Field(
        default={}, description="regular expressions for words; in a pattern {name} stands for them"
    )
    disregard: tuple[str, ...] = Field(
        default=(), description="regular expressions; what fits them in a description says nothing: WITH AND WITHOUT"
    )
    exclude: tuple[Rule, ...] = Field(description="any of these removes a series; by image_type, single images")
    evidence: tuple[EvidenceRule, ...] = Field(description="points for and against")
    minimum: dict[Aspect, int] = Field(description="points that a candidate needs in an aspect")

    @model_validator(mode="before")
    @classmethod
    def _with_vocabulary(cls, given: Any) -> Any:
        words = given.get("vocabulary") if isinstance(given, Mapping) else None
        if not isinstance(words, Mapping):
            return given
        joined = {str(name): _joined(some) for name, some in words.items()}
        return _filled_in(
            {**given, "vocabulary": joined}, {f"{{{name}}}": f"(?:{some})" for name, some in joined.items()}
        )

    @model_validator(mode="after")
    def _one_rule_a_name(self) -> Self:
        names = Counter(rule.name for rule in (*self.exclude, *self.evidence))
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            msg = f"several rules are named {', '.join(twice)}; a name stands for one rule"
            raise ValueError(msg)
        for pattern in self.disregard:
            try:
                _compiled(pattern)
            except re.error as error:
                msg = f"disregard: {pattern!r} is no regular expression ({error})"
                raise ValueError(msg) from None
        return self

    @cached_property
    def image_exclusions(self) -> frozenset[str]:
        """Names of the exclusion rules that remove single images."""
        return frozenset(rule.name for rule in self.exclude if rule.field == "image_type")

    def names_of(self, field: HeaderField) -> frozenset[str]:
        """Names of the evidence rules that look at a field."""
        return frozenset(rule.name for rule in self.evidence if rule.field == field)

    def points_of(self, names: Collection[str]) -> int:
        """The points of all evidence rules with these names together."""
        return sum(rule.points for rule in self.evidence if rule.name in names)


def _filled_in(given: Any, words: Mapping[str, str]) -> Any:
    """Everything below, texts with their placeholders replaced; words may be made of words named before them."""
    if isinstance(given, Mapping):
        return {key: _filled_in(value, words) for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [_filled_in(value, words) for value in given]
    if isinstance(given, str):
        for name, some in reversed(list(words.items())):
            given = given.replace(name, some)
    return given


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
    facts = replace(facts, description=_telling(facts.description, rules), protocol=_telling(facts.protocol, rules))
    found = {rule.name for rule in (*rules.exclude, *rules.evidence) if rule.applies_to(facts)}
    if not facts.protocol.strip():
        return frozenset(found)
    protocol = replace(facts, description=facts.protocol)
    spoken = {rule.aspect for rule in rules.evidence if rule.field == "description" and rule.name in found}
    # AX T1 beside NPC T1 +C names its sequence itself, and is silent about agent since there was none
    series_named = "t1" not in spoken and any(_names_sequence(rule, protocol) for rule in rules.evidence)
    agent_told = series_named or not facts.description.strip()
    for rule in (*rules.exclude, *rules.evidence):
        silent = rule.aspect not in spoken if isinstance(rule, EvidenceRule) else not spoken
        enhanced = isinstance(rule, EvidenceRule) and rule.aspect == "contrast" and rule.points > 0
        if rule.field == "description" and silent and rule.applies_to(protocol) and (agent_told or not enhanced):
            found.add(rule.name)
    return frozenset(found)


def _names_sequence(rule: EvidenceRule, facts: SeriesFacts) -> bool:
    """Whether a description is that of a series; NECK W CONTRAST says of an examination that agent was given."""
    return rule.aspect == "t1" and rule.field == "description" and rule.applies_to(facts)


def _telling(description: str, rules: SeriesRules) -> str:
    """What a description says, without what is to be disregarded."""
    description = _plain(description)
    for pattern in rules.disregard:
        description = _compiled(pattern).sub(" ", description)
    return description


def judge(applying: Counter[frozenset[str]], tilt_degrees: float, rules: SeriesRules) -> Judgement:
    """Judges one series.

    Args:
        applying: for its images, the names of the rules that apply (see :func:`applying`), with their counts; a rule
            applies to the series if it applies to at least half of them.
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
