"""The rectangle round every predicted tumour, at one size, with its box recorded."""

from npc_kedro.pipelines.crop.pipeline import create_pipeline

__all__ = ["create_pipeline"]
