"""The door of the study: names, identifiers and paths come as far as here, and leave as pseudonyms.

``ingest`` and ``preflight`` both go through it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from npc_kedro import afresh
from npc_kedro.clinical.identifiers import read_alias_rows, read_aliases
from npc_kedro.clinical.table import ClinicalTable, read_clinical
from npc_kedro.cohort import CohortFolder
from npc_kedro.dicom.privacy import IdentifierFilter
from npc_kedro.dicom.pseudonyms import (
    Pseudonyms,
    load_pseudonyms,
    normalised_identifier,
    read_key_map,
    write_file_map,
    write_key_map,
)
from npc_kedro.dicom.reasons import RejectReason
from npc_kedro.dicom.selection import choose_series, read_override
from npc_kedro.pipelines.ingest.parameters import IngestParameters

if TYPE_CHECKING:
    from npc_kedro.dicom.reading import Reading
    from npc_kedro.dicom.survey import Survey
    from npc_kedro.dicom.walk import FoundFile

KEY_MAP = "pseudonym_map.csv"
FILE_MAP = "file_map.csv"
HEADERS_JOURNAL = "headers.journal"


@dataclass(frozen=True)
class SurveyedFolder:
    """The DICOM folder after all its headers were read."""

    found: "list[FoundFile]"
    reading: "Reading"
    survey: "Survey"


@dataclass(frozen=True)
class Door:
    """The way into one cohort folder.

    Attributes:
        cohort: the folder.
        settings: the parameters of ``ingest``.
        guard: learns every identifier that is met, so that no log line shows it.
    """

    cohort: CohortFolder
    settings: IngestParameters
    guard: IdentifierFilter

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Makes the cohort's keys, identifiers joined as the user says."""
        aliases = read_aliases(self.cohort.identifiers, self.settings.clinical.is_missing)
        return load_pseudonyms(simulated=self.cohort.simulated, key_file=self._key_file, aliases=aliases)

    def read_table(self) -> ClinicalTable:
        """The clinical table.

        Raises:
            CohortError: listing everything in it that cannot be understood.
        """
        table = read_clinical(self.cohort.clinical_table, self.settings.clinical, self.pseudonyms)
        self.guard.add(_spellings(table.identifiers.values()))
        self.guard.add(table.private)
        self._keep_key_map(table.identifiers)
        return table

    def stray_aliases(self, clinical: pd.DataFrame) -> list[int]:
        """Rows of ``identifiers.csv`` that lead to no patient of the clinical table."""
        known = set(clinical["patient_key"])
        rows = read_alias_rows(self.cohort.identifiers, self.settings.clinical.is_missing)
        return [row for row, patient in rows if self.pseudonyms.patient(patient) not in known]

    def survey_folder(self) -> SurveyedFolder:
        """Reads the header of every file below the DICOM folder that is new or was changed.

        Raises:
            CohortError: if there is no such folder.
        """
        from npc_kedro.dicom.journal import Journal
        from npc_kedro.dicom.reading import ReadingRules, read_entries
        from npc_kedro.dicom.survey import survey
        from npc_kedro.dicom.walk import find_files, keep_listing

        settings = self.settings
        rules = ReadingRules(self.pseudonyms, settings.series_rules, settings.accept_without_preamble)
        found = find_files(self.cohort.dicom)
        journal = Journal(Path(settings.scratch) / HEADERS_JOURNAL, rules.circumstances())
        if afresh.asked():
            journal.forget()
        reading = read_entries(
            found,
            rules,
            workers=settings.workers,
            journal=journal,
            known_patients=None if self.cohort.simulated else read_key_map(self._key_map),
        )
        self.guard.add(_spellings(reading.private_words))
        self._keep_key_map(reading.identifiers, beside_table=True)
        self._keep_file_map({entry.file: file for entry, file in zip(reading.entries, found, strict=True)})
        keep_listing(self.cohort.dicom, found)
        return SurveyedFolder(found, reading, survey(reading.entries, found, settings.series_rules))

    def judge_series(self, clinical: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
        """All series with ``chosen`` and ``reason``, by the rules or by the user's override.

        Raises:
            CohortError: if the override cannot be followed.
        """
        return choose_series(
            series,
            excluded_patients=_excluded_patients(clinical, series),
            override=read_override(self.cohort.series_override, self.pseudonyms, self.settings.clinical.is_missing),
            treatment_start=clinical.set_index("patient_key")["treatment_start_day"].dropna().to_dict(),
            max_days_before_treatment=self.settings.max_days_before_treatment,
        )

    def _keep_key_map(self, identifiers: Mapping[str, str], *, beside_table: bool = False) -> None:
        """Keeps the way back to a real cohort's patients beside the key, for their hospital alone.

        Of several identifiers of a patient that of the clinical table counts; others only where there is none.
        """
        if self.cohort.simulated:
            return
        known = read_key_map(self._key_map) if beside_table else {}
        write_key_map(self._key_map, {key: name for key, name in identifiers.items() if key not in known})

    def _keep_file_map(self, dicom: "Mapping[str, FoundFile]") -> None:
        """Keeps the way back to a real cohort's files likewise: a rejected one is to be found, and looked at."""
        if self.cohort.simulated:
            return
        from npc_kedro.dicom.outlines.folder import key_of_outline
        from npc_kedro.dicom.walk import find_files

        files = {key: f"{self.cohort.dicom.name}/{file.relative}" for key, file in dicom.items()}
        if self.cohort.outlines.is_dir():
            for file in find_files(self.cohort.outlines):
                files[key_of_outline(file.relative, self.pseudonyms)] = f"{self.cohort.outlines.name}/{file.relative}"
        write_file_map(self._key_file.parent / FILE_MAP, files)

    @property
    def _key_map(self) -> Path:
        return self._key_file.parent / KEY_MAP

    @property
    def _key_file(self) -> Path:
        """The key file; a relative path means the project's, wherever the command was given."""
        from kedro.utils import find_kedro_project

        return Path(find_kedro_project(Path.cwd()) or Path.cwd()) / self.settings.pseudonym_key_file


def _spellings(identifiers: Iterable[str]) -> Iterator[str]:
    """Identifiers as written and as compared: a log line may hold either."""
    for identifier in identifiers:
        yield from (identifier, normalised_identifier(identifier))


def _excluded_patients(clinical: pd.DataFrame, series: pd.DataFrame) -> dict[str, str]:
    """Patients who are out before any series is chosen: excluded by the table, or not in it."""
    excluded = clinical.loc[clinical["exclusion"] != ""].set_index("patient_key")["exclusion"].to_dict()
    unknown = set(series["patient_key"]) - set(clinical["patient_key"])
    return {**excluded, **dict.fromkeys(unknown, RejectReason.IMAGES_WITHOUT_ROW.value)}
