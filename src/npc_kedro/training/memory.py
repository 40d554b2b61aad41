"""How much memory a training takes at its peak, worked out before it begins.

The network is built without memory (torch's ``meta`` device) and called once with one image, to count what a backward
pass would need of it. Weights, gradients, momenta and the kept epoch count four times the parameters. Whether that is
what a training really takes is measured by ``python -m benchmarks.scaling``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode

from npc_kedro.networks.classifiers import ClassifierSpec, bare_classifier
from npc_kedro.networks.segmenters import SegmenterSpec, bare_segmenter
from npc_kedro.training.learners import bags_in_a_step
from npc_kedro.training.settings import ClassifierSettings

_FLOAT_BYTES = 4
_COPIES_OF_PARAMETERS = 4
"""Weights, gradients, momenta, and the weights of the best epoch."""
_FIRST_STEP_BYTES = 30_000_000
"""What torch loads and compiles with the first step, whatever the network; measured with one that is nearly empty."""
_SPAWNED_BYTES = 350_000_000
"""What a process that does not share its libraries' memory with another takes before it trains; measured."""
_PLANES_OF_INPUT = 7
"""Floats a pixel between the stored image and the network: as float, where to sample (2), sampled, normalised (3)."""
_LARGEST_AT_ONCE = 2
"""Gradients of activations that are alive together on the way back: of a layer's output and of its input."""
_KEPT = 1.15
"""Of activations: freed ones do not fit exactly where new ones go; measured at 224 pixels (``heap.py`` bounds it)."""
_FEATURE_COPIES = 4 * 8
"""Bytes for each number that the head is fitted on: float32 in batches and joined, float64 as is, centred, scaled."""


@dataclass(frozen=True)
class Need:
    """Bytes that a training takes on its device, beside what its process takes anyway.

    Attributes:
        images: all that it learns from and is validated on, resident.
        network: weights and what belongs to each of them.
        activations: of the images that are in the network together.
    """

    images: int
    network: int
    activations: int

    @property
    def total(self) -> int:
        """All together."""
        return self.images + self.network + self.activations


@dataclass(frozen=True)
class Profile:
    """What a network holds, in bytes but for ``features``.

    Attributes:
        parameters: all weights.
        saved: what a backward pass needs of one image.
        largest: the largest single tensor of these.
        features: numbers that the head receives of one image.
    """

    parameters: int
    saved: int
    largest: int
    features: int


def classifier_need(
    spec: ClassifierSpec,
    settings: ClassifierSettings,
    *,
    by_patient: bool,
    bag_sizes: Sequence[int],
    crop_size: int,
    bf16: bool = False,
) -> Need:
    """What ``train_classifier`` will need.

    Args:
        spec: the network.
        settings: of the training.
        by_patient: unit "patient".
        bag_sizes: images of each patient, to learn from and to validate on; [] where nobody knows yet.
        crop_size: side of the crops before they are resized, pixels.
        bf16: whether convolutions compute in bf16.
    """
    profile = profile_of(spec, lambda: bare_classifier(spec), channels=spec.channels, bf16=bf16)
    n, side = sum(bag_sizes), spec.image_size
    fitted = n * profile.features * _FEATURE_COPIES if settings.head_ridge is not None else 0
    together = -(-images_together(settings, by_patient=by_patient, bag_sizes=bag_sizes) // settings.processes)
    # Crops of another size and the resized images are in memory together once, before there is a network.
    images = n * side**2 + fitted + (n * crop_size**2 if crop_size != side else 0)
    need = _need(profile, images=images, together=together, side=side, planes=_PLANES_OF_INPUT - 3 + spec.channels)
    return need if settings.processes == 1 else _times(need, settings.processes)


def segmenter_need(spec: SegmenterSpec, *, batch_size: int, n_slices: int, matrix: int, bf16: bool = False) -> Need:
    """What ``train_segmenter`` will need.

    Args:
        spec: the network.
        batch_size: slices in one step.
        n_slices: outlined slices, to learn from and to validate on; 0 where nobody knows yet.
        matrix: side of the slices as they are stored, pixels.
        bf16: whether convolutions compute in bf16.
    """
    profile = profile_of(spec, lambda: bare_segmenter(spec), channels=3, bf16=bf16)
    # Slice and outline, as stored and as the network sees them; the mask is augmented with the image.
    images = 2 * n_slices * (matrix**2 + spec.image_size**2)
    return _need(profile, images=images, together=batch_size, side=spec.image_size, planes=_PLANES_OF_INPUT + 2)


def images_together(settings: ClassifierSettings, *, by_patient: bool, bag_sizes: Sequence[int]) -> int:
    """The largest number of images whose activations are held at once."""
    if not by_patient or settings.patient_method != "mean_probability_bags":
        return settings.batch_size
    bags = bags_in_a_step(settings, n_images=sum(bag_sizes), n_bags=len(bag_sizes))
    longest = sum(sorted(bag_sizes, reverse=True)[:bags])
    return min(max(longest, settings.batch_size), settings.max_slices_per_pass)


_profiles: dict[str, Profile] = {}


def profile_of(spec: object, build: Callable[[], nn.Module], *, channels: int, bf16: bool) -> Profile:
    """The profile of a network for one image of ``spec.image_size``; taken once in a process.

    Args:
        spec: of the network; two networks that are written alike are alike.
        build: makes it.
        channels: of its input.
        bf16: whether activations are half as large.
    """
    key = f"{spec!r} {bf16}"
    if key not in _profiles:
        side: int = spec.image_size  # type: ignore[attr-defined]
        with torch.device("meta"):
            network = build().train()
            image = torch.empty(1, channels, side, side)
        parameters = sum(parameter.numel() for parameter in network.parameters()) * _FLOAT_BYTES
        head = getattr(network, "get_classifier", nn.Identity)()
        if bf16:
            network, image = network.to(torch.bfloat16), image.to(torch.bfloat16)
        saved = _saved_for_backward(network, image)
        _profiles[key] = Profile(parameters, sum(saved), max(saved), getattr(head, "in_features", 0))
    return _profiles[key]


def _need(profile: Profile, *, images: int, together: int, side: int, planes: int) -> Need:
    each = round(_KEPT * (profile.saved + _LARGEST_AT_ONCE * profile.largest + planes * side**2 * _FLOAT_BYTES))
    return Need(images, _FIRST_STEP_BYTES + _COPIES_OF_PARAMETERS * profile.parameters, together * each)


def _times(need: Need, processes: int) -> Need:
    """Of several processes, each with all images and a network of its own."""
    network = processes * (need.network + _SPAWNED_BYTES)
    return Need(processes * need.images, network, processes * need.activations)


def _saved_for_backward(network: nn.Module, images: torch.Tensor) -> list[int]:
    """Bytes of each tensor, other than parameters, that a forward pass keeps for the backward pass."""
    own = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    saved: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = storage  # held, so that no other takes its place
        return tensor

    with _QuickNorms(), saved_tensors_hooks(keep, lambda tensor: tensor):
        network(images)
    return [storage.nbytes() for storage in saved.values()]


class _QuickNorms(TorchFunctionMode):
    """Puts a square in place of batch norm, which keeps its input, too, and is ten times as fast on ``meta``."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is F.batch_norm:
            return args[0].square()
        return function(*args, **(kwargs or {}))
