"""Everything that is wrong with a cohort folder, on one page, before anything is decoded or trained."""

from npc_kedro.pipelines.preflight.pipeline import create_pipeline

__all__ = ["create_pipeline"]
