"""The classifiers: timm architectures with one logit, that of residual tumour."""

from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from timm.models import PretrainedCfg
from torch import nn

from npc_kedro.errors import ParameterError, WeightsError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.inputs import InputSpec
from npc_kedro.networks.weights import HUB, NONE, hub_failure, local_file, read_state, timm_command

_SMALLEST_SIDE = {"inception_resnet_v2": 75}
"""Sides in pixels below which an unpadded convolution has nothing left to look at."""

_HEAD_SPREAD = 0.01
"""Standard deviation of the head's first weights, as in torchvision's and timm's ResNets."""


@dataclass(frozen=True)
class ClassifierSpec:
    """Which network, and with which first weights.

    Attributes:
        architecture: timm's name, e.g. ``legacy_xception``.
        pretrained_tag: which of timm's weights, e.g. ``tf_in1k``; also fixes mean and spread of the input.
        image_size: side of the input in pixels.
        channels: 3 for a grey slice repeated, k for k slices stacked.
        weights: ``none``, ``hub`` or a folder.
    """

    architecture: str
    pretrained_tag: str
    image_size: int
    channels: int = 3
    weights: str = NONE

    def inputs(self) -> InputSpec:
        """Size, mean and spread of the input, from the weights' own configuration."""
        config = _pretrained_config(self)
        return InputSpec.spread_over(self.channels, image_size=self.image_size, mean=config.mean, std=config.std)


def build_classifier(spec: ClassifierSpec, *, seed: int) -> nn.Module:
    """A network with one logit. The same seed gives the same first weights; the global random state is left alone.

    Raises:
        ParameterError: unknown architecture or tag, or an input too small for the architecture.
        WeightsError: weights that were asked for are not to be had.
    """
    _pretrained_config(spec)
    smallest = _SMALLEST_SIDE.get(spec.architecture, 32)
    if spec.image_size < smallest:
        msg = f"{spec.architecture} was given images of {spec.image_size} px; it needs at least {smallest} px"
        raise ParameterError(msg)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _create(spec)
        _initialise_head(network)
    return network.to(memory_format=torch.channels_last)


def bare_classifier(spec: ClassifierSpec) -> nn.Module:
    """The architecture alone, with whatever first weights timm draws."""
    return timm.create_model(spec.architecture, num_classes=1, in_chans=spec.channels)


def restore_classifier(checkpoint: Checkpoint) -> tuple[nn.Module, InputSpec]:
    """The trained network in evaluation mode on the CPU, and what it takes."""
    about = checkpoint.about
    spec = InputSpec(about["image_size"], tuple(about["mean"]), tuple(about["std"]))
    with torch.device("meta"):  # no first weights are drawn, only to be replaced: ten times as fast
        network = timm.create_model(about["architecture"], num_classes=1, in_chans=len(spec.mean))
    network.load_state_dict(dict(checkpoint.weights), assign=True)
    return network.to(memory_format=torch.channels_last).eval(), spec


def _create(spec: ClassifierSpec) -> nn.Module:
    name = f"{spec.architecture}.{spec.pretrained_tag}"
    options = {"num_classes": 1, "in_chans": spec.channels}
    if spec.weights == NONE:
        return timm.create_model(name, pretrained=False, **options)
    command = timm_command(spec.architecture, spec.pretrained_tag)
    if spec.weights == HUB:
        try:
            return timm.create_model(name, pretrained=True, **options)
        except Exception as error:  # the hub client raises errors of many libraries
            raise hub_failure(spec.architecture, error, how_to_get=command) from error
    path = local_file(spec.weights, spec.architecture, how_to_get=command)
    _require_its_tensors(path, spec, how_to_get=command)
    try:
        return timm.create_model(name, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, **options)
    except Exception as error:
        msg = (
            f"{path.name} does not hold weights of {name} ({type(error).__name__}: {error}). "
            f"Fetch it again:\n    {command}"
        )
        raise WeightsError(msg) from error


def _initialise_head(network: nn.Module) -> None:
    """Starts the one logit near zero.

    timm draws some heads with a spread of 1 over the square root of the number of classes, which for a single logit
    makes it hundreds large: the first epochs would go into shrinking it.
    """
    head = network.get_classifier()
    nn.init.normal_(head.weight, std=_HEAD_SPREAD)
    nn.init.zeros_(head.bias)


def _require_its_tensors(path: Path, spec: ClassifierSpec, *, how_to_get: str) -> None:
    """Refuses a file that lacks tensors of the network: timm would leave those at random without a word."""
    head = _pretrained_config(spec).classifier
    heads = tuple(f"{name}." for name in ([head] if isinstance(head, str) else head or []))
    with torch.device("meta"):
        expected = timm.create_model(spec.architecture, num_classes=1, in_chans=3).state_dict()
    found = read_state(path)
    missing = [name for name in expected if name not in found and not name.startswith(heads)]
    if missing:
        msg = (
            f"{path.name} does not hold weights of {spec.architecture}: {len(missing)} of {len(expected)} tensors are "
            f"missing, e.g. {missing[:3]}. Fetch it again:\n    {how_to_get}"
        )
        raise WeightsError(msg)


def _pretrained_config(spec: ClassifierSpec) -> PretrainedCfg:
    try:
        return timm.models.get_pretrained_cfg(f"{spec.architecture}.{spec.pretrained_tag}", allow_unregistered=False)
    except RuntimeError as error:
        close = timm.list_models(f"*{spec.architecture.split('_')[0]}*", pretrained=True)[:8]
        msg = (
            f"timm {timm.__version__} knows no weights '{spec.architecture}.{spec.pretrained_tag}'. "
            f"Close names: {', '.join(close) or 'none'}"
        )
        raise ParameterError(msg) from error
