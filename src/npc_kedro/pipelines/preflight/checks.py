"""The checks of a cohort folder, one after the other; what one finds wrong does not keep the next from looking."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from npc_kedro.clinical.staging import DOUBTFUL_IVB
from npc_kedro.cohorts import forecast_split
from npc_kedro.dicom.decoding import SeriesTask, SourceFile, decode_series
from npc_kedro.dicom.outlines.folder import read_choices
from npc_kedro.dicom.parallel import ordered_map
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import read_override
from npc_kedro.dicom.timing import used_undated
from npc_kedro.errors import CohortError
from npc_kedro.pipelines.ingest.door import Door, SurveyedFolder
from npc_kedro.pipelines.ingest.patients import patients_left_out
from npc_kedro.pipelines.ingest.sexes import compare_sexes
from npc_kedro.pipelines.preflight.findings import Finding, Severity, findings_of, refusal
from npc_kedro.pipelines.preflight.remedies import remedy_of
from npc_kedro.pipelines.preflight.table_notes import notes_on_single_values, notes_on_stages
from npc_kedro.pipelines.split.parameters import SplitParameters

IDENTIFIERS, TABLE, FILES, SERIES, PATIENTS, DECODING, OUTLINES, DIVISION = (
    "identifiers",
    "clinical table",
    "files",
    "series",
    "patients",
    "decoding on trial",
    "outlines",
    "division",
)
"""The checks, as they are named in the report."""

_LOOK_AT_SERIES = "look at the series; nothing, if the right images are used"
_LOOK_UP_DATE = "look up the day of the examination; take the patient out of the clinical table if it lies after"

_TRIAL_MATRIX = 16
"""Side of the slices that are decoded on trial and thrown away."""


@dataclass
class Checked:
    """What the checks have found so far.

    Attributes:
        findings: everything that is not as expected.
        counts: how many there are of what, in words.
        told: the errors among the findings: what several checks stumble over is told once.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def note(self, check: str, subject: str, what: tuple[str, str, str], *, patient_key: str = "") -> None:
        """Adds something to be known: what was found, what was expected, and what to do."""
        self.findings.append(Finding(Severity.NOTE, check, patient_key, subject, "", *what))

    def tell(self, check: str, error: CohortError) -> None:
        """Adds what an error says, unless it has been said."""
        if str(error) not in self.told:
            self.told.add(str(error))
            self.findings += findings_of(check, error)


def check_table(door: Door, checked: Checked) -> pd.DataFrame | None:
    """The clinical table; None if it cannot be understood."""
    try:
        _ = door.pseudonyms
    except CohortError as error:
        checked.tell(IDENTIFIERS, error)
    try:
        table = door.read_table()
    except CohortError as error:
        checked.tell(TABLE, error)
        return None
    if table.headings:
        note = (
            f"read as {'; '.join(f'{item}: {heading}' for item, heading in table.headings.items())}",
            "for each item the column that holds it",
            "nothing, or rename the column that is meant, or name it in ingest.clinical.columns",
        )
        checked.note(TABLE, "headings", note)
    for row in table.hidden_rows:
        note = (
            "the workbook hides this row, or filters it out; it is used all the same",
            "a patient of the study",
            "delete the row if the patient does not belong to the study",
        )
        checked.note(TABLE, f"row {row}", note)
    for item in table.hidden_columns:
        note = (
            "the workbook hides the column that this is read from",
            "the column that is meant",
            "name another in ingest.clinical.columns, or delete the column, if it is not",
        )
        checked.note(TABLE, f"column {item}", note)
    checked.findings += notes_on_stages(table.patients, check=TABLE)
    checked.findings += notes_on_single_values(table.patients, check=TABLE)
    for patient_key, row in table.doubtful_stages().items():
        note = (
            DOUBTFUL_IVB,
            "a stage by the 8th edition",
            "if it is of the 7th, map it to IVa in ingest.clinical.values",
        )
        checked.note(TABLE, f"row {row}, column ajcc_stage", note, patient_key=patient_key)
    for place, left in table.left_columns.items():
        expected = "numbers or a few categories that tell nobody who a patient is"
        note = (f"stays behind: {left.why}", expected, left.remedy)
        checked.note(TABLE, f"column {place}", note)
    for row in door.stray_aliases(table.patients):
        what = ("the patient_id is that of no row of the clinical table", "one of the clinical table")
        remedy = "correct it, or nothing: the row joins nobody who is in the study"
        checked.note(IDENTIFIERS, f"row {row}", (*what, remedy))
    checked.counts["patients in the clinical table"] = len(table.patients)
    checked.counts["of them complete and eligible"] = int((table.patients["exclusion"] == "").sum())
    return table.patients


def check_files(door: Door, checked: Checked) -> SurveyedFolder | None:
    """Every header; None if there is no folder."""
    try:
        folder = door.survey_folder()
    except CohortError as error:
        checked.tell(FILES, error)
        return None
    heading = "The DICOM folder contradicts itself; correct the export:"
    if folder.survey.problems:
        checked.findings += findings_of(FILES, CohortError("\n- ".join([heading, *folder.survey.problems])))
    files = folder.survey.files
    refused = files[~files["reason"].isin(["", RejectReason.OUTLINE_OBJECT.value])]
    for row in refused.itertuples():
        checked.findings.append(refusal(FILES, row.reason, row.detail, patient_key=row.patient_key, subject=row.file))
    checked.counts["files"] = len(files)
    checked.counts["readable MR images"] = int((files["reason"] == "").sum())
    checked.counts["series"] = len(folder.survey.series)
    checked.counts["patients with readable images"] = int(folder.survey.series["patient_key"].nunique())
    return folder


def check_sexes(door: Door, clinical: pd.DataFrame, folder: SurveyedFolder, checked: Checked) -> None:
    """Whether the table's sex is that of the images."""
    sexes = compare_sexes(clinical, folder.reading.entries, door.pseudonyms)
    if sexes.problem:
        heading = "Table and images are not of the same patients:"
        checked.findings += findings_of(TABLE, CohortError(f"{heading}\n- {sexes.problem}"))
    for row, patient_key in sexes.differing.items():
        note = (
            "the sex in the table is not PatientSex of the images",
            "the same in both",
            "look whether the images are the patient's, and correct the table or the export",
        )
        checked.note(TABLE, f"row {row}, column sex", note, patient_key=patient_key)


def check_series(
    door: Door, clinical: pd.DataFrame | None, folder: SurveyedFolder, checked: Checked
) -> pd.DataFrame | None:
    """The choice of series; None if the override cannot be followed."""
    series = folder.survey.series
    patients = _everybody(series) if clinical is None else clinical
    try:
        judged = door.judge_series(patients, series)
    except CohortError as error:
        checked.tell(SERIES, error)
        return None
    for row in judged[~judged["chosen"]].itertuples():
        finding = refusal(SERIES, row.reason, row.detail, patient_key=row.patient_key, subject=row.series_key)
        checked.findings.append(finding)
    uneven = judged[judged["chosen"] & ~judged["even_spacing"]]
    for row in uneven.itertuples():
        found = f"uneven distances between slices, mostly {row.slice_distance_mm:g} mm"
        note = (found, "even distances", "nothing: the method works slice by slice")
        checked.note(SERIES, row.series_key, note, patient_key=row.patient_key)
    for row in judged[judged["chosen"] & (judged["frames_left_out"] > 0)].itertuples():
        found = f"{row.frames_left_out} frames lie where others of the series do, or are turned away; they are left out"
        note = (found, "one frame at each place", remedy_of(RejectReason.REPEATED_POSITION))
        checked.note(SERIES, row.series_key, note, patient_key=row.patient_key)
    for row in judged[judged["chosen"] & (judged["notes"] != "")].itertuples():
        note = (row.notes, "images of one kind, day and frame of reference", _LOOK_AT_SERIES)
        checked.note(SERIES, row.series_key, note, patient_key=row.patient_key)
    for patient_key in used_undated(judged, patients):
        found = "the images bear no date, so nothing shows that they were made before treatment_start; they are used"
        note = (found, "a date in StudyDate, SeriesDate, AcquisitionDate or ContentDate", _LOOK_UP_DATE)
        checked.note(SERIES, "", note, patient_key=patient_key)
    checked.counts["series chosen"] = int(judged["chosen"].sum())
    return judged


def check_choices(door: Door, checked: Checked, *, series: bool) -> None:
    """The rows of the override files as far as they can be judged alone, where the check that follows them fails.

    Args:
        door: the way to the files.
        checked: takes the faults.
        series: whether ``series_override.csv`` is to be looked at too, since no series could be chosen at all.
    """
    try:
        pseudonyms = door.pseudonyms
    except CohortError:  # told with the clinical table
        return
    files = [(SERIES, read_override, "series_override")] if series else []
    for check, read, table in [*files, (OUTLINES, read_choices, "outline_override")]:
        try:
            read(getattr(door.cohort, table), pseudonyms, door.settings.clinical.is_missing).table.require_sound()
        except CohortError as error:
            checked.tell(check, error)


def _everybody(series: pd.DataFrame) -> pd.DataFrame:
    """Stands in for a clinical table that cannot be read, so that series can be looked at all the same."""
    return pd.DataFrame({"patient_key": series["patient_key"].unique(), "exclusion": "", "treatment_start_day": np.nan})


def check_patients(clinical: pd.DataFrame, folder: SurveyedFolder, judged: pd.DataFrame, checked: Checked) -> None:
    """Patients who are out, by the table or for want of a series."""
    chosen = judged.loc[judged["chosen"], ["patient_key"]]
    for row in patients_left_out(clinical, folder.survey.files, judged, chosen).itertuples():
        where = f"row {row.table_row}" if row.table_row else ""
        checked.findings.append(refusal(PATIENTS, row.reason, row.detail, patient_key=row.patient_key, subject=where))


def check_decoding(folder: SurveyedFolder, judged: pd.DataFrame, checked: Checked, *, files: int, workers: int) -> None:
    """Decodes ``files`` files of every chosen series: finds decoders that are missing and exports that are damaged."""
    tasks = list(_trials(folder, judged, files))
    tried = sum(len(task.files) for task in tasks)
    failed = 0
    for task, rejected in zip(tasks, ordered_map(_rejected, tasks, workers=workers), strict=True):
        for file, reason, detail in rejected:
            failed += 1
            patient_key = task.patient_key
            checked.findings.append(refusal(DECODING, reason.value, detail, patient_key=patient_key, subject=file))
    checked.counts["files decoded on trial"] = tried
    checked.counts["of them decoded well"] = tried - failed


def _rejected(task: SeriesTask) -> tuple[tuple[str, RejectReason, str], ...]:
    return decode_series(task).rejected


def _trials(folder: SurveyedFolder, judged: pd.DataFrame, count: int) -> Iterator[SeriesTask]:
    table = folder.survey.files
    locations = {entry.file: found for entry, found in zip(folder.reading.entries, folder.found, strict=True)}
    usable = table[table["reason"] == ""].groupby(["patient_key", "series_key"])["file"].agg(list)
    for row in judged[judged["chosen"]].itertuples():
        names = usable[row.patient_key, row.series_key]
        picked = {names[round(place)] for place in np.linspace(0, len(names) - 1, count + 2)[1:-1]}
        sources = tuple(
            SourceFile(name, locations[name].location, locations[name].stamp, "") for name in sorted(picked)
        )
        normal = (row.normal_x, row.normal_y, row.normal_z)
        yield SeriesTask(row.patient_key, row.series_key, sources, normal, _TRIAL_MATRIX)


def check_division(
    clinical: pd.DataFrame, judged: pd.DataFrame, outlined: set[str], split: SplitParameters, checked: Checked
) -> None:
    """Whether enough patients of each arm and outcome are left to learn from, to validate on and to test on."""
    used = clinical[
        (clinical["exclusion"] == "") & clinical["patient_key"].isin(judged.loc[judged["chosen"], "patient_key"])
    ]
    patients = used[["patient_key", "arm", "residual_tumor"]].astype({"residual_tumor": int})
    patients = patients.assign(outlined=patients["patient_key"].isin(outlined))
    checked.counts["patients in use"] = len(patients)
    forecast = partial(forecast_split, test_share=split.test_share, validation_share=split.validation_share)
    try:
        forecast(patients, seed=split.seed)
    except CohortError as error:
        checked.tell(DIVISION, error)
