"""Knobs of the sixteen trainings."""

from typing import Self

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

    def training(self) -> ClassifierSettings:
        """What the training loop needs."""
        return ClassifierSettings(**{name: getattr(self, name) for name in ClassifierSettings.model_fields})
