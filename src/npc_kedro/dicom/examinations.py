"""What is written alike into all series of an examination says nothing of one: ProtocolName, ContrastBolusAgent.

Some makers give ProtocolName to the examination; technologists fill in the agent once, and it stands in the series
before it was given, too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from npc_kedro.dicom.entries import Entry, Look, Origin
from npc_kedro.dicom.rules import SeriesRules


@dataclass(frozen=True)
class Examinations:
    """What the studies of a folder write into all their series.

    Attributes:
        protocols: those that name examinations, as pairs of study and protocol.
        tagged: studies of which every series bears an agent and only some are described as enhanced.
        by_tag: names of the rules that speak for contrast agent because of its tag.
        told: names of the rules that do because of a description.
    """

    protocols: frozenset[tuple[str, str]] = frozenset()
    tagged: frozenset[str] = frozenset()
    by_tag: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()

    @classmethod
    def of_entries(cls, entries: Sequence[Entry], rules: SeriesRules) -> "Examinations":
        """Looks through all readable files."""
        by_tag, told, denied = (
            frozenset(
                rule.name
                for rule in rules.evidence
                if rule.aspect == "contrast" and rule.field == field and (rule.points > 0) is speaks_for
            )
            for field, speaks_for in (("contrast_agent", True), ("description", True), ("description", False))
        )
        aside = frozenset(rule.name for rule in rules.exclude)
        tagged = _tagged(_told_of_series(entries, aside), by_tag, told, denied)
        return cls(_shared_protocols(entry.origin for entry in entries), tagged, by_tag, told)

    def rules_of(self, entry: Entry, look: Look) -> frozenset[str]:
        """Names of the rules that apply to an image."""
        study = entry.origin.study_key
        names = look.rules_alone if (study, entry.origin.protocol) in self.protocols else look.rules
        return names - self.by_tag if study in self.tagged and not names & self.told else names


def _shared_protocols(origins: Iterable[Origin]) -> frozenset[tuple[str, str]]:
    """Protocols of several, differently described series of a study, and of at least half of its series."""
    described: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    shared = {id(origin): origin for origin in origins}  # the files of a batch share theirs; hashing each is dear
    for origin in set(shared.values()):
        if origin.protocol:
            described[origin.study_key][origin.protocol].add((origin.series_key, origin.description))
    found = set()
    for study, protocols in described.items():
        named = len({series for members in protocols.values() for series, _ in members})
        for protocol, members in protocols.items():
            series, descriptions = ({member[place] for member in members} for place in (0, 1))
            if len(series) > 1 and len(descriptions) > 1 and 2 * len(series) >= named:
                found.add((study, protocol))
    return frozenset(found)


def _told_of_series(entries: Sequence[Entry], aside: frozenset[str]) -> dict[str, list[frozenset[str]]]:
    """By study the rules that apply to each of its series, but those to which one of ``aside`` does (localizers)."""
    shared = {(id(entry.origin), id(look)): (entry.origin, look) for entry in entries for look in entry.looks[:1]}
    names: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
    for origin, look in shared.values():
        known = names[origin.study_key].get(origin.series_key, frozenset())
        names[origin.study_key][origin.series_key] = known | look.rules_alone
    return {study: [found for found in series.values() if not found & aside] for study, series in names.items()}


def _tagged(
    studies: Mapping[str, list[frozenset[str]]], by_tag: frozenset[str], told: frozenset[str], denied: frozenset[str]
) -> frozenset[str]:
    """Studies whose series all bear an agent, though one is described as enhanced and one is described as neither."""
    return frozenset(
        study
        for study, series in studies.items()
        if all(found & by_tag for found in series)
        and any(found & told and not found & denied for found in series)
        and not all(found & (told | denied) for found in series)
    )
