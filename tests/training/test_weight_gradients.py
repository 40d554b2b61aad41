"""Weights' gradients by matrix products: those of torch's own convolutions, to rounding."""

import copy

import pytest
import torch
from torch import nn

from npc_kedro.training.device import Compute
from npc_kedro.training.weight_gradients import ProductConvolution, pays_on, use_products

GEOMETRIES = [
    {"kernel_size": 1},
    {"kernel_size": 1, "stride": 2},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 3, "padding": 2, "dilation": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False},
    {"kernel_size": (1, 7), "padding": (0, 3)},
    {"kernel_size": (7, 1), "padding": (3, 0), "stride": (2, 1)},
    {"kernel_size": (2, 5), "stride": 3},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format], ids=["last", "first"])
def test_gradients_are_those_of_the_plain_convolution(geometry, memory_format, monkeypatch):
    monkeypatch.setattr("npc_kedro.training.weight_gradients._MATRIX_FLOATS", 20_000)  # several products in a pass
    torch.manual_seed(1)
    plain = nn.Conv2d(32, 160, **geometry).double()
    ours = use_products(copy.deepcopy(plain))
    assert type(ours) is ProductConvolution
    images = torch.randn(5, 32, 13, 17, dtype=torch.float64).contiguous(memory_format=memory_format)
    expected, found = _gradients(plain, images), _gradients(ours, images)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-10, atol=1e-10)


def _gradients(convolution, images):
    images = images.clone().requires_grad_()
    out = convolution(images)
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    (out * weights).sum().backward()
    return [out.detach(), images.grad, *(parameter.grad for parameter in convolution.parameters())]


def test_an_input_that_needs_no_gradient_and_frozen_weights_get_none():
    convolution = use_products(nn.Conv2d(32, 160, 3, bias=False))
    images = torch.randn(2, 32, 8, 8)
    convolution(images).sum().backward()
    assert images.grad is None
    assert convolution.weight.grad is not None
    convolution.weight.grad = None
    convolution.weight.requires_grad_(requires_grad=False)
    convolution(images.requires_grad_()).sum().backward()
    assert images.grad is not None
    assert convolution.weight.grad is None


@pytest.mark.parametrize(
    "left",
    [
        nn.Conv2d(3, 64, 7),  # a first layer
        nn.Conv2d(64, 64, 3, groups=64),
        nn.Conv2d(64, 64, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(64, 64, 3, padding="same"),
        nn.Conv2d(32, 16, 1),  # too few weights
        nn.ConvTranspose2d(64, 64, 3),
    ],
    ids=str,
)
def test_convolutions_that_would_not_gain_stay_as_they_are(left):
    kind = type(left)
    use_products(left)
    assert type(left) is kind


def test_a_network_learns_the_same_and_is_stored_the_same(monkeypatch):
    import timm

    torch.manual_seed(2)
    plain = timm.create_model("resnet18", num_classes=1).train()
    ours = copy.deepcopy(plain)
    monkeypatch.setattr("npc_kedro.training.weight_gradients.pays_on", lambda device: True)
    ours = Compute(torch.device("cpu"), "fp32").move(ours)
    assert sum(type(module) is ProductConvolution for module in ours.modules()) == 19  # all but the first
    assert list(ours.state_dict()) == list(plain.state_dict())
    images = torch.randn(6, 3, 64, 64)
    losses = {}
    for network in (plain, ours):
        optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
        for _ in range(4):
            loss = network(images).square().mean()
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            losses.setdefault(network, []).append(loss.item())
    assert losses[ours] == pytest.approx(losses[plain], rel=1e-4)


def test_they_are_not_used_in_bf16_nor_where_nobody_measured(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert not pays_on(torch.device("cpu"))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert pays_on(torch.device("cpu"))
    assert not pays_on(torch.device("cuda"))
    network = Compute(torch.device("cpu"), "bf16").move(nn.Sequential(nn.Conv2d(64, 64, 3)))
    assert type(network[0]) is nn.Conv2d
