"""The survey: every file below the DICOM folder ends with a patient and a series, or with a reason why not.

The tables that come out hold pseudonyms, points and reason codes; nothing that names a patient comes in.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.dicom.entries import Entry, PersonMarks
from npc_kedro.dicom.examinations import Examinations
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.rules import SeriesRules, judge
from npc_kedro.dicom.stack import Refusals, Stack, days_of, stacked
from npc_kedro.dicom.timing import Dating, dated
from npc_kedro.dicom.walk import FoundFile

FILE_COLUMNS = ["file", "patient_key", "series_key", "instance_key", "frames", "spare_of", "reason", "detail"]

SERIES_COLUMNS = [
    "patient_key", "series_key", "study_key", "study_day", "n_files", "n_slices", "frames_left_out", "normal_x",
    "normal_y", "normal_z", "tilt_degrees", "slice_distance_mm", "even_spacing", "points", "evidence", "notes",
    "reason", "detail",
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
            notes, reason (empty for a candidate) and detail. Sorted by keys.
        problems: contradictions that only the user can resolve, one sentence each.
    """

    files: pd.DataFrame
    series: pd.DataFrame
    problems: tuple[str, ...]


def survey(entries: Sequence[Entry], found: Sequence[FoundFile], rules: SeriesRules) -> Survey:
    """Groups what was read into patients and series and judges every series.

    Args:
        entries: one per file.
        found: the files themselves, opened only where two carry one SOPInstanceUID.
        rules: how a series is judged.
    """
    locations = {entry.file: file for entry, file in zip(entries, found, strict=True)}
    accepted = [entry for entry in entries if not entry.reason]
    unique, refusals, copied, clashes = _without_duplicates(accepted, locations)
    spares = dict(copied)
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in unique:
        groups[entry.origin.patient_key, entry.origin.series_key].append(entry)
    examinations = Examinations.of_entries(unique, rules)
    rows = []
    frames: dict[str, tuple[int, ...]] = {}
    for (patient_key, series_key), members in sorted(groups.items(), key=lambda item: item[0]):
        row, stack = _series_row(members, rules, examinations)
        refusals |= stack.refusals
        frames |= stack.frames
        spares |= stack.spares
        rows.append({"patient_key": patient_key, "series_key": series_key, **row})
    frames |= {copy: frames[original] for copy, original in copied.items() if original in frames}
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


def _series_row(
    members: list[Entry], rules: SeriesRules, examinations: Examinations
) -> tuple[dict[str, object], Stack]:
    """A series' row, and what of its files belongs to its stack of slices."""
    stack = stacked(members, examinations.rules_of, rules)
    distances = np.diff(sorted(image.along for image in stack.used))
    typical = float(np.median(distances)) if len(distances) else float("nan")
    tilt = float(np.degrees(np.arccos(np.clip(abs(stack.normal[2]), 0.0, 1.0))))
    dynamic = rules.names_of("time_points") if stack.is_dynamic else frozenset()
    judgement = judge(Counter(image.rules | dynamic for image in stack.used), tilt, rules)
    dating = dated(days_of(stack.used))
    reason, detail = judgement.reason, judgement.detail
    if reason is None and stack.is_arbitrary:
        reason = RejectReason.INDISTINGUISHABLE_IMAGES
        detail = f"several images at {stack.ties} of {len(stack.used)} places, and no tag tells them apart"
    elif reason is None and dating.is_unclear:
        reason, detail = RejectReason.SEVERAL_DAYS, dating.note
    row = {
        "study_key": members[0].origin.study_key,
        "study_day": dating.day,
        "n_files": len(members),
        "n_slices": len(stack.used),
        "frames_left_out": stack.left_out,
        **{f"normal_{axis}": float(part) for axis, part in zip("xyz", stack.normal, strict=True)},
        "tilt_degrees": round(tilt, 3),
        "slice_distance_mm": round(typical, 4),
        "even_spacing": bool(np.all(np.abs(distances - typical) <= 0.1 * abs(typical))),
        "points": judgement.points,
        "evidence": " ".join(judgement.evidence),
        "notes": "; ".join(_notes(stack, dating)),
        "reason": reason.value if reason else "",
        "detail": detail,
    }
    return row, stack


def _notes(stack: Stack, dating: Dating) -> Iterator[str]:
    """What is remarkable about a series whatever becomes of it."""
    if stack.chosen_by:
        yield f"several images at one place, chosen by {', '.join(stack.chosen_by)}"
    elif stack.spares:
        yield "several images at one place, of which the first are used"
    excluded = sum(reason is RejectReason.EXCLUDED_BY_RULE for reason, _ in stack.refusals.values())
    if excluded:
        yield f"{excluded} files excluded by rules on ImageType"
    frames_of_reference = {image.entry.origin.frame_of_reference for image in stack.used}
    if len(frames_of_reference) > 1:
        yield f"{len(frames_of_reference)} frames of reference"
    if dating.note:
        yield dating.note


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
    for origin in {id(entry.origin): entry.origin for entry in entries}.values():
        people[origin.patient_key].add(origin.marks)
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
