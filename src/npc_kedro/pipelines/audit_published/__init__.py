"""Recomputes a published set of tables and says which numbers cannot be right. Stands beside the study."""

from npc_kedro.pipelines.audit_published.pipeline import create_pipeline

__all__ = ["create_pipeline"]
