"""Fresh statistics are those of the images, whatever was remembered before."""

import torch
from torch import nn

from npc_kedro.training.norms import refresh_norms


def test_statistics_are_the_average_over_batches():
    network = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5)).train()
    network[0].running_mean.fill_(99.0)
    first, second = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1), torch.tensor([5.0, 9.0]).view(2, 1, 1, 1)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    refresh_norms(network, [first, second])
    assert torch.equal(torch.rand(1), expected)
    assert network[0].running_mean.item() == (2.0 + 7.0) / 2
    assert network[0].running_var.item() == (2.0 + 8.0) / 2  # unbiased, as batch norm stores it
    assert network[0].momentum == 0.1
    assert network.training
