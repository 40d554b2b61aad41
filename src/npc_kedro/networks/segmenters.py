"""The segmenters: U-Net and DeepLabV3 on one encoder, started from the same encoder weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import segmentation_models_pytorch as smp
import torch
from torch import nn

from npc_kedro.errors import ParameterError, WeightsError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.inputs import InputSpec
from npc_kedro.networks.weights import HUB, NONE, hub_failure, local_file, read_state, smp_command

_ARCHITECTURES: dict[str, type[nn.Module]] = {"unet": smp.Unet, "deeplabv3": smp.DeepLabV3}
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class SegmenterSpec:
    """Which network, on which encoder, with which first weights.

    Attributes:
        name: ``unet`` or ``deeplabv3``.
        encoder: smp's name, e.g. ``resnet18``.
        image_size: side of the input in pixels.
        decoder: further options of smp's class, e.g. ``encoder_output_stride``; smp's own defaults where left out.
        weights: of the encoder: ``none``, ``hub`` (ImageNet) or a folder.
    """

    name: str
    encoder: str
    image_size: int
    decoder: Mapping[str, Any] = field(default_factory=dict)
    weights: str = NONE

    def inputs(self) -> InputSpec:
        """Size, mean and spread of the input: ImageNet's, on which every encoder of smp was trained."""
        return InputSpec(self.image_size, _IMAGENET_MEAN, _IMAGENET_STD)


def build_segmenter(spec: SegmenterSpec, *, seed: int) -> nn.Module:
    """A network with one logit a pixel. One seed gives both segmenters the same encoder weights.

    The global random state is left alone.

    Raises:
        ParameterError: unknown segmenter, encoder or decoder option.
        WeightsError: weights that were asked for are not to be had.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = _encoder_weights(spec)
        torch.manual_seed(seed)
        network = _create(spec.name, spec.encoder, spec.decoder)
    network.encoder.load_state_dict(encoder)
    return network.to(memory_format=torch.channels_last)


def bare_segmenter(spec: SegmenterSpec) -> nn.Module:
    """The architecture alone, with whatever first weights smp draws."""
    return _create(spec.name, spec.encoder, spec.decoder)


def restore_segmenter(checkpoint: Checkpoint) -> tuple[nn.Module, InputSpec]:
    """The trained network in evaluation mode on the CPU, and what it takes."""
    about = checkpoint.about
    with torch.random.fork_rng(devices=[]):  # first weights are drawn, then replaced
        network = _create(about["architecture"], about["encoder"], about["decoder"])
    network.load_state_dict(dict(checkpoint.weights))
    spec = InputSpec(about["image_size"], tuple(about["mean"]), tuple(about["std"]))
    return network.to(memory_format=torch.channels_last).eval(), spec


def _create(name: str, encoder: str, decoder: Mapping[str, Any]) -> nn.Module:
    if name not in _ARCHITECTURES:
        msg = f"unknown segmenter {name!r}; known are {', '.join(sorted(_ARCHITECTURES))}"
        raise ParameterError(msg)
    try:
        return _ARCHITECTURES[name](encoder_name=encoder, encoder_weights=None, in_channels=3, classes=1, **decoder)
    except (KeyError, TypeError, ValueError) as error:
        msg = f"smp cannot build {name} on encoder {encoder!r} with {dict(decoder)}: {error}"
        raise ParameterError(msg) from error


def _encoder_weights(spec: SegmenterSpec) -> dict[str, torch.Tensor]:
    if spec.weights == NONE:
        return _bare_encoder(spec.encoder, weights=None).state_dict()
    command = smp_command(spec.encoder)
    if spec.weights == HUB:
        try:
            return _bare_encoder(spec.encoder, weights="imagenet").state_dict()
        except ParameterError:
            raise
        except Exception as error:  # the hub client raises errors of many libraries
            raise hub_failure(spec.encoder, error, how_to_get=command) from error
    path = local_file(spec.weights, spec.encoder, how_to_get=command)
    state = read_state(path)
    expected = _bare_encoder(spec.encoder, weights=None).state_dict()
    missing = sorted(set(expected) - set(state))
    if missing:
        msg = (
            f"{path.name} lacks {len(missing)} of the {len(expected)} tensors of {spec.encoder}, e.g. {missing[:3]}. "
            f"Fetch it again:\n    {command}"
        )
        raise WeightsError(msg)
    return {name: state[name] for name in expected}


def _bare_encoder(name: str, *, weights: str | None) -> nn.Module:
    if name not in smp.encoders.encoders and not name.startswith("tu-"):
        msg = f"smp {smp.__version__} has no encoder {name!r}; e.g. resnet18, resnet34, resnet50, efficientnet-b0"
        raise ParameterError(msg)
    return smp.encoders.get_encoder(name, weights=weights)
