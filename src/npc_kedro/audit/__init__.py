"""Recomputes every number of a published set of tables that can be derived from the others, and judges it.

The checks know no number of any publication: they read printed tables and compute. Start at :func:`audit_tables`.
"""

from npc_kedro.audit.claims import AuditVerdict, Claim, claims_frame
from npc_kedro.audit.reading import read_tables, tables_from_frames
from npc_kedro.audit.run import audit_tables
from npc_kedro.audit.tables import PublishedTables

__all__ = [
    "AuditVerdict",
    "Claim",
    "PublishedTables",
    "audit_tables",
    "claims_frame",
    "read_tables",
    "tables_from_frames",
]
