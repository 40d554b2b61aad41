"""Knobs of the segmentation."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from npc_kedro.training.settings import AugmentationSettings, OptimiserSettings, SegmenterSettings

_STRICT = ConfigDict(extra="forbid", frozen=True)
_PART = ConfigDict(extra="ignore", frozen=True)
"""Of a model that takes what it needs from the parameters of the whole pipeline."""


class SplitShares(BaseModel):
    """Shares of the outlined patients of each arm."""

    model_config = _STRICT

    validation: float = Field(gt=0, lt=1, description="for keeping the best epoch and choosing the better segmenter")
    test: float = Field(gt=0, lt=1, description="for the Dice that is reported")


class UnetDecoder(BaseModel):
    """Options of smp's U-Net; its own defaults where left out."""

    model_config = _STRICT

    decoder_channels: tuple[int, ...] = Field(
        default=(256, 128, 64, 32, 16),
        description="from the coarsest level up, one entry for each level of the encoder",
    )
    decoder_interpolation: Literal["nearest", "bilinear"] = "nearest"


class DeepLabV3Decoder(BaseModel):
    """Options of smp's DeepLabV3; its own defaults where left out."""

    model_config = _STRICT

    encoder_output_stride: Literal[8, 16] = 8
    decoder_channels: int = Field(default=256, ge=1)
    decoder_atrous_rates: tuple[int, int, int] = (12, 24, 36)
    decoder_aspp_separable: bool = False
    decoder_aspp_dropout: float = Field(default=0.5, ge=0, lt=1)


class Decoders(BaseModel):
    """What differs between the segmenters."""

    model_config = _STRICT

    unet: UnetDecoder = UnetDecoder()
    deeplabv3: DeepLabV3Decoder = DeepLabV3Decoder()


class _Seeded(BaseModel):
    model_config = _PART

    seed: int = Field(ge=0)


class DivisionParameters(_Seeded):
    """How the outlined patients are divided."""

    split: SplitShares


class MaskParameters(_Seeded):
    """How a trained segmenter is applied."""

    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    threads: int = Field(ge=1, description="torch threads, fixed so that numbers do not depend on the machine")
    labels: tuple[Literal[1, 2], ...] = Field(
        min_length=1, description="what counts as tumour in the outlines: 1 primary tumour, 2 lymph node"
    )
    field: Literal["body", "whole"] = Field(description="what of a slice they see: the square round the body, or all")
    threshold: float = Field(gt=0, lt=1, description="probability from which a pixel is tumour")
    min_area_mm2: float = Field(ge=0, description="smaller connected specks of a predicted mask are removed")
    prediction_batch_size: int = Field(ge=1, description="slices in one forward pass")
    scratch: str = Field(description="folder for unfinished arrays, on the disk that holds the results")


class ComparisonParameters(_Seeded):
    """How the segmenters are compared."""

    n_resamples: int = Field(ge=100, description="bootstrap resamples, by patient")


class SegmentParameters(DivisionParameters, MaskParameters, ComparisonParameters):
    """How the segmenters are trained, compared and applied."""

    model_config = _STRICT

    precision: Literal["auto", "fp32", "bf16"]
    encoder: str = Field(description="an encoder of segmentation-models-pytorch, the same for both segmenters")
    encoder_depth: int = Field(ge=3, le=5, description="levels of the encoder; smp's own default is 5")
    weights: str = Field(description="of the encoder: none, hub, or a folder with <encoder>.safetensors")
    image_size: int = Field(ge=32, multiple_of=32, description="side of what the segmenters see, pixels")
    decoders: Decoders
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=2)
    optimiser: OptimiserSettings
    augmentation: AugmentationSettings
    loss: Literal["bce", "bce_dice"]
    empty_slice_share: float = Field(ge=0, le=1, description="share of slices without outline that an epoch sees")
    keep: Literal["last", "best_validation"]

    @model_validator(mode="after")
    def _unet_mirrors_its_encoder(self) -> "SegmentParameters":
        levels = len(self.decoders.unet.decoder_channels)
        if levels != self.encoder_depth:
            msg = (
                f"decoders.unet.decoder_channels has {levels} entries; encoder_depth {self.encoder_depth} needs as many"
            )
            raise ValueError(msg)
        return self

    def decoder(self, segmenter: str) -> dict[str, Any]:
        """The segmenter's options, as smp names them."""
        return {"encoder_depth": self.encoder_depth, **getattr(self.decoders, segmenter).model_dump(mode="json")}

    @model_validator(mode="after")
    def _parts_leave_patients_to_train(self) -> "SegmentParameters":
        if self.split.validation + self.split.test >= 1:
            msg = "split.validation and split.test together must leave patients to train on: their sum must be below 1"
            raise ValueError(msg)
        return self

    def training(self) -> SegmenterSettings:
        """What the training loop needs."""
        return SegmenterSettings(**{name: getattr(self, name) for name in SegmenterSettings.model_fields})


class OneSegmenter(BaseModel):
    """All that the training of one segmenter depends on."""

    model_config = _STRICT

    settings: SegmenterSettings
    encoder: str
    decoder: dict[str, Any]
    weights: str
    image_size: int
    labels: tuple[int, ...]
    field: str


def one_segmenter(parameters: dict[str, Any], *, segmenter: str) -> OneSegmenter:
    """The part of ``params:segment`` that concerns one segmenter's training."""
    given = SegmentParameters.model_validate(parameters)
    same = ("encoder", "weights", "image_size", "labels", "field")
    return OneSegmenter(
        settings=given.training(), decoder=given.decoder(segmenter), **{name: getattr(given, name) for name in same}
    )
