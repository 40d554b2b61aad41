"""The device and precision that are chosen, and the state that is left behind."""

import pytest
import torch

from npc_kedro.errors import ParameterError
from npc_kedro.training import device as devices
from npc_kedro.training.seeding import epoch_generator, reproducible


def test_without_bf16_hardware_nothing_is_measured(monkeypatch, tmp_path):
    _pretend(monkeypatch, tmp_path, amx=False, seconds=None)
    assert devices.choose_compute("cpu", "auto", architecture="resnet50").precision == "fp32"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("bf16", "expected"), [(0.3, "bf16"), (1.4, "fp32")])
def test_with_it_the_faster_one_is_taken(monkeypatch, tmp_path, bf16, expected):
    _pretend(monkeypatch, tmp_path, amx=True, seconds={"fp32": 1.0, "bf16": bf16})
    assert devices.choose_compute("cpu", "auto", architecture="resnet50").precision == expected
    assert len(list((tmp_path / "npc_kedro/precision").glob("*.json"))) == 1


def test_an_encoder_that_timm_does_not_know_is_not_measured(monkeypatch, tmp_path):
    _pretend(monkeypatch, tmp_path, amx=True, seconds=None)
    assert devices.choose_compute("cpu", "auto", architecture="efficientnet-b0").precision == "bf16"


def _pretend(monkeypatch, cache, *, amx, seconds):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    monkeypatch.setattr(devices, "step_timer", lambda architecture, device: seconds and seconds.__getitem__)


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
