"""What is kept of a file after its header was read: pseudonyms, places and rule names, nothing that names a patient.

This is the form in which a file's facts leave the process that read it, go into the journal and into the survey.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npc_kedro.dicom.geometry import SliceGeometry
from npc_kedro.dicom.headers import Header, Person, Rejection
from npc_kedro.dicom.pseudonyms import Pseudonyms, normalised_identifier
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.timing import day_of

Record = list[Any]
"""An entry as JSON holds it."""


@dataclass(frozen=True, slots=True)
class PersonMarks:
    """Hashes of what a file says about its person, only good for telling whether two files say the same."""

    identifier: str = ""
    birth_date: str = ""
    sex: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        file: pseudonym of its relative path.
        reason: code of the reason why it is refused, "" if it is not.
        detail: more about the reason.
        patient_key: "" if the file names no patient; the other keys are "" in refused files.
        marks: what it says about the person.
        day: day of the examination, shifted (:meth:`Pseudonyms.shifted_day`); None if undated.
        order: what decides between slices at the same place.
        geometries: one per frame.
        rules: names of the rules that apply.
    """

    file: str
    reason: str
    detail: str
    patient_key: str
    marks: PersonMarks
    study_key: str
    series_key: str
    instance_key: str
    day: int | None
    order: tuple[float, ...]
    geometries: tuple[SliceGeometry, ...]
    rules: frozenset[str]

    def record(self) -> Record:
        """The entry for :func:`entry_of`."""
        marks = [self.marks.identifier, self.marks.birth_date, self.marks.sex, self.marks.name]
        keys = [self.study_key, self.series_key, self.instance_key]
        places = [geometry_record(geometry) for geometry in self.geometries]
        start = [self.file, self.reason, self.detail, self.patient_key]
        return [*start, marks, keys, self.day, list(self.order), places, sorted(self.rules)]


def entry_of(record: Record) -> Entry:
    """The entry that was recorded."""
    file, reason, detail, patient_key, marks, keys, day, order, places, rules = record
    geometries = tuple(map(geometry_of, places))
    return Entry(
        file, reason, detail, patient_key, PersonMarks(*marks), *keys, day, tuple(order), geometries, frozenset(rules)
    )


def geometry_record(geometry: SliceGeometry) -> Record:
    return [geometry.position, geometry.orientation, geometry.spacing, geometry.shape, geometry.thickness_mm]


def geometry_of(record: Record) -> SliceGeometry:
    """The geometry that was recorded."""
    position, orientation, spacing, shape, thickness_mm = record
    return SliceGeometry(tuple(position), tuple(orientation), tuple(spacing), tuple(shape), thickness_mm)


def anonymous(read: Header | Rejection, pseudonyms: Pseudonyms, rules_of: Callable[..., frozenset[str]]) -> Entry:
    """What may be kept of a file.

    Args:
        read: its header, or why it is refused.
        pseudonyms: makes the keys.
        rules_of: names of the rules that apply to a :class:`SeriesFacts`.
    """
    file = pseudonyms.file(read.found.relative)
    person = read.person
    patient_key = pseudonyms.patient(person.identifier) if person and person.known else ""
    if isinstance(read, Rejection):
        marks = PersonMarks()
        return Entry(file, read.reason.value, read.detail, patient_key, marks, "", "", "", None, (), (), frozenset())
    day = day_of(read.study_date)
    return Entry(
        file=file,
        reason="",
        detail="",
        patient_key=patient_key,
        marks=_marks(read.person, pseudonyms),
        study_key=pseudonyms.study(read.study_uid),
        series_key=pseudonyms.series(read.series_uid),
        instance_key=pseudonyms.instance(read.instance_uid),
        day=pseudonyms.shifted_day(patient_key, day) if day else None,
        order=read.order,
        geometries=read.geometries,
        rules=rules_of(read.facts),
    )


def _marks(person: Person, pseudonyms: Pseudonyms) -> PersonMarks:
    sex = person.sex.upper()
    letters = "".join(filter(str.isalnum, person.name)).casefold()
    return PersonMarks(
        identifier=pseudonyms.mark("identifier", normalised_identifier(person.identifier)),
        birth_date=pseudonyms.mark("birth date", person.birth_date),
        sex=pseudonyms.mark("sex", sex) if sex in ("F", "M") else "",
        name=pseudonyms.mark("name", letters),
    )


def is_lasting(entry: Entry) -> bool:
    """Whether the file alone decided on the entry; permissions change without the file."""
    return entry.reason != RejectReason.UNREADABLE.value
