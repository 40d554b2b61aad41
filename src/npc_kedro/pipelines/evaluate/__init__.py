"""The sixteen classifiers on the test cohort: Table 2, curves, pictures."""

from npc_kedro.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
