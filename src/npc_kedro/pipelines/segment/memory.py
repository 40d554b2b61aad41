"""How much memory the training of a segmenter will need."""

from typing import TYPE_CHECKING, Any

from npc_kedro.pipelines.segment.parameters import one_segmenter
from npc_kedro.sizes import Sizes

if TYPE_CHECKING:
    from npc_kedro.training.memory import Need


def needed(parameters: dict[str, Any], sizes: Sizes, *, segmenter: str) -> "Need":
    """The need of the node ``train`` with this argument."""
    from npc_kedro.pipelines.segment.nodes import spec_of
    from npc_kedro.training.memory import segmenter_need

    chosen = one_segmenter(parameters, segmenter=segmenter)
    outlines = sizes.stored("outlines")
    n_slices = sizes.slices_of_patient * sizes.outlined if outlines is None else len(outlines)
    return segmenter_need(
        spec_of(chosen, segmenter=segmenter),
        batch_size=chosen.settings.batch_size,
        n_slices=n_slices,
        matrix=sizes.matrix,
        bf16=chosen.settings.precision == "bf16",
    )
