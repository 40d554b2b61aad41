"""4:1 by patient within each arm, stratified by outcome; Table 1."""

from npc_kedro.pipelines.split.pipeline import create_pipeline

__all__ = ["create_pipeline"]
