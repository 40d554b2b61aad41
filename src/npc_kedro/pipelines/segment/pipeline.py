"""Wiring of ``segment``.

::

    split_patients -> unet.train      -> unet.measure_dice      -> choose_segmenter -> predict_masks -> masks
                   -> deeplabv3.train -> deeplabv3.measure_dice ->
"""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.segment import figures, nodes
from npc_kedro.study import SEGMENTERS
from npc_kedro.wiring import with_fixed


def create_pipeline() -> Pipeline:
    """slices + outlines -> two segmenters, their Dice, and the chosen one's masks of every slice."""
    trainings = [node for segmenter in SEGMENTERS for node in _segmenter(segmenter)]
    return Pipeline(
        [
            Node(
                nodes.split_patients,
                inputs=["patients", "params:segment"],
                outputs="segmentation_split",
                name="split_patients",
            ),
            *trainings,
            Node(
                with_fixed(nodes.choose_segmenter, names=SEGMENTERS),
                inputs=["params:segment", *(f"{segmenter}__dice" for segmenter in SEGMENTERS)],
                outputs="segmentation",
                name="choose_segmenter",
            ),
            Node(
                with_fixed(nodes.predict_masks, names=SEGMENTERS),
                inputs=[
                    "slices",
                    "segmentation",
                    "params:segment",
                    *(f"{segmenter}__segmenter" for segmenter in SEGMENTERS),
                ],
                outputs="masks",
                name="predict_masks",
            ),
            *_figures(),
        ],
        namespace="segment",
        prefix_datasets_with_namespace=False,
        parameters={"segment"},
    )


def _segmenter(segmenter: str) -> list[Node]:
    return [
        Node(
            with_fixed(nodes.train, segmenter=segmenter),
            inputs=["slices", "outlines", "segmentation_split", "params:segment"],
            outputs=[f"{segmenter}__segmenter", f"{segmenter}__segmenter_history"],
            name="train",
            namespace=segmenter,
            tags=["training", segmenter],
        ),
        Node(
            nodes.measure_dice,
            inputs=["slices", "outlines", "segmentation_split", f"{segmenter}__segmenter", "params:segment"],
            outputs=f"{segmenter}__dice",
            name="measure_dice",
            namespace=segmenter,
            tags=[segmenter],
        ),
    ]


def _figures() -> list[Node]:
    return [
        Node(
            figures.draw_dice_by_epoch,
            inputs=["patients", *(f"{segmenter}__segmenter_history" for segmenter in SEGMENTERS)],
            outputs="figure_dice_by_epoch",
            name="draw_dice_by_epoch",
        ),
        Node(
            figures.draw_segmentation_dice,
            inputs=["patients", "segmentation", *(f"{segmenter}__dice" for segmenter in SEGMENTERS)],
            outputs="figure_segmentation_dice",
            name="draw_segmentation_dice",
        ),
        Node(
            figures.draw_segmentation_montage,
            inputs=["patients", "slices", "outlines", "masks", "segmentation", "segmentation_split"],
            outputs="figure_segmentation_montage",
            name="draw_segmentation_montage",
        ),
    ]
