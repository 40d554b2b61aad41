"""How much memory one of the sixteen trainings will need."""

from typing import TYPE_CHECKING, Any

from npc_kedro.pipelines.train_classifiers.parameters import one_training
from npc_kedro.sizes import Sizes
from npc_kedro.study import Unit

if TYPE_CHECKING:
    from npc_kedro.training.memory import Need


def needed(parameters: dict[str, Any], sizes: Sizes, *, arm: str, network: str, unit: str) -> "Need":
    """The need of the node ``train`` with these arguments."""
    from npc_kedro.pipelines.train_classifiers.nodes import spec_of
    from npc_kedro.training.memory import classifier_need

    chosen = one_training(parameters, network=network)
    table = sizes.stored("train_crops")
    if table is None:
        bag_sizes = [sizes.slices_of_patient] * sizes.patients_of_arm.get(arm, 0)
    else:
        bag_sizes = table.loc[table["arm"] == arm].groupby("patient_key").size().tolist()
    return classifier_need(
        spec_of(chosen, unit=unit),
        chosen.settings,
        by_patient=unit == Unit.PATIENT,
        bag_sizes=bag_sizes,
        crop_size=sizes.crop_size,
        bf16=chosen.settings.precision == "bf16",
    )
