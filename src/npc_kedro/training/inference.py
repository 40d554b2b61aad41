"""Probabilities of trained classifiers."""

import numpy as np
import torch
from torch import nn

from npc_kedro.errors import ParameterError
from npc_kedro.networks.checkpoint import Checkpoint
from npc_kedro.networks.classifiers import restore_classifier
from npc_kedro.networks.inputs import InputSpec, normalise, resize_grey
from npc_kedro.training.device import Compute, choose_device
from npc_kedro.training.seeding import reproducible
from npc_kedro.training.stacks import stack_rows


def predict(
    checkpoint: Checkpoint,
    crops_pixels: np.ndarray,
    rows: np.ndarray,
    *,
    device: str = "auto",
    batch_size: int = 32,
    threads: int = 1,
    patients: np.ndarray | None = None,
) -> np.ndarray:
    """Probability of residual tumour for each of the named crops, in fp32 whatever the training's precision.

    Args:
        checkpoint: a trained classifier.
        crops_pixels: uint8 (k, side, side), ``crops.pixels``.
        rows: (n,) rows of ``crops_pixels``.
        device: auto, cpu, cuda or cuda:<index>.
        batch_size: images in one forward pass.
        threads: torch threads during the call.
        patients: (n,) key of each row's patient; needed by classifiers that look at a stack of a patient's slices,
            which give all slices of a patient the same probability.

    Returns:
        float64 (n,) in [0, 1].
    """
    rows = np.asarray(rows)
    network, spec = restore_classifier(checkpoint)
    compute = Compute(choose_device(device), "fp32")
    with reproducible(0, threads=threads, device=compute.device):
        images = resize_grey(torch.from_numpy(np.array(crops_pixels[rows])).to(compute.device), spec.image_size)
        network = compute.move(network)
        if checkpoint.about.get("patient_method") != "channel_stack":
            return image_probabilities(network, images, spec=spec, batch_size=batch_size)
        if patients is None:
            msg = "this classifier looks at a stack of each patient's slices; pass `patients`, the key of every row"
            raise ParameterError(msg)
        return stack_probabilities(network, images, patients, spec=spec, batch_size=batch_size)


@torch.inference_mode()
def image_probabilities(network: nn.Module, images: torch.Tensor, *, spec: InputSpec, batch_size: int) -> np.ndarray:
    """Probability for each image: uint8 (n, s, s), or (n, channels, s, s) for stacks, on the network's device.

    Leaves the network in the mode in which it was.
    """
    if len(images) == 0:
        return np.zeros(0)
    training = network.training
    network.eval()
    logits = [network(normalise(batch.float() / 255.0, spec))[:, 0] for batch in images.split(batch_size)]
    network.train(training)
    return torch.cat(logits).double().sigmoid().cpu().numpy()


def stack_probabilities(
    network: nn.Module, images: torch.Tensor, patients: np.ndarray, *, spec: InputSpec, batch_size: int
) -> np.ndarray:
    """Probability of each image's patient, from a stack of the patient's slices: (n,), equal within a patient."""
    keys, stacks = stack_rows(patients, len(spec.mean))
    per_patient = image_probabilities(
        network, images[torch.from_numpy(stacks).to(images.device)], spec=spec, batch_size=batch_size
    )
    return per_patient[np.searchsorted(keys, patients)]
