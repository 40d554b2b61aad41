"""Wiring of ``train_classifiers``: one node a training, so that each can run alone, be tracked alone and fail alone."""

from itertools import product

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.train_classifiers.nodes import train
from npc_kedro.study import NETWORKS, Arm, Unit, training_name
from npc_kedro.wiring import with_fixed


def create_pipeline() -> Pipeline:
    """crops + train_crops -> a classifier for every arm, network and unit. The test cohort is not among the inputs."""
    return Pipeline(
        [_training(arm, network, unit) for arm, network, unit in product(Arm, NETWORKS, Unit)],
        namespace="train_classifiers",
        prefix_datasets_with_namespace=False,
        parameters={"train_classifiers"},
    )


def _training(arm: Arm, network: str, unit: Unit) -> Node:
    name = training_name(arm, network, unit)
    return Node(
        with_fixed(train, arm=arm.value, network=network, unit=unit.value),
        inputs=["crops", "train_crops", "params:train_classifiers"],
        outputs=[f"{name}__classifier", f"{name}__history", f"{name}__validation"],
        name="train",
        namespace=f"{arm.slug}.{network}.{unit.value}",
        tags=["training", arm.slug, network, unit.value],
    )
