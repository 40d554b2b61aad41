"""The four steps from a cohort folder to slices and patients."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro.arrays import ImageTable, ImageTableWriter
from npc_kedro.clinical.covariates import PREFIX, shown_headings
from npc_kedro.clinical.doubts import contradicted_stages
from npc_kedro.clinical.staging import DOUBTFUL_IVB
from npc_kedro.clinical.table import ClinicalTable
from npc_kedro.cohort import CohortFolder
from npc_kedro.cohorts import is_simulated
from npc_kedro.dicom.privacy import redacting
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import patients_without_series
from npc_kedro.dicom.timing import used_undated
from npc_kedro.errors import CohortError
from npc_kedro.knobs import reads
from npc_kedro.pipelines.ingest.door import Door
from npc_kedro.pipelines.ingest.parameters import IngestParameters, what_counts, what_counts_before_pixels
from npc_kedro.pipelines.ingest.patients import disagreement, patients_in_use, patients_left_out
from npc_kedro.pipelines.ingest.sexes import compare_sexes
from npc_kedro.study import SIMULATED_MARK

_log = logging.getLogger(__name__)

_SHOWN = 5
"""Patients named in one log line; the tables name them all."""


@reads(what_counts_before_pixels)
def read_clinical_table(cohort: CohortFolder, parameters: dict[str, Any]) -> pd.DataFrame:
    """Reads the clinical table, checks every cell and replaces identifiers by pseudonyms.

    Returns:
        one row per patient: patient_key, the study's columns, ``exclusion``, ``missing_items``, ``stage_disagrees``.

    Raises:
        CohortError: if the folder lacks something, or listing everything in the table that cannot be understood.
    """
    settings = IngestParameters.model_validate(parameters)
    cohort.require_complete()
    with redacting() as guard:
        door = Door(cohort, settings, guard)
        table = door.read_table()
        if stray := door.stray_aliases(table.patients):
            rows = _some(stray)
            _log.warning("%s: the patient_id of rows %s is in no row of the table", cohort.identifiers.name, rows)
        usable = int((table.patients["exclusion"] == "").sum())
        _log.info("Clinical table: %d patients, %d of them complete and eligible", len(table.patients), usable)
        if table.headings:
            read = "; ".join(f"{item}: {heading}" for item, heading in table.headings.items())
            _log.info("Headings of the clinical table are read as %s", read)
        if table.hidden_rows:
            _log.warning("Rows of the clinical table are used though the workbook hides them: %s", _rows(table))
        if table.hidden_columns:
            items = ", ".join(table.hidden_columns)
            _log.warning("Columns of the clinical table are read though the workbook hides them: %s", items)
        if doubtful := table.doubtful_stages():
            _log.warning(
                "%d patients of %s; if so, map it to IVa in ingest.clinical.values (rows %s)",
                len(doubtful),
                DOUBTFUL_IVB,
                _some(sorted(doubtful.values())),
            )
        if contradicted := contradicted_stages(table.patients):
            _log.warning(
                "The AJCC stage is not that of T and N in %d rows of the clinical table: %s of patients who are left "
                "out, %s of others",
                len(contradicted),
                _some([doubt.table_row for doubt in contradicted if doubt.left_out]) or "none",
                _some([doubt.table_row for doubt in contradicted if not doubt.left_out]) or "none",
            )
        carried = [name for name in table.patients if str(name).startswith(PREFIX)]
        named, others = shown_headings(carried, settings.clinical.covariates)
        if carried:
            told = ", ".join([*named, *([f"{others} with headings that are not shown here"] if others else [])])
            _log.info("%d further columns of the clinical table come along: %s", len(carried), told)
        for place, left in table.left_columns.items():
            _log.info("Column %d of the clinical table stays behind: %s; %s", place, left.why, left.remedy)
    return table.patients


def _rows(table: ClinicalTable) -> str:
    return _some(table.hidden_rows)


@reads(what_counts_before_pixels)
def survey_files(
    cohort: CohortFolder, clinical: pd.DataFrame, parameters: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reads every file's header; each file gets a patient and a series, or a reason why not.

    Returns:
        the files and the series, see :class:`npc_kedro.dicom.survey.Survey`.
    """
    settings = IngestParameters.model_validate(parameters)
    with redacting() as guard:
        door = Door(cohort, settings, guard)
        folder = door.survey_folder()
        result = folder.survey
        if result.problems:
            msg = "The DICOM folder contradicts itself; correct the export:\n- " + "\n- ".join(result.problems)
            raise CohortError(msg)
        sexes = compare_sexes(clinical, folder.reading.entries, door.pseudonyms)
        if sexes.problem:
            msg = f"Table and images are not of the same patients:\n- {sexes.problem}"
            raise CohortError(msg)
        if sexes.differing:
            _log.warning(
                "The clinical table's sex is not PatientSex of the images in %d of %d patients: rows %s",
                len(sexes.differing),
                sexes.compared,
                _some(list(sexes.differing)),
            )
        unchanged = len(folder.found) - folder.reading.read
        _log.info("DICOM folder: %d files are as they were, %d are read", unchanged, folder.reading.read)
        _log.info(
            "DICOM folder: %d files, %d of them to choose from, in %d series of %d patients (%d in the clinical table)",
            len(result.files),
            int((result.files["reason"] == "").sum()),
            len(result.series),
            result.series["patient_key"].nunique(),
            int(result.series["patient_key"].drop_duplicates().isin(clinical["patient_key"]).sum()),
        )
    return result.files, result.series


@reads(what_counts_before_pixels)
def choose_series(
    cohort: CohortFolder, clinical: pd.DataFrame, series_survey: pd.DataFrame, parameters: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Picks each patient's axial contrast-enhanced T1 series by the rules in the parameters, or by the user's override.

    Returns:
        all series with ``chosen`` and ``reason``, and the same for readers, without the geometry.
    """
    settings = IngestParameters.model_validate(parameters)
    with redacting() as guard:
        judged = Door(cohort, settings, guard).judge_series(clinical, series_survey)
    without = patients_without_series(judged, list(clinical.loc[clinical["exclusion"] == "", "patient_key"]))
    if message := disagreement(clinical, series_survey, file=cohort.clinical_table.name):
        _log.warning("%s", message)
    for reason in sorted(set(without.values()) - {RejectReason.ROW_WITHOUT_IMAGES.value}):
        keys = sorted(key for key, why in without.items() if why == reason)
        _log.warning("%d patients are left out, %s: %s", len(keys), RejectReason(reason).meaning, _some(keys))
    if undated := used_undated(judged, clinical):
        _log.warning(
            "%d patients are used though their images bear no date to hold against treatment_start: %s",
            len(undated),
            _some(undated),
        )
    columns = [column for column in judged.columns if not column.startswith("normal_") and column != "study_day"]
    return judged, judged[columns]


def _some(keys: Sequence[object]) -> str:
    return ", ".join(map(str, keys[:_SHOWN])) + (", ..." if len(keys) > _SHOWN else "")


@reads(what_counts)
def decode_slices(
    cohort: CohortFolder,
    clinical: pd.DataFrame,
    file_survey: pd.DataFrame,
    series_judged: pd.DataFrame,
    parameters: dict[str, Any],
) -> tuple[ImageTable, ImageTable, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Decodes every slice of the chosen series once, lays the outlines on them and closes the account.

    Returns:
        slices, outlines, patients, the attrition table, the rejected files.

    Raises:
        LeakError: if the same pixels stand under two patients.
    """
    from npc_kedro.dicom.outlines.folder import OutlineSearch, find_outlines, read_choices
    from npc_kedro.dicom.walk import kept_listing
    from npc_kedro.pipelines.ingest.accounts import close_account
    from npc_kedro.pipelines.ingest.outline_store import OutlineReader, store_outlines
    from npc_kedro.pipelines.ingest.outline_target import SlicesOfPatients
    from npc_kedro.pipelines.ingest.slice_store import store_slices

    settings = IngestParameters.model_validate(parameters)
    size = (settings.matrix, settings.matrix)
    with redacting() as guard:
        pseudonyms = Door(cohort, settings, guard).pseudonyms
        there = {pseudonyms.file(file.relative): file for file in kept_listing(cohort.dicom)}
        stored = store_slices(
            Path(settings.scratch),
            file_survey,
            series_judged,
            there,
            matrix=settings.matrix,
            workers=settings.workers,
        )
        owners = dict(zip(series_judged["series_key"], series_judged["patient_key"], strict=True))
        choices = read_choices(cohort.outline_override, pseudonyms, settings.clinical.is_missing)
        objects = file_survey.loc[file_survey["reason"] == RejectReason.OUTLINE_OBJECT.value, "file"]
        rules = settings.outlines
        search = OutlineSearch(pseudonyms, stored.slices.keys(), owners, rules.name_pattern, choices)
        found = find_outlines(cohort.outlines, [there[file] for file in objects if file in there], search)
        known = file_survey[file_survey["series_key"] != ""]
        series_of = dict(zip(known["instance_key"], known["series_key"], strict=True))
        reader = OutlineReader(rules, pseudonyms, owners, series_of, choices.chosen)
        placed = SlicesOfPatients(stored.slices, stored.first_row, _series_used(series_judged), there)
        with ImageTableWriter(settings.scratch, shape=size, dtype=np.uint8) as outline_writer:
            outlined = store_outlines(outline_writer, found, placed, reader, matrix=settings.matrix)
        slices = stored.image_table(outlined.patients)
        patients = patients_in_use(clinical, slices.table, simulated=cohort.simulated)
        attrition, rejected_files = close_account(clinical, file_survey, series_judged, stored, outlined)
        _log.info("Slices: %d of %d patients, %d of them outlined", len(slices), len(patients), len(outlined.patients))
    return slices, outlined.images, patients, attrition, rejected_files


def list_excluded_patients(
    clinical: pd.DataFrame, file_survey: pd.DataFrame, series_judged: pd.DataFrame, patients: pd.DataFrame
) -> pd.DataFrame:
    """Every patient of the table or the folder who is not used, with the row, the step and the reason."""
    return patients_left_out(clinical, file_survey, series_judged, patients)


def draw_outlines(
    slices: ImageTable, outlines: ImageTable, patients: pd.DataFrame
) -> dict[str, Callable[[], np.ndarray]]:
    """What draws each outlined patient's slices with the outline on them, by patient key."""
    mark = SIMULATED_MARK if is_simulated(patients) else ""
    return {
        str(patient_key): partial(_outline_picture, slices, outlines, rows, mark=mark)
        for patient_key, rows in outlines.table.groupby("patient_key", sort=True)
        if any(outlines.pixels[row].any() for row in rows.index)
    }


def _outline_picture(slices: ImageTable, outlines: ImageTable, rows: pd.DataFrame, *, mark: str) -> np.ndarray:
    from npc_kedro.figures.outline_mosaic import outline_mosaic

    images, labels = np.asarray(slices.pixels[rows["slice_row"]]), np.asarray(outlines.pixels[rows.index])
    return outline_mosaic(images, labels, mark=mark)


def _series_used(series_judged: pd.DataFrame) -> dict[str, str]:
    """Patient key to the key of the chosen series."""
    return series_judged[series_judged["chosen"]].set_index("patient_key")["series_key"].to_dict()
