"""What a team computes is, in double precision, what one process computes: gradients, losses and batch norm."""

import copy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from npc_kedro.training import team
from npc_kedro.training.bags import bag_losses

SIZE = 3


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, bias=False),
        nn.BatchNorm2d(4, momentum=0.3, eps=1e-3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 16, 8), nn.BatchNorm1d(8),
        nn.Linear(8, 1),
    ]  # fmt: skip
    return nn.Sequential(*layers).double()


def step(model: nn.Module, sizes: list[int]) -> dict[str, torch.Tensor]:
    """Loss, gradients and running statistics of one pass over bags of these sizes."""
    images = torch.randn(sum(sizes), 1, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    logits = team.current().numbers_of(images, lambda rows: model(rows)[:, 0])
    targets = torch.arange(len(sizes), dtype=torch.float64) % 2
    loss = (bag_losses(logits, sizes, targets) * torch.linspace(0.1, 1, len(sizes), dtype=torch.float64)).sum()
    loss.backward()
    team.current().sum_gradients(model)
    gradients = {f"gradient of {name}": parameter.grad for name, parameter in model.named_parameters()}
    return {"loss": loss.detach(), "logits": logits.detach(), **gradients, **dict(model.named_buffers())}


def _member(rank: int, folder: str, bags: list[list[int]]) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=SIZE)
    with team.joined():
        found = [step(network(), sizes) for sizes in bags]
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


BAGS = [[4, 1, 2, 3], [2], [7, 7]]
"""The second has fewer images than there are processes."""


@pytest.fixture(scope="module")
def found(tmp_path_factory, pytestconfig) -> Path:
    folder = tmp_path_factory.mktemp("team")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(pytestconfig.rootpath)  # the processes import this module by its name
        mp.start_processes(_member, args=(str(folder), BAGS), nprocs=SIZE, start_method="spawn")
    return folder


@pytest.mark.parametrize("case", range(len(BAGS)))
@pytest.mark.parametrize("rank", range(SIZE))
def test_every_member_ends_with_what_one_process_computes(found, case, rank):
    expected, together = step(network(), BAGS[case]), torch.load(found / f"{rank}.pt")[case]
    assert set(expected) == set(together)
    for name, value in expected.items():
        torch.testing.assert_close(
            together[name], value, rtol=1e-9, atol=1e-11, msg=lambda text, n=name: f"{n}: {text}"
        )


def test_alone_nothing_is_done():
    model, rows = nn.Linear(2, 1), torch.ones(3, 2)
    assert torch.equal(team.current().numbers_of(rows, model), model(rows))
    before = copy.deepcopy(model)
    team.current().sum_gradients(model)
    assert torch.equal(before.weight, model.weight)
