"""Images a second of the segmenters' training, beside the bare network and beside a plain loop.

    python -m benchmarks.segmentation [--quick] [--networks unet deeplabv3] [--threads 1] [--rounds 3] [--steps 1]

The same three ways as :mod:`benchmarks.training`, at the settings of ``conf/paper``: resnet50 encoder, 256 x 256,
batch 32. Slices are smooth noise with a disc for an outline.
"""

import argparse
import tempfile
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
from torch import nn

from benchmarks import pace, plain, three_ways
from benchmarks.study_settings import parameters_of, textures
from npc_kedro.networks.segmenters import SegmenterSpec, build_segmenter
from npc_kedro.pipelines.segment.parameters import OneSegmenter, one_segmenter
from npc_kedro.study import SEGMENTERS
from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.batches import shuffled_batches
from npc_kedro.training.body import whole
from npc_kedro.training.device import Compute, choose_compute
from npc_kedro.training.optimisation import build_optimiser, clip_gradients
from npc_kedro.training.outlined_slices import OutlinedSlices
from npc_kedro.training.seeding import reproducible
from npc_kedro.training.segmentation_loop import Trainer, segmentation_loss, train_step

_BATCHES = 4
_PLAIN = {"unet": smp.Unet, "deeplabv3": smp.DeepLabV3}


def chosen_training(segmenter: str, given: argparse.Namespace) -> OneSegmenter:
    """The publication's settings of one segmenter, with first weights drawn; smaller where asked for."""
    changes = {"device": given.device, "precision": given.precision, "segmenter": {"weights": "none"}}
    chosen = one_segmenter(parameters_of("segment", env="paper", changes=changes), segmenter=segmenter)
    settings = chosen.settings.model_copy(
        update={"threads": given.threads, "batch_size": given.batch or chosen.settings.batch_size}
    )
    return chosen.model_copy(update={"settings": settings, "image_size": given.size or chosen.image_size})


def our_turn(
    segmenter: str, chosen: OneSegmenter, images: np.ndarray, masks: np.ndarray, *, compute: Compute
) -> pace.Turn:
    """(a) The project's own step."""
    settings, spec = chosen.settings, _spec(segmenter, chosen)
    slices = OutlinedSlices.from_arrays(
        images,
        masks,
        patients=np.arange(len(images)).astype(str),
        parts=np.repeat("train", len(images)),
        squares=[whole((chosen.image_size, chosen.image_size))] * len(images),
        image_size=chosen.image_size,
        device=compute.device,
    )
    network = compute.move(build_segmenter(spec, seed=settings.seed)).train()
    trainer = Trainer(network, slices, spec.inputs(), settings, compute)
    optimiser = build_optimiser(network, settings.optimiser)
    rng = np.random.default_rng(1)
    augment = Augmentation(settings.augmentation, rng)
    batches = cycle(shuffled_batches(len(images), settings.batch_size, rng))

    def step() -> int:
        rows = next(batches)
        train_step(trainer, rows, augment=augment, optimiser=optimiser)
        return len(rows)

    return pace.steps_of(step)


def bare_turn(segmenter: str, chosen: OneSegmenter, *, compute: Compute) -> pace.Turn:
    """(b) The network alone: one ready batch again and again."""
    settings, spec = chosen.settings, _spec(segmenter, chosen)
    network = compute.move(build_segmenter(spec, seed=settings.seed)).train()
    optimiser = build_optimiser(network, settings.optimiser)
    shape = (settings.batch_size, 3, chosen.image_size, chosen.image_size)
    batch = torch.randn(shape, device=compute.device).contiguous(memory_format=torch.channels_last)
    targets = (batch[:, 0] > 1).float()

    def step() -> int:
        with compute.autocast():
            logits = network(batch)[:, 0].float()
        segmentation_loss(logits, targets, kind=settings.loss).backward()
        clip_gradients(network.parameters(), settings.optimiser)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return len(batch)

    return pace.steps_of(step)


def _spec(segmenter: str, chosen: OneSegmenter) -> SegmenterSpec:
    return SegmenterSpec(segmenter, encoder=chosen.encoder, image_size=chosen.image_size, decoder=chosen.decoder)


def discs(n: int, side: int) -> np.ndarray:
    """bool (n, side, side): a disc of a tenth of the side in the middle of each."""
    y, x = np.mgrid[:side, :side]
    disc = (y - side / 2) ** 2 + (x - side / 2) ** 2 < (side / 10) ** 2
    return np.repeat(disc[None], n, axis=0)


def measure(segmenter: str, given: argparse.Namespace) -> dict[str, pace.Speed]:
    """The three ways in turns."""
    chosen = chosen_training(segmenter, given)
    settings, size = chosen.settings, chosen.image_size
    n = settings.batch_size * max(_BATCHES, given.steps + 1)
    images, masks = textures(n, size), discs(n, size)
    compute = choose_compute(settings.device, settings.precision, architecture=chosen.encoder)
    with tempfile.TemporaryDirectory() as folder, plain.own_process() as process:
        plain.write_pictures(Path(folder), images, masks)
        loop = plain.PlainLoop(
            folder=Path(folder),
            build=partial(_plain_segmenter, segmenter, chosen),
            optimiser=plain.rmsprop,
            image_size=size,
            batch_size=settings.batch_size,
            threads=settings.threads,
            device=compute.device.type,
        )
        with reproducible(settings.seed, threads=settings.threads, device=compute.device):
            ways = {
                "ours": our_turn(segmenter, chosen, images, masks, compute=compute),
                "bare": bare_turn(segmenter, chosen, compute=compute),
                "plain": plain.plain_turn(loop, process),
            }
            return pace.in_turns(ways, rounds=given.rounds, steps=given.steps)


def _plain_segmenter(segmenter: str, chosen: OneSegmenter) -> nn.Module:
    network: nn.Module = _PLAIN[segmenter](encoder_name=chosen.encoder, encoder_weights=None, **chosen.decoder)
    return network


def main() -> None:
    """Measures and prints."""
    parser = three_ways.options(__doc__ or "")
    parser.add_argument("--networks", nargs="+", choices=SEGMENTERS, default=list(SEGMENTERS))
    given = three_ways.read(parser)
    three_ways.report(given.networks, measure, given)


if __name__ == "__main__":
    main()
