"""Sixteen classifiers: four networks, two arms, two units."""

from npc_kedro.pipelines.train_classifiers.pipeline import create_pipeline

__all__ = ["create_pipeline"]
