"""How a network is trained. Imports no torch, so that parameters can be checked at the start."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(extra="forbid", frozen=True)


class OptimiserSettings(BaseModel):
    """The optimiser and how its learning rate moves."""

    model_config = _STRICT

    name: Literal["sgd", "rmsprop"]
    learning_rate: float = Field(gt=0, description="the highest rate; the schedule starts or ends lower")
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)
    nesterov: bool = Field(default=False, description="SGD only")
    schedule: Literal["constant", "one_cycle", "step", "plateau"] = Field(
        description="one_cycle: up, then down to 0 along a cosine; step: times step_factor at step_epochs; "
        "plateau: times step_factor when the validation score has not risen for plateau_patience epochs"
    )
    warmup_share: float = Field(default=0.25, gt=0, lt=1, description="one_cycle: share of the steps going up")
    step_epochs: tuple[int, ...] = Field(default=(), description="step: epochs after which the rate drops")
    step_factor: float = Field(default=0.1, gt=0, lt=1)
    plateau_patience: int = Field(default=2, ge=0)
    gradient_clip_value: float | None = Field(default=None, gt=0, description="each entry is cut to +- this")
    gradient_clip_norm: float | None = Field(default=None, gt=0, description="the whole is scaled down to this")


class AugmentationSettings(BaseModel):
    """Random changes of every training image, drawn anew each time it is seen."""

    model_config = _STRICT

    horizontal_flip: float = Field(default=0.0, ge=0, le=1, description="probability of mirroring left and right")
    shift: float = Field(default=0.0, ge=0, lt=1, description="largest shift along either axis, share of the side")
    scale: float = Field(default=0.0, ge=0, lt=1, description="largest change of size, 0.1: 0.9 to 1.1 times")
    rotation_degrees: float = Field(default=0.0, ge=0, le=180)
    gain: float = Field(default=0.0, ge=0, lt=1, description="largest relative change of brightness")


class TrainingSettings(BaseModel):
    """What every training has."""

    model_config = _STRICT

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1, description="images in one step")
    optimiser: OptimiserSettings
    augmentation: AugmentationSettings = AugmentationSettings()
    keep: Literal["last", "best_validation"] = Field(
        description="the epoch that is kept: the last, or the best on the inner validation patients"
    )
    seed: int = Field(ge=0)
    device: str = Field(description="auto, cpu, cuda or cuda:<index>")
    precision: Literal["auto", "fp32", "bf16"]
    threads: int = Field(ge=1, description="torch threads, fixed so that numbers do not depend on the machine")


class SegmenterSettings(TrainingSettings):
    """How a segmenter is trained."""

    loss: Literal["bce", "bce_dice"] = Field(description="pixel-wise cross-entropy, alone or plus one minus soft Dice")
    empty_slice_share: float = Field(
        ge=0, le=1, description="share of the training slices without outline that an epoch sees, drawn anew each epoch"
    )
    threshold: float = Field(gt=0, lt=1, description="probability from which a pixel is tumour")


class ClassifierSettings(TrainingSettings):
    """How a classifier is trained."""

    bags_per_step: int | None = Field(
        default=None, ge=1, description="unit patient: patients a step; left out: as many as make batch_size images"
    )
    max_slices_per_pass: int = Field(
        ge=4, description="unit patient: bounds memory; more slices go through the network in several exact passes"
    )
    patient_method: Literal["mean_probability_bags", "image_average", "channel_stack"] = Field(
        description="unit patient: loss on the mean probability of the patient's slices; slices learnt one by one and "
        "averaged afterwards; or slices stacked on the channel axis"
    )
    processes: int = Field(
        default=1, ge=1, description="train this one network together, each with its share of every batch"
    )
    stacked_slices: int = Field(default=10, ge=1, description="channel_stack: slices a patient, evenly spaced")
    norm_images: int = Field(
        default=0,
        ge=0,
        description="training images from which batch norm's running statistics are taken afresh after each epoch; "
        "0 keeps the running averages, which lag behind in a training of few steps",
    )
    head_ridge: float | None = Field(
        default=None,
        gt=0,
        description="fit the head first, with this ridge penalty, on the features of the untrained rest; "
        "left out: the head starts near zero",
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="balanced: both outcomes weigh the same in the loss, however rare one is"
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    threshold: float | Literal["youden_validation"] = Field(
        default=0.5,
        description="probability from which residual tumour is predicted: a number, or the validation patients' "
        "highest Youden index",
    )
