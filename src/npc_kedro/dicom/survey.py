"""The survey: every file below the DICOM folder ends with a patient and a series, or with a reason why not.

The tables that come out hold pseudonyms, points and reason codes; nothing that names a patient comes in.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from npc_kedro.dicom.entries import Entry, PersonMarks
from npc_kedro.dicom.geometry import SAME_PLACE_MM, common_normal
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.rules import SeriesRules, judge
from npc_kedro.dicom.walk import FoundFile

FILE_COLUMNS = ["file", "patient_key", "series_key", "instance_key", "frames", "spare_of", "reason", "detail"]

SERIES_COLUMNS = [
    "patient_key", "series_key", "study_key", "study_day", "n_files", "n_slices", "frames_left_out", "normal_x",
    "normal_y", "normal_z", "tilt_degrees", "slice_distance_mm", "even_spacing", "points", "evidence", "reason",
    "detail",
]  # fmt: skip


@dataclass(frozen=True)
class Survey:
    """What the folder holds, without anything that names a patient.

    Attributes:
        files: one row per file: ``file``, ``patient_key``, ``series_key``, ``instance_key`` (empty if unknown),
            ``frames`` (numbers from 0 of those that may be used, parted by blanks; empty for all), ``spare_of`` (the
            file that this one may stand in for, if that cannot be decoded), ``reason`` (empty if the file may be used),
            ``detail``. Sorted by the files' relative paths.
        series: one row per patient and series: keys, shifted day of the examination (NaN if undated), numbers of files,
            of slices and of frames left out of multi-frame files, normal, tilt, spacing, the rules' points, evidence,
            reason (empty for a candidate) and detail. Sorted by keys.
        problems: contradictions that only the user can resolve, one sentence each.
    """

    files: pd.DataFrame
    series: pd.DataFrame
    problems: tuple[str, ...]


Refusals = dict[str, tuple[RejectReason, str]]
"""File pseudonym to reason and detail."""


def survey(entries: Sequence[Entry], found: Sequence[FoundFile], rules: SeriesRules) -> Survey:
    """Groups what was read into patients and series and judges every series.

    Args:
        entries: one per file.
        found: the files themselves, opened only where two carry one SOPInstanceUID.
        rules: how a series is judged.
    """
    locations = {entry.file: file for entry, file in zip(entries, found, strict=True)}
    accepted = [entry for entry in entries if not entry.reason]
    unique, refusals, spares, clashes = _without_duplicates(accepted, locations)
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in unique:
        groups[entry.origin.patient_key, entry.origin.series_key].append(entry)
    rows = []
    frames: dict[str, tuple[int, ...]] = {}
    for (patient_key, series_key), members in sorted(groups.items(), key=lambda item: item[0]):
        row, stack = _series_row(members, rules)
        refusals |= stack.refusals
        frames |= stack.frames
        spares |= stack.spares
        rows.append({"patient_key": patient_key, "series_key": series_key, **row})
    return Survey(
        files=_file_table(entries, refusals, frames, spares),
        series=pd.DataFrame(rows, columns=SERIES_COLUMNS).astype({"study_day": "float64"}),
        problems=(*_shared_identifiers(accepted), *clashes),
    )


def _file_table(
    entries: Sequence[Entry],
    refusals: Refusals,
    frames: Mapping[str, tuple[int, ...]],
    spares: Mapping[str, str],
) -> pd.DataFrame:
    refused = [refusals.get(entry.file) for entry in entries]
    return pd.DataFrame(
        {
            "file": [entry.file for entry in entries],
            "patient_key": [entry.origin.patient_key for entry in entries],
            "series_key": [entry.origin.series_key for entry in entries],
            "instance_key": [entry.instance_key for entry in entries],
            "frames": [" ".join(map(str, frames.get(entry.file, ()))) for entry in entries],
            "spare_of": [spares.get(entry.file, "") for entry in entries],
            "reason": [why[0].value if why else entry.reason for entry, why in zip(entries, refused, strict=True)],
            "detail": [why[1] if why else entry.detail for entry, why in zip(entries, refused, strict=True)],
        },
        columns=FILE_COLUMNS,
        dtype=object,
    )


@dataclass(frozen=True)
class _Stack:
    """The slices of a series, one at each place.

    Attributes:
        places: where they lie along the normal, mm.
        refusals: files that give none.
        frames: of multi-frame files that give some of their frames, the numbers of these.
        left_out: how many frames such files have besides.
        spares: files at places that are taken, to the file that has the first of them.
    """

    places: list[float] = field(default_factory=list)
    refusals: Refusals = field(default_factory=dict)
    frames: dict[str, tuple[int, ...]] = field(default_factory=dict)
    left_out: int = 0
    spares: dict[str, str] = field(default_factory=dict)


def _stack(members: Iterable[Entry], normal: np.ndarray) -> _Stack:
    """The first image at every place: by temporal position, acquisition, instance, UID, then by the order of frames."""
    places: list[float] = []
    refusals: Refusals = {}
    frames: dict[str, tuple[int, ...]] = {}
    left_out = 0
    parallel: dict[tuple[float, ...], bool] = {}
    spares: dict[str, str] = {}
    taken: dict[int, str] = {}
    for entry in sorted(members, key=lambda entry: (entry.order, entry.instance_key)):
        reason, used = RejectReason.OTHER_ORIENTATION, []
        for number, geometry in enumerate(entry.geometries):
            if geometry.orientation not in parallel:
                parallel[geometry.orientation] = geometry.is_parallel_to(normal)
            if not parallel[geometry.orientation]:
                continue
            along = geometry.position_along(normal)
            place = round(along / SAME_PLACE_MM)
            there = taken.get(place) or taken.get(place - 1) or taken.get(place + 1)
            if there is None:
                taken[place] = entry.file
                places.append(along)
                used.append(number)
            else:
                reason = RejectReason.REPEATED_POSITION
                spares.setdefault(entry.file, there)
        if not used:
            refusals[entry.file] = (reason, reason.meaning)
        elif len(used) < len(entry.geometries):
            frames[entry.file] = tuple(used)
            left_out += len(entry.geometries) - len(used)
    return _Stack(places, refusals, frames, left_out, {file: spares[file] for file in spares.keys() & refusals.keys()})


def _series_row(members: list[Entry], rules: SeriesRules) -> tuple[dict[str, object], _Stack]:
    """A series' row, and what of its files belongs to its stack of slices."""
    normal = common_normal([geometry for entry in members for geometry in entry.geometries])
    stack = _stack(members, normal)
    distances = np.diff(sorted(stack.places))
    typical = float(np.median(distances)) if len(distances) else float("nan")
    tilt = float(np.degrees(np.arccos(np.clip(abs(normal[2]), 0.0, 1.0))))
    judgement = judge(Counter(entry.origin.rules for entry in members), tilt, rules)
    row = {
        "study_key": members[0].origin.study_key,
        "study_day": min((day for entry in members if (day := entry.origin.day) is not None), default=float("nan")),
        "n_files": len(members),
        "n_slices": len(stack.places),
        "frames_left_out": stack.left_out,
        **{f"normal_{axis}": float(part) for axis, part in zip("xyz", normal, strict=True)},
        "tilt_degrees": round(tilt, 3),
        "slice_distance_mm": round(typical, 4),
        "even_spacing": bool(np.all(np.abs(distances - typical) <= 0.1 * abs(typical))),
        "points": judgement.points,
        "evidence": " ".join(judgement.evidence),
        "reason": judgement.reason.value if judgement.reason else "",
        "detail": judgement.detail,
    }
    return row, stack


def _without_duplicates(
    entries: Iterable[Entry], locations: Mapping[str, FoundFile]
) -> tuple[list[Entry], Refusals, dict[str, str], list[str]]:
    """The first file of every SOPInstanceUID, its byte-identical copies, what these are copies of, and sentences on
    files that only share the UID.
    """
    by_instance: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_instance[entry.instance_key].append(entry)
    unique: list[Entry] = []
    copies: Refusals = {}
    copied: dict[str, str] = {}
    clashes: list[str] = []
    for group in by_instance.values():
        unique.append(group[0])
        if len(group) == 1:
            continue
        copies |= {entry.file: (RejectReason.DUPLICATE, RejectReason.DUPLICATE.meaning) for entry in group[1:]}
        copied |= {entry.file: group[0].file for entry in group[1:]}
        hashes = {hashlib.sha256(locations[entry.file].path.read_bytes()).hexdigest() for entry in group}
        if len(hashes) > 1:
            patient = group[0].origin.patient_key
            files = ", ".join(entry.file for entry in group)
            clashes.append(f"patient {patient}: files {files} share one SOPInstanceUID but differ; keep the right one")
    return unique, copies, copied, clashes


def _shared_identifiers(entries: Iterable[Entry]) -> Iterator[str]:
    """Sentences on identifiers under which two people seem to hide: birth dates differ, or names without dates."""
    people: dict[str, set[PersonMarks]] = defaultdict(set)
    for entry in entries:
        people[entry.origin.patient_key].add(entry.origin.marks)
    for patient_key, marks in sorted(people.items()):
        births = {mark.birth_date for mark in marks} - {""}
        sexes = {mark.sex for mark in marks} - {""}
        if len(births) > 1 or len(sexes) > 1 or (not births and _has_two_names(marks)):
            what = "birth date" if len(births) > 1 else "sex" if len(sexes) > 1 else "name"
            yield f"patient {patient_key}: one PatientID with more than one {what}; give each person an identifier"


def _has_two_names(marks: Iterable[PersonMarks]) -> bool:
    """Whether one identifier stands beside two names; identifiers that the user has joined may differ in the name."""
    names: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        names[mark.identifier].add(mark.name)
    return any(len(found - {""}) > 1 for found in names.values())
