"""The recommendation of the two best models against the physicians' choice: Table 3 and what stands beside it."""

from npc_kedro.pipelines.recommend_vs_physician.pipeline import create_pipeline

__all__ = ["create_pipeline"]
