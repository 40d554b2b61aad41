"""Two segmenters learn the outlined tumours; the better one outlines every slice of everyone."""

from npc_kedro.pipelines.segment.pipeline import create_pipeline

__all__ = ["create_pipeline"]
