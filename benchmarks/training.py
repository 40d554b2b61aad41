"""Images a second of the classifiers' training, beside the bare network and beside a plain loop.

    python -m benchmarks.training [--quick] [--networks resnet50 ...] [--threads 1] [--rounds 3] [--steps 1]

(a) is the project's training step, from 8-bit crops in memory to the moved weights, at the publication's settings
(``conf/paper``: 224 x 224, batch 32). (b) is the same network at the same precision and memory format on one tensor
that is ready. (c) is :mod:`benchmarks.plain`. The three take turns. The crops are smooth noise: the cost of a step does
not depend on what they show. On a machine with other work read the columns by CPU time.
"""

import argparse
import tempfile
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F  # noqa: N812

from benchmarks import pace, plain, three_ways
from benchmarks.study_settings import parameters_of, textures
from npc_kedro.networks.classifiers import ClassifierSpec, build_classifier
from npc_kedro.pipelines.train_classifiers.parameters import OneTraining, one_training
from npc_kedro.study import NETWORKS
from npc_kedro.training.augmentation import Augmentation
from npc_kedro.training.classification_loop import train_step
from npc_kedro.training.device import Compute, choose_compute
from npc_kedro.training.examples import Examples
from npc_kedro.training.learners import SliceLearner
from npc_kedro.training.optimisation import build_optimiser
from npc_kedro.training.seeding import reproducible

_BATCHES = 4


def chosen_training(network: str, given: argparse.Namespace) -> OneTraining:
    """The publication's settings of one network, with first weights drawn; smaller where asked for."""
    changes = {"device": given.device, "precision": given.precision, "classifier": {"weights": "none"}}
    chosen = one_training(parameters_of("train_classifiers", env="paper", changes=changes), network=network)
    settings = chosen.settings.model_copy(
        update={"threads": given.threads, "batch_size": given.batch or chosen.settings.batch_size}
    )
    shape = chosen.network.model_copy(update={"image_size": given.size or chosen.network.image_size})
    return chosen.model_copy(update={"settings": settings, "network": shape})


def our_turn(chosen: OneTraining, images: np.ndarray, labels: np.ndarray, *, compute: Compute) -> pace.Turn:
    """(a) The project's own step."""
    settings, spec = chosen.settings, _spec(chosen)
    examples = Examples.from_arrays(
        images,
        labels=labels,
        patients=np.arange(len(images)).astype(str),
        is_fit=np.ones(len(images), dtype=bool),
        image_size=spec.image_size,
        device=compute.device,
    )
    network = compute.move(build_classifier(spec, seed=settings.seed)).train()
    learner = SliceLearner(examples, settings, inputs=spec.inputs(), compute=compute)
    optimiser = build_optimiser(network, settings.optimiser)
    rng = np.random.default_rng(1)
    augment = Augmentation(settings.augmentation, rng)
    batches = cycle(learner.batches(rng))

    def step() -> int:
        items = next(batches)
        train_step(network, learner, items, augment=augment, optimiser=optimiser, settings=settings)
        return len(items)

    return pace.steps_of(step)


def bare_turn(chosen: OneTraining, *, compute: Compute) -> pace.Turn:
    """(b) The network alone: one ready batch again and again."""
    settings, spec = chosen.settings, _spec(chosen)
    network = compute.move(build_classifier(spec, seed=settings.seed)).train()
    optimiser = build_optimiser(network, settings.optimiser)
    shape = (settings.batch_size, 3, spec.image_size, spec.image_size)
    batch = torch.randn(shape, device=compute.device).contiguous(memory_format=torch.channels_last)
    targets = (torch.arange(settings.batch_size, device=compute.device) % 2).float()

    def step() -> int:
        with compute.autocast():
            logits = network(batch)[:, 0].float()
        F.binary_cross_entropy_with_logits(logits, targets).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return len(batch)

    return pace.steps_of(step)


def _spec(chosen: OneTraining) -> ClassifierSpec:
    shape = chosen.network
    return ClassifierSpec(
        architecture=shape.architecture, pretrained_tag=shape.pretrained_tag, image_size=shape.image_size
    )


def measure(network: str, given: argparse.Namespace) -> dict[str, pace.Speed]:
    """The three ways in turns."""
    chosen = chosen_training(network, given)
    settings, size = chosen.settings, chosen.network.image_size
    n = settings.batch_size * max(_BATCHES, given.steps + 1)
    images, labels = textures(n, size), np.arange(n) % 2
    compute = choose_compute(settings.device, settings.precision, architecture=chosen.network.architecture)
    with tempfile.TemporaryDirectory() as folder, plain.own_process() as process:
        plain.write_pictures(Path(folder), images, labels)
        loop = plain.PlainLoop(
            folder=Path(folder),
            build=partial(timm.create_model, chosen.network.architecture, num_classes=1),
            optimiser=plain.sgd,
            image_size=size,
            batch_size=settings.batch_size,
            threads=settings.threads,
            device=compute.device.type,
        )
        with reproducible(settings.seed, threads=settings.threads, device=compute.device):
            ways = {
                "ours": our_turn(chosen, images, labels, compute=compute),
                "bare": bare_turn(chosen, compute=compute),
                "plain": plain.plain_turn(loop, process),
            }
            return pace.in_turns(ways, rounds=given.rounds, steps=given.steps)


def main() -> None:
    """Measures and prints."""
    parser = three_ways.options(__doc__ or "")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    given = three_ways.read(parser)
    three_ways.report(given.networks, measure, given)


if __name__ == "__main__":
    main()
