"""The audit as a method section tells it: read the printed tables, recompute every claim, write the report."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from npc_kedro.pipelines.audit_published.parameters import AuditPublishedParameters

_LOG = logging.getLogger(__name__)


def audit_published_tables(parameters: dict[str, Any]) -> pd.DataFrame:
    """Reads the tables and judges every claim; an audited number that cannot be right is a finding, not a failure.

    Returns:
        claim, printed, recomputed, method, verdict, note, cells; in the order of the publication.

    Raises:
        CohortError: if the folder or a table in it cannot be read.
    """
    from npc_kedro.audit import audit_tables, claims_frame, read_tables
    from npc_kedro.published import shipped_folder

    given = AuditPublishedParameters.model_validate(parameters).published_dir
    audit = claims_frame(audit_tables(read_tables(Path(given).expanduser() if given else shipped_folder())))
    counts = audit["verdict"].value_counts()
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    _LOG.info("%d claims: %s", len(audit), told)
    for claim in audit.loc[audit["verdict"] == "inconsistent", "claim"]:
        _LOG.info("inconsistent: %s", claim)
    return audit


def write_page(audit: pd.DataFrame, parameters: dict[str, Any]) -> str:
    """The audit as a page for readers."""
    from npc_kedro.audit.page import audit_page

    given = AuditPublishedParameters.model_validate(parameters).published_dir
    publication = "Hua et al., Quant Imaging Med Surg 2023;13(6):3569-3586, doi 10.21037/qims-22-1226."
    return audit_page(audit, source="Tables from published_dir." if given else publication)
