"""Whether the outlines lie on the chosen series: geometry comes from the headers, so that no slice need be decoded."""

import tempfile

import numpy as np
import pandas as pd

from npc_kedro.arrays import ImageTableWriter
from npc_kedro.dicom.decoding import DecodedSlice
from npc_kedro.dicom.outlines.folder import OutlineSearch, find_outlines, read_choices
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.errors import CohortError
from npc_kedro.pipelines.ingest.door import Door, SurveyedFolder
from npc_kedro.pipelines.ingest.outline_store import OutlineReader, store_outlines
from npc_kedro.pipelines.ingest.outline_target import SlicesOfPatients
from npc_kedro.pipelines.preflight.checks import OUTLINES, Checked
from npc_kedro.pipelines.preflight.findings import Finding, Severity, findings_of, refusal


def check_outlines(door: Door, folder: SurveyedFolder, judged: pd.DataFrame, checked: Checked) -> set[str]:
    """The patients with an outline that lies on their slices."""
    files = {entry.file: found for entry, found in zip(folder.reading.entries, folder.found, strict=True)}
    slices = _slices_by_header(folder, judged)
    owners = dict(zip(judged["series_key"], judged["patient_key"], strict=True))
    chosen = judged[judged["chosen"]]
    used = dict(zip(chosen["patient_key"], chosen["series_key"], strict=True))
    rules = door.settings.outlines
    try:
        choices = read_choices(door.cohort.outline_override, door.pseudonyms, door.settings.clinical.is_missing)
        search = OutlineSearch(door.pseudonyms, slices.keys(), owners, rules.name_pattern, choices)
        objects = [entry.file for entry in folder.reading.entries if entry.reason == RejectReason.OUTLINE_OBJECT.value]
        found = find_outlines(door.cohort.outlines, [files[file] for file in objects], search)
    except CohortError as error:
        checked.findings += findings_of(OUTLINES, error)
        return set()
    origins = ((entry.instance_key, entry.origin.series_key) for entry in folder.reading.entries)
    series_of = {instance_key: series_key for instance_key, series_key in origins if series_key}
    reader = OutlineReader(rules, door.pseudonyms, owners, series_of, choices.chosen)
    placed = SlicesOfPatients(slices, dict.fromkeys(slices, 0), used, files)
    matrix = door.settings.matrix
    with (
        tempfile.TemporaryDirectory() as scratch,
        ImageTableWriter(scratch, shape=(matrix, matrix), dtype=np.uint8) as writer,
    ):
        laid = store_outlines(writer, found, placed, reader, matrix=matrix)
    for file, patient_key, reason, detail in laid.rejected:
        checked.findings.append(refusal(OUTLINES, reason.value, detail, patient_key=patient_key, subject=file))
    for patient_key, doubt in laid.doubts:
        checked.note(OUTLINES, "", (doubt.found, doubt.expected, doubt.remedy), patient_key=patient_key)
    checked.counts["outline files"] = len(found)
    checked.counts["patients with an outline in use"] = len(laid.patients)
    if not laid.patients:
        lack = (
            "no outline lies on a series in use",
            "manual outlines of some patients, to learn the segmentation from",
        )
        remedy = (
            "put label maps, RTSTRUCT or SEG into outlines/, named or labelled by patient (docs/your_own_cohort.md)"
        )
        checked.findings.append(Finding(Severity.STOPS, OUTLINES, "", "", "", *lack, remedy))
    return set(laid.patients)


def _slices_by_header(folder: SurveyedFolder, judged: pd.DataFrame) -> dict[str, tuple[DecodedSlice, ...]]:
    """Where the slices of every chosen series lie, by patient, from the feet to the head."""
    table = folder.survey.files
    accepted = set(table.loc[table["reason"] == "", "file"])
    normals = {
        (row.patient_key, row.series_key): np.array([row.normal_x, row.normal_y, row.normal_z])
        for row in judged[judged["chosen"]].itertuples()
    }
    slices: dict[str, list[DecodedSlice]] = {}
    for entry in folder.reading.entries:
        normal = normals.get((entry.origin.patient_key, entry.origin.series_key))
        if normal is None or entry.file not in accepted:
            continue
        for geometry in entry.geometries:
            if geometry.is_parallel_to(normal):
                place = DecodedSlice(
                    entry.file, entry.instance_key, geometry, geometry.position_along(normal), float("nan"), ""
                )
                slices.setdefault(entry.origin.patient_key, []).append(place)
    return {key: tuple(sorted(items, key=lambda item: (item.position_mm, item.file))) for key, items in slices.items()}
