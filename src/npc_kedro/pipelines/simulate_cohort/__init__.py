"""A simulated cohort in the user's own folder layout, when no real one is given."""

from npc_kedro.pipelines.simulate_cohort.pipeline import create_pipeline

__all__ = ["create_pipeline"]
