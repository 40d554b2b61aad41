"""Knobs of the sixteen trainings."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.study import NETWORKS
from npc_kedro.training.settings import ClassifierSettings

_STRICT = ConfigDict(extra="forbid", frozen=True)


class NetworkParameters(BaseModel):
    """One of the four classifiers."""

    model_config = _STRICT

    architecture: str = Field(description="timm's name")
    pretrained_tag: str = Field(description="which of timm's weights; also fixes mean and spread of the input")
    image_size: int = Field(ge=32, description="side of what the network sees, pixels")
    epochs_factor: float = Field(default=1.0, gt=0, description="this network is trained that many times as long")
    learning_rate: float | None = Field(default=None, gt=0, description="in place of the optimiser's, if given")


class TrainClassifiersParameters(ClassifierSettings):
    """How the classifiers are trained: the same for all sixteen but for the network."""

    weights: str = Field(description="none, hub, or a folder with <architecture>.safetensors")
    networks: dict[str, NetworkParameters]

    @model_validator(mode="after")
    def _every_network_is_described(self) -> Self:
        missing = sorted(set(NETWORKS) - set(self.networks))
        if missing:
            msg = f"networks has no entry for {', '.join(missing)}"
            raise ValueError(msg)
        return self

    def training(self, network: str) -> ClassifierSettings:
        """What the training loop needs to train this network."""
        own = self.networks[network]
        shared = {name: getattr(self, name) for name in ClassifierSettings.model_fields}
        shared["epochs"] = max(1, round(self.epochs * own.epochs_factor))
        if own.learning_rate is not None:
            shared["optimiser"] = self.optimiser.model_copy(update={"learning_rate": own.learning_rate})
        return ClassifierSettings(**shared)


class OneTraining(BaseModel):
    """All that the training of one network depends on."""

    model_config = _STRICT

    settings: ClassifierSettings
    network: NetworkParameters
    weights: str


def one_training(parameters: dict[str, Any], *, network: str) -> OneTraining:
    """The part of ``params:train_classifiers`` that concerns one network."""
    given = TrainClassifiersParameters.model_validate(parameters)
    return OneTraining(settings=given.training(network), network=given.networks[network], weights=given.weights)
