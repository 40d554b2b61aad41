"""Whether ProtocolName describes a series or the examination: some makers write the same into all series of a study."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from npc_kedro.dicom.entries import Entry, Look, Origin


@dataclass(frozen=True)
class Protocols:
    """The protocols that name examinations, as pairs of study and protocol."""

    of_examination: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of_examinations(cls, origins: Iterable[Origin]) -> "Protocols":
        """Those that stand in several, differently described series of a study, and in at least half of its series."""
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
        return cls(frozenset(found))

    def rules_of(self, entry: Entry, look: Look) -> frozenset[str]:
        """Names of the rules that apply to an image."""
        alone = (entry.origin.study_key, entry.origin.protocol) in self.of_examination
        return look.rules_alone if alone else look.rules
