"""The bag loss against gradients worked by hand, and every short cut against the plain way."""

import numpy as np
import pytest
import torch
from torch import nn

from npc_kedro.training.bags import accumulate_bag_gradients, bag_losses, log_mean_probability


class Tiny(nn.Module):
    """Convolution, batch norm, dropout, head: all that could go wrong when a bag is cut."""

    def __init__(self, *, norm: bool = True, dropout: float = 0.0):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        features = torch.relu(self.norm(self.conv(x))).mean((2, 3))
        return self.head(self.dropout(features))[:, 0]


def run(network, images, sizes, targets, limit, weights=None):
    torch.manual_seed(8)  # dropout
    network.zero_grad()
    targets = torch.tensor(targets)
    weights = torch.full((len(sizes),), 1 / len(sizes)) if weights is None else weights
    loss, probabilities = accumulate_bag_gradients(
        network, images, sizes, targets=targets, weights=weights, max_slices_per_pass=limit, forward=network
    )
    return loss, probabilities, [p.grad.clone() for p in network.parameters()]


def naive(network, images, sizes, targets):
    """Mean probability and cross-entropy bag after bag, as one would write it down."""
    network.zero_grad()
    probabilities = torch.stack([part.sigmoid().mean() for part in network(images).split(sizes)])
    loss = nn.functional.binary_cross_entropy(probabilities, torch.tensor(targets))
    loss.backward()
    return loss.detach(), [p.grad.clone() for p in network.parameters()]


def test_gradient_of_a_linear_model_worked_by_hand():
    # One weight w = 0, one bag with slices x = 1, 2, 6 and label 1: every probability is 1/2, so the mean p is 1/2.
    # dL/dp = -1/p = -2; dp/dw = mean of s(1 - s) x = (1/4)(1 + 2 + 6)/3 = 3/4; dL/dw = -3/2. The loss is ln 2.
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.zero_()
    x = torch.tensor([[1.0], [2.0], [6.0]])
    for limit in (8, 2):
        network.zero_grad()
        loss, probability = accumulate_bag_gradients(
            network, x, [3], targets=torch.ones(1), weights=torch.ones(1), max_slices_per_pass=limit,
            forward=lambda chunk: network(chunk)[:, 0],
        )  # fmt: skip
        assert loss.item() == pytest.approx(np.log(2))
        assert probability.item() == pytest.approx(0.5)
        assert network.weight.grad.item() == pytest.approx(-1.5)


def test_two_bags_of_unequal_weights_by_hand():
    # w = ln 3, x = 1 (p = 3/4, label 0) and x = 0 (p = 1/2, label 1); weights 1/4 and 3/4.
    # d/dw = 1/4 * (1 / (1 - p)) * p (1 - p) * 1 + 3/4 * (...) * 0 = 1/4 * 3/4 = 3/16.
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(float(np.log(3)))
    loss, _ = accumulate_bag_gradients(
        network, torch.tensor([[1.0], [0.0]]), [1, 1], targets=torch.tensor([0.0, 1.0]),
        weights=torch.tensor([0.25, 0.75]), max_slices_per_pass=8, forward=lambda chunk: network(chunk)[:, 0],
    )  # fmt: skip
    assert loss.item() == pytest.approx(0.25 * np.log(4) + 0.75 * np.log(2))
    assert network.weight.grad.item() == pytest.approx(3 / 16)


SIZES, TARGETS = [3, 7, 1, 5], [1.0, 0.0, 1.0, 0.0]


def test_packed_bags_equal_the_naive_way_to_1e_5():
    torch.manual_seed(0)
    network, images = Tiny(), torch.rand(16, 1, 8, 8)
    expected_loss, expected = naive(network, images, SIZES, TARGETS)
    loss, _, gradients = run(network, images, SIZES, TARGETS, 64)
    assert loss.item() == pytest.approx(expected_loss.item(), abs=1e-6)
    for got, want in zip(gradients, expected, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("limit", [4, 5, 7, 11])
def test_bounded_passes_equal_one_pass_where_slices_do_not_see_each_other(limit):
    torch.manual_seed(0)
    network, images = Tiny(norm=False), torch.rand(16, 1, 8, 8)
    _, whole_p, whole = run(network, images, SIZES, TARGETS, 64)
    _, p, gradients = run(network, images, SIZES, TARGETS, limit)
    torch.testing.assert_close(p, whole_p)
    for got, want in zip(gradients, whole, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6)


def test_a_long_bag_in_chunks_is_exact_with_batch_norm_and_dropout():
    torch.manual_seed(0)
    network, images = Tiny(dropout=0.5).train(), torch.rand(10, 1, 8, 8)
    reference = Tiny(dropout=0.5).train()
    reference.load_state_dict(network.state_dict())
    _, _, gradients = run(network, images, [10], [1.0], 4)  # chunks of 3, 4 and 3 slices
    torch.manual_seed(8)
    logits = torch.cat([reference(images[part]) for part in (slice(0, 3), slice(3, 7), slice(7, 10))])
    bag_losses(logits, [10], torch.ones(1)).sum().backward()
    for got, parameter in zip(gradients, reference.parameters(), strict=True):
        torch.testing.assert_close(got, parameter.grad, rtol=1e-5, atol=1e-6)
    for got, want in zip(network.buffers(), reference.buffers(), strict=True):
        torch.testing.assert_close(got, want)  # running statistics count each slice once
    assert network.norm.num_batches_tracked.item() == 3


def test_memory_is_bounded_by_the_pass():
    seen = []

    def forward(chunk):
        seen.append(len(chunk))
        return network(chunk)

    torch.manual_seed(0)
    network = Tiny()
    sizes = [5, 2, 40, 1, 6]
    accumulate_bag_gradients(
        network, torch.rand(54, 1, 8, 8), sizes, targets=torch.ones(5), weights=torch.ones(5) / 5,
        max_slices_per_pass=8, forward=forward,
    )  # fmt: skip
    assert max(seen) <= 8
    assert min(seen) >= 2


def test_a_confident_bag_keeps_its_gradient():
    logits = torch.full((4,), 60.0, requires_grad=True)  # 1 - p rounds to 0 in fp32
    loss = bag_losses(logits, [4], torch.zeros(1)).sum()
    assert loss.item() == pytest.approx(60.0)
    loss.backward()
    assert logits.grad.tolist() == pytest.approx([0.25] * 4)


def test_mean_probability_by_hand():
    positive, negative = log_mean_probability(torch.tensor([0.0, float(np.log(3)), float(-np.log(3))]), [1, 2])
    assert positive.exp().tolist() == pytest.approx([0.5, (0.75 + 0.25) / 2])
    assert negative.exp().tolist() == pytest.approx([0.5, 0.5])
