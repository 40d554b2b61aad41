"""The wiring of ``crop``: slices + masks + patients -> crops + attrition_crop."""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.crop.nodes import crop_tumours


def create_pipeline(**_: object) -> Pipeline:
    """The pipeline ``crop``."""
    return Pipeline(
        [
            Node(
                crop_tumours,
                ["slices", "masks", "patients", "params:crop"],
                ["crops", "attrition_crop"],
                name="crop_tumours",
            )
        ],
        namespace="crop",
        prefix_datasets_with_namespace=False,
    )
