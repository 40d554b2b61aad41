"""The device and precision that are chosen, and the state that is left behind."""

import pytest
import torch

from npc_kedro.errors import ParameterError
from npc_kedro.training import device as devices
from npc_kedro.training.seeding import epoch_generator, reproducible


@pytest.mark.parametrize(
    ("amx", "architecture", "expected"),
    [(True, "resnet50", "bf16"), (True, "efficientnet_b0", "fp32"), (False, "resnet50", "fp32")],
)
def test_bf16_only_where_a_cpu_multiplies_in_it(monkeypatch, amx, architecture, expected):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    assert devices.choose_compute("cpu", "auto", architecture=architecture).precision == expected


def test_a_fixed_precision_is_obeyed():
    compute = devices.choose_compute("cpu", "bf16", architecture="efficientnet_b0")
    with compute.autocast():
        assert torch.nn.functional.linear(torch.ones(1, 2), torch.ones(1, 2)).dtype == torch.bfloat16


def test_devices_that_are_not_there_are_refused():
    with pytest.raises(ParameterError, match=r"device 'tpu'; expected auto, cpu, cuda"):
        devices.choose_device("tpu")
    with pytest.raises(ParameterError, match=r"device 'cuda:77' was asked for, but torch sees \d+ GPU"):
        devices.choose_device("cuda:77")


def test_the_world_is_left_as_it_was():
    threads = torch.get_num_threads()
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    inside = []
    with pytest.raises(RuntimeError, match="in the block"):
        _draw_and_fail(inside, threads=threads + 1)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(2), expected)
    torch.manual_seed(9)
    assert torch.equal(torch.rand(2), inside[0])


def _draw_and_fail(drawn, *, threads):
    with reproducible(9, threads=threads, device=torch.device("cpu")):
        assert torch.get_num_threads() == threads
        drawn.append(torch.rand(2))
        raise RuntimeError("in the block")


def test_an_epochs_draws_need_no_earlier_epoch():
    assert epoch_generator(4, 2).random() == epoch_generator(4, 2).random()
    assert epoch_generator(4, 2).random() != epoch_generator(4, 3).random()
