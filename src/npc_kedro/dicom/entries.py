"""What is kept of a file after its header was read: pseudonyms, places and rule names, nothing that names a patient.

This is the form in which a file's facts leave the process that read it, go into the journal and into the survey.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from npc_kedro.dicom.facts import ImageLook, ImageTraits, SeriesFacts
from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.headers import Header, Person, Rejection
from npc_kedro.dicom.pseudonyms import Pseudonyms, normalised_identifier
from npc_kedro.dicom.reasons import RejectReason

_UNREADABLE = RejectReason.UNREADABLE.value


@dataclass(frozen=True, slots=True)
class PersonMarks:
    """Hashes of what a file says about its person, only good for telling whether two files say the same."""

    identifier: str = ""
    birth_date: str = ""
    sex: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """What the files of a series share.

    Attributes:
        patient_key: "" if the file names no patient; the other keys are "" in refused files.
        study_key: of the study; ``series_key`` of the series.
        marks: what the file says about the person.
        day: of the examination, shifted (:meth:`Pseudonyms.shifted_day`); None if undated.
        frame_of_reference: a hash of FrameOfReferenceUID, "" without one; ``protocol`` of ProtocolName likewise, and
            ``description`` of SeriesDescription and SequenceName.
    """

    patient_key: str = ""
    study_key: str = ""
    series_key: str = ""
    marks: PersonMarks = PersonMarks()
    day: int | None = None
    frame_of_reference: str = ""
    protocol: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What an image says of itself.

    Attributes:
        rules: names of the rules that apply; ``rules_alone``, if ProtocolName counts for nothing.
        image_type: a hash of ImageType or FrameType.
        traits: tells it from others at the same place.
    """

    rules: frozenset[str] = frozenset()
    rules_alone: frozenset[str] = frozenset()
    image_type: str = ""
    traits: ImageTraits = field(default_factory=ImageTraits)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        file: pseudonym of its relative path.
        reason: code of the reason why it is refused, "" if it is not.
        detail: more about the reason.
        origin: whose it is.
        instance_key: "" in refused files.
        order: InstanceNumber and seconds, which decide between images at one place that are alike.
        geometries: one per frame.
        looks: what speaks for the sequence: one for all images, or one per frame.
    """

    file: str
    reason: str
    detail: str
    origin: Origin
    instance_key: str = ""
    order: tuple[float, ...] = ()
    geometries: tuple[SliceGeometry, ...] = ()
    looks: tuple[Look, ...] = ()


def packed(entries: Sequence[Entry]) -> dict[str, Any]:
    """The entries as JSON holds them, what they share written once; see :func:`unpacked`."""
    origins: dict[Origin, int] = {}
    grids: dict[tuple[Any, ...], int] = {}
    looks: dict[Look, int] = {}
    rows = [
        [
            entry.file,
            entry.reason,
            entry.detail,
            origins.setdefault(entry.origin, len(origins)),
            entry.instance_key,
            entry.order,
            [packed_geometry(geometry, grids) for geometry in entry.geometries],
            [looks.setdefault(look, len(looks)) for look in entry.looks],
        ]
        for entry in entries
    ]
    return {
        "rows": rows,
        "origins": [_packed_origin(origin) for origin in origins],
        "grids": list(grids),
        "looks": [_packed_look(look) for look in looks],
    }


def unpacked(record: Mapping[str, Any]) -> list[Entry]:
    """The entries that were packed."""
    origins = [Origin(*keys, PersonMarks(*marks), day, *rest) for keys, marks, day, rest in record["origins"]]
    grids = unpacked_grids(record["grids"])
    looks = [
        Look(frozenset(rules), frozenset(alone), image_type, ImageTraits(*traits))
        for rules, alone, image_type, traits in record["looks"]
    ]
    return [
        Entry(
            file,
            reason,
            detail,
            origins[origin],
            instance_key,
            tuple(order),
            tuple(SliceGeometry((x, y, z), *grids[grid]) for grid, x, y, z in places),
            tuple(looks[look] for look in seen),
        )
        for file, reason, detail, origin, instance_key, order, places, seen in record["rows"]
    ]


def _packed_origin(origin: Origin) -> list[Any]:
    marks = [origin.marks.identifier, origin.marks.birth_date, origin.marks.sex, origin.marks.name]
    rest = [origin.frame_of_reference, origin.protocol, origin.description]
    return [[origin.patient_key, origin.study_key, origin.series_key], marks, origin.day, rest]


def _packed_look(look: Look) -> list[Any]:
    traits = [getattr(look.traits, trait.name) for trait in fields(ImageTraits)]
    return [sorted(look.rules), sorted(look.rules_alone), look.image_type, traits]


def packed_geometry(geometry: SliceGeometry, grids: dict[tuple[Any, ...], int]) -> list[float]:
    """A slice's place and the number of its grid; ``grids`` collects the grids."""
    thickness_mm = None if math.isnan(geometry.thickness_mm) else geometry.thickness_mm  # one NaN is not another
    grid = (geometry.orientation, geometry.spacing, geometry.shape, thickness_mm)
    return [grids.setdefault(grid, len(grids)), *geometry.position]


def unpacked_grids(grids: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Orientation, spacing, shape and thickness of every grid."""
    return [
        (tuple(orientation), tuple(spacing), tuple(shape), math.nan if thickness_mm is None else thickness_mm)
        for orientation, spacing, shape, thickness_mm in grids
    ]


@dataclass(frozen=True)
class Anonymiser:
    """Turns headers into entries.

    Attributes:
        pseudonyms: makes the keys.
        rules_of: names of the rules that apply to a :class:`SeriesFacts`.
        origins: those met so far; the slices of a series share theirs. ``looks`` likewise.
    """

    pseudonyms: Pseudonyms
    rules_of: Callable[[SeriesFacts], frozenset[str]]
    origins: dict[tuple[Any, ...], Origin] = field(default_factory=dict, repr=False)
    looks: dict[ImageLook, Look] = field(default_factory=dict, repr=False)

    def entry(self, read: Header | Rejection, file: str) -> Entry:
        """What may be kept of a file, given its header or why it is refused, and its pseudonym."""
        if isinstance(read, Header):
            instance_key = self.pseudonyms.instance(read.instance_uid)
            looks = tuple(map(self._look, read.looks))
            return Entry(file, "", "", self._origin(read), instance_key, read.order, read.geometries, looks)
        person = read.person
        patient_key = self.pseudonyms.patient(person.identifier) if person and person.known else ""
        return Entry(file, read.reason.value, read.detail, Origin(patient_key))

    def _look(self, read: ImageLook) -> Look:
        known = self.looks.get(read)  # one look-up: hashing is dear
        if known is None:
            known = self.looks[read] = Look(
                rules=self.rules_of(read.facts),
                rules_alone=self.rules_of(replace(read.facts, protocol="")),
                image_type=self.pseudonyms.mark("image type", read.facts.image_type),
                traits=read.traits,
            )
        return known

    def _origin(self, read: Header) -> Origin:
        facts = read.looks[0].facts
        uids = (read.study_uid, read.series_uid, read.frame_of_reference)
        written = (read.person, *uids, read.study_day, facts.protocol, facts.description)
        known = self.origins.get(written)
        if known is None:
            patient_key = self.pseudonyms.patient(read.person.identifier)
            known = self.origins[written] = Origin(
                patient_key=patient_key,
                study_key=self.pseudonyms.study(read.study_uid),
                series_key=self.pseudonyms.series(read.series_uid),
                marks=_marks(read.person, self.pseudonyms),
                day=self.pseudonyms.shifted_day(patient_key, read.study_day) if read.study_day else None,
                frame_of_reference=self.pseudonyms.mark("frame of reference", read.frame_of_reference),
                protocol=self.pseudonyms.mark("protocol", facts.protocol),
                description=self.pseudonyms.mark("description", facts.description),
            )
        return known


def _marks(person: Person, pseudonyms: Pseudonyms) -> PersonMarks:
    sex = person.sex.upper()
    letters = "".join(filter(str.isalnum, person.name)).casefold()
    return PersonMarks(
        identifier=pseudonyms.mark("identifier", normalised_identifier(person.identifier)),
        birth_date=pseudonyms.mark("birth date", _birth_date(person.birth_date)),
        sex=pseudonyms.mark("sex", sex) if sex in ("F", "M") else "",
        name=pseudonyms.mark("name", letters),
    )


def _birth_date(written: str) -> str:
    """A birth date in one spelling for all (19700102, 1970.01.02, 1970-1-2 by hand); "" for a placeholder."""
    parts = re.fullmatch(r"(\d{4})\D?(\d\d?)\D?(\d\d?)", written.strip(), flags=re.ASCII)
    digits = "".join(part.zfill(2) for part in parts.groups()) if parts else "".join(written.split()).casefold()
    return "" if set(digits) <= set("0") or digits == "00010101" else digits


def is_lasting(entry: Entry) -> bool:
    """Whether the file alone decided on the entry; permissions change without the file."""
    return entry.reason != _UNREADABLE
