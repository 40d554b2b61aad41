"""Preflight as a user thinks of it: look at everything, then write one page."""

import logging
from typing import Any

import pandas as pd

from npc_kedro.cohort import CohortFolder
from npc_kedro.dicom.privacy import redacting
from npc_kedro.pipelines.ingest.door import Door
from npc_kedro.pipelines.ingest.parameters import IngestParameters
from npc_kedro.pipelines.preflight.parameters import PreflightParameters
from npc_kedro.pipelines.split.parameters import SplitParameters

_log = logging.getLogger(__name__)


def check_cohort(
    cohort: CohortFolder, ingest: dict[str, Any], split: dict[str, Any], parameters: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Does every check that needs neither all pixels nor a network, and goes on whatever one of them finds.

    Returns:
        the findings, see :class:`npc_kedro.pipelines.preflight.findings.Finding`; and how many there are of what.
    """
    from npc_kedro.pipelines.preflight import checks
    from npc_kedro.pipelines.preflight.findings import Severity, table_of
    from npc_kedro.pipelines.preflight.outlines import check_outlines

    settings = IngestParameters.model_validate(ingest)
    given = PreflightParameters.model_validate(parameters)
    checked = checks.Checked()
    with redacting() as guard:
        door = Door(cohort, settings, guard)
        clinical = checks.check_table(door, checked)
        folder = checks.check_files(door, checked)
        if folder and clinical is not None:
            checks.check_sexes(door, clinical, folder, checked)
        judged = checks.check_series(door, clinical, folder, checked) if folder else None
        if folder and judged is not None:
            number = given.files_decoded_per_series
            checks.check_decoding(folder, judged, checked, files=number, workers=settings.workers)
            outlined = check_outlines(door, folder, judged, checked)
            if clinical is not None:
                checks.check_patients(clinical, folder, judged, checked)
                checks.check_division(clinical, judged, outlined, SplitParameters.model_validate(split), checked)
        else:
            checks.check_choices(door, checked, series=folder is None)
    found = table_of(checked.findings)
    stops = int((found["severity"] == Severity.STOPS.value).sum())
    _log.log(
        logging.ERROR if stops else logging.INFO,
        "Preflight: %d findings, %d of which would stop the run; see preflight.html",
        len(found),
        stops,
    )
    return found, checked.counts


def write_page(cohort: CohortFolder, findings: pd.DataFrame, counts: dict[str, int], parameters: dict[str, Any]) -> str:
    """The findings as a page for readers."""
    from npc_kedro.pipelines.preflight.page import preflight_page

    given = PreflightParameters.model_validate(parameters)
    return preflight_page(findings, counts, simulated=cohort.simulated, shown_of_a_kind=given.shown_of_a_kind)
