"""Learning rates as their schedules say."""

import math

import pytest
import torch
from torch import nn

from npc_kedro.training.optimisation import LearningRate, build_optimiser, clip_gradients, one_cycle
from npc_kedro.training.settings import OptimiserSettings


def settings(**changes):
    base = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01, "schedule": "constant"}
    return OptimiserSettings(**{**base, **changes})


def rates(chosen, steps_per_epoch=2, epochs=4, scores=()):
    network = nn.Linear(1, 1)
    rate = LearningRate(build_optimiser(network, chosen), chosen, steps_per_epoch=steps_per_epoch, epochs=epochs)
    out = []
    for epoch in range(epochs):
        out += [rate.before_step(epoch * steps_per_epoch + step) for step in range(steps_per_epoch)]
        if scores:
            rate.after_epoch(scores[epoch])
    return out


def test_constant():
    assert rates(settings()) == [0.1] * 8


def test_step_drops_after_the_named_epochs():
    assert rates(settings(schedule="step", step_epochs=(1, 3))) == pytest.approx(
        [0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001]
    )


def test_plateau_drops_after_patience_epochs_without_a_rise():
    chosen = settings(schedule="plateau", plateau_patience=1)
    # the best is 0.5; the second epoch without a rise (the third) exceeds the patience of one
    assert rates(chosen, 1, 5, scores=(0.5, 0.5, 0.4, 0.6, 0.6)) == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01])


def test_one_cycle_by_hand():
    # 8 steps, a quarter of them warm-up: 1/25 at first, the highest at step 2, then half a cosine over the 6 others
    values = [one_cycle(step, 8, warmup_share=0.25) for step in range(8)]
    assert values[:2] == pytest.approx([0.04, 0.52])
    assert values[2:] == pytest.approx([0.5 * (1 + math.cos(math.pi * k / 7)) for k in range(1, 7)])


def test_only_matrices_are_decayed():
    optimiser = build_optimiser(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), settings())
    decay = {tuple(p.shape): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert decay == {(2, 1, 3, 3): 0.01, (2,): 0.0}


@pytest.mark.parametrize("name", ["sgd", "rmsprop"])
def test_a_step_as_the_textbook_has_it(name):
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(3.0)
    optimiser = build_optimiser(network, settings(name=name, weight_decay=0.0, momentum=0.0))
    network.weight.grad = torch.full((1, 1), 2.0)
    optimiser.step()
    expected = {"sgd": 3 - 0.1 * 2, "rmsprop": 3 - 0.1 * 2 / (math.sqrt(0.01 * 4) + 1e-8)}[name]
    assert network.weight.item() == pytest.approx(expected, abs=1e-6)


def test_clipping():
    network = nn.Linear(2, 1, bias=False)
    network.weight.grad = torch.tensor([[3.0, -4.0]])
    clip_gradients(network.parameters(), settings(gradient_clip_norm=1.0))
    assert network.weight.grad.tolist()[0] == pytest.approx([0.6, -0.8], abs=1e-4)
    clip_gradients(network.parameters(), settings(gradient_clip_value=0.1))
    assert network.weight.grad.tolist()[0] == pytest.approx([0.1, -0.1])
