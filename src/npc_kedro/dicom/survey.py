"""The survey: every file below the DICOM folder ends with a patient and a series, or with a reason why not.

Names, identifiers, paths and descriptions live here in memory only; the tables that come out hold pseudonyms, points
and reason codes.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from npc_kedro.dicom.geometry import SAME_PLACE_MM, common_normal
from npc_kedro.dicom.headers import Header, Person, Rejection, read_header
from npc_kedro.dicom.parallel import batches, ordered_map
from npc_kedro.dicom.pseudonyms import Pseudonyms, normalised_identifier
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.rules import SeriesRules, judge
from npc_kedro.dicom.timing import day_of
from npc_kedro.dicom.walk import FoundFile
from npc_kedro.errors import CohortError

_BATCH = 64
"""Headers read per task: a header takes under a millisecond, a round trip to a process costs about as much."""

FILE_COLUMNS = ["file", "patient_key", "series_key", "reason", "detail"]


@dataclass(frozen=True)
class Survey:
    """What the folder holds, without anything that names a patient.

    Attributes:
        files: one row per file: ``file``, ``patient_key``, ``series_key`` (empty if unknown), ``reason`` (empty if the
            file may be used), ``detail``. Sorted by the files' relative paths.
        series: one row per patient and series: keys, numbers of files and slices, normal, tilt, spacing, the rules'
            points, evidence, reason (empty for a candidate) and detail. Sorted by keys.
    """

    files: pd.DataFrame
    series: pd.DataFrame


def read_headers(
    found: Sequence[FoundFile], *, workers: int, accept_without_preamble: bool = False
) -> Iterator[Header | Rejection]:
    """The headers of all files, in the files' order, read by several processes."""
    read = partial(_read_batch, accept_without_preamble=accept_without_preamble)
    for batch in ordered_map(read, batches(list(found), _BATCH), workers=workers):
        yield from batch


def _read_batch(found: list[FoundFile], *, accept_without_preamble: bool) -> list[Header | Rejection]:
    return [read_header(file, accept_without_preamble=accept_without_preamble) for file in found]


def survey(entries: Iterable[Header | Rejection], pseudonyms: Pseudonyms, rules: SeriesRules) -> Survey:
    """Groups what was read into patients and series and judges every series.

    Raises:
        CohortError: if two different files carry one SOPInstanceUID, or one PatientID belongs to two people.
    """
    everything = list(entries)
    headers = [entry for entry in everything if isinstance(entry, Header)]
    rejected = {entry.found: entry for entry in everything if isinstance(entry, Rejection)}
    problems = [*_shared_identifiers(everything, pseudonyms)]
    unique, copies, clashes = _without_duplicates(headers, pseudonyms)
    problems += clashes
    if problems:
        msg = "The DICOM folder contradicts itself; correct the export:\n- " + "\n- ".join(problems)
        raise CohortError(msg)
    groups: dict[tuple[str, str], list[Header]] = defaultdict(list)
    for header in unique:
        groups[pseudonyms.patient(header.person.identifier), pseudonyms.series(header.series_uid)].append(header)
    misfits: dict[FoundFile, Rejection] = {}
    series_rows = []
    for (patient_key, series_key), members in sorted(groups.items(), key=lambda item: item[0]):
        row, unfit = _series_row(members, rules)
        misfits |= {rejection.found: rejection for rejection in unfit}
        study_key = pseudonyms.study(members[0].study_uid)
        keys = {"patient_key": patient_key, "series_key": series_key, "study_key": study_key}
        series_rows.append({**keys, "study_day": _study_day(members, patient_key, pseudonyms), **row})
    reasons = {**rejected, **copies, **misfits}
    files = [_file_row(entry, reasons.get(entry.found), pseudonyms) for entry in everything]
    return Survey(pd.DataFrame(files, columns=FILE_COLUMNS), pd.DataFrame(series_rows, columns=_SERIES_COLUMNS))


_SERIES_COLUMNS = [
    "patient_key", "series_key", "study_key", "study_day", "n_files", "n_slices", "normal_x", "normal_y", "normal_z",
    "tilt_degrees", "slice_distance_mm", "even_spacing", "points", "evidence", "reason", "detail",
]  # fmt: skip


def _study_day(members: list[Header], patient_key: str, pseudonyms: Pseudonyms) -> float:
    """The first day on which the series was taken, on the patient's shifted calendar; NaN if undated."""
    days = [day_of(header.study_date) for header in members if header.study_date]
    known = [day for day in days if day is not None]
    return float(pseudonyms.shifted_day(patient_key, min(known))) if known else float("nan")


def _file_row(entry: Header | Rejection, rejection: Rejection | None, pseudonyms: Pseudonyms) -> dict[str, str]:
    person = entry.person
    return {
        "file": pseudonyms.file(entry.found.relative),
        "patient_key": pseudonyms.patient(person.identifier) if person and person.known else "",
        "series_key": pseudonyms.series(entry.series_uid) if isinstance(entry, Header) else "",
        "reason": rejection.reason.value if rejection else "",
        "detail": rejection.detail if rejection else "",
    }


def _series_row(members: list[Header], rules: SeriesRules) -> tuple[dict[str, object], list[Rejection]]:
    """A series' row, and its files that do not belong to its stack of slices."""
    normal = common_normal([geometry for header in members for geometry in header.geometries])
    parallel, unfit = _split(members, lambda header: any(g.is_parallel_to(normal) for g in header.geometries))
    rejections = [_refuse(header, RejectReason.OTHER_ORIENTATION) for header in unfit]
    stack, repeated = _one_per_place(parallel, normal)
    rejections += [_refuse(header, RejectReason.REPEATED_POSITION) for header in repeated]
    geometries = [geometry for header in stack for geometry in header.geometries if geometry.is_parallel_to(normal)]
    distances = np.diff(sorted(geometry.position_along(normal) for geometry in geometries))
    typical = float(np.median(distances)) if len(distances) else float("nan")
    tilt = float(np.degrees(np.arccos(np.clip(abs(normal[2]), 0.0, 1.0))))
    judgement = judge(Counter(header.facts for header in members), tilt, rules)
    row = {
        "n_files": len(members),
        "n_slices": len(geometries),
        **{f"normal_{axis}": float(part) for axis, part in zip("xyz", normal, strict=True)},
        "tilt_degrees": round(tilt, 3),
        "slice_distance_mm": round(typical, 4),
        "even_spacing": bool(np.all(np.abs(distances - typical) <= 0.1 * abs(typical))),
        "points": judgement.points,
        "evidence": " ".join(judgement.evidence),
        "reason": judgement.reason.value if judgement.reason else "",
        "detail": judgement.detail,
    }
    return row, rejections


def _split(headers: list[Header], keep: Callable[[Header], bool]) -> tuple[list[Header], list[Header]]:
    return [header for header in headers if keep(header)], [header for header in headers if not keep(header)]


def _refuse(header: Header, reason: RejectReason) -> Rejection:
    return Rejection(header.found, reason, reason.meaning, header.person)


def _one_per_place(members: list[Header], normal: np.ndarray) -> tuple[list[Header], list[Header]]:
    """Keeps the first single-frame file at each place (by temporal position, acquisition, instance, then UID)."""
    ordered = sorted(members, key=lambda header: (header.order, header.instance_uid))
    taken: set[int] = set()
    kept, repeated = [], []
    for header in ordered:
        place = round(header.geometries[0].position_along(normal) / SAME_PLACE_MM)
        if len(header.geometries) == 1 and not taken.isdisjoint((place - 1, place, place + 1)):
            repeated.append(header)
            continue
        taken.add(place)
        kept.append(header)
    return kept, repeated


def _without_duplicates(
    headers: list[Header], pseudonyms: Pseudonyms
) -> tuple[list[Header], dict[FoundFile, Rejection], list[str]]:
    """The first file of every SOPInstanceUID, its byte-identical copies, and sentences on files that only share it."""
    by_instance: dict[str, list[Header]] = defaultdict(list)
    for header in headers:
        by_instance[header.instance_uid].append(header)
    unique, copies, clashes = [], {}, []
    for group in by_instance.values():
        unique.append(group[0])
        if len(group) == 1:
            continue
        hashes = {hashlib.sha256(header.found.path.read_bytes()).hexdigest() for header in group}
        copies |= {header.found: _refuse(header, RejectReason.DUPLICATE) for header in group[1:]}
        if len(hashes) > 1:
            files = ", ".join(pseudonyms.file(header.found.relative) for header in group)
            patient = pseudonyms.patient(group[0].person.identifier)
            clashes.append(f"patient {patient}: files {files} share one SOPInstanceUID but differ; keep the right one")
    return unique, copies, clashes


def _shared_identifiers(entries: Iterable[Header | Rejection], pseudonyms: Pseudonyms) -> Iterator[str]:
    """Sentences on identifiers under which two people seem to hide: birth dates differ, or names without dates."""
    people: dict[str, set[Person]] = defaultdict(set)
    for entry in entries:
        if isinstance(entry, Header):
            people[pseudonyms.patient(entry.person.identifier)].add(entry.person)
    for patient_key, persons in sorted(people.items()):
        births = {person.birth_date for person in persons} - {""}
        sexes = {person.sex.upper() for person in persons} & {"F", "M"}
        if len(births) > 1 or len(sexes) > 1 or (not births and _has_two_names(persons)):
            what = "birth date" if len(births) > 1 else "sex" if len(sexes) > 1 else "name"
            yield f"patient {patient_key}: one PatientID with more than one {what}; give each person an identifier"


def _has_two_names(persons: Iterable[Person]) -> bool:
    """Whether one identifier stands beside two names; identifiers that the user has joined may differ in the name."""
    names: dict[str, set[str]] = defaultdict(set)
    for person in persons:
        names[normalised_identifier(person.identifier)].add("".join(filter(str.isalnum, person.name)).casefold())
    return any(len(found - {""}) > 1 for found in names.values())


def resolve_files(found: Iterable[FoundFile], pseudonyms: Pseudonyms) -> dict[str, Path]:
    """Leads from the pseudonyms of files back to their paths, for the process that opens them."""
    return {pseudonyms.file(file.relative): file.path for file in found}
