"""Which devices a run is spread over, and what a pinned process sees."""

import os

import pytest

from command_line import environment_of, kedro
from npc_kedro import devices
from npc_kedro.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "entries"),
    [("", ()), ("cpu", ("cpu",)), ("cuda:0+cuda:1", ("cuda:0", "cuda:1")), ("cuda:0 + cuda:0", ("cuda:0", "cuda:0"))],
)
def test_entries(text, entries):
    assert devices.parse(text) == entries


@pytest.mark.parametrize("text", ["cuda", "cuda:x", "cuda:0++cuda:1", "gpu:0", "cuda:0,cuda:1", "cpu:1", "cuda:-1"])
def test_what_is_no_device_is_refused(text):
    with pytest.raises(ParameterError, match=r"expected cpu or cuda:<index>, joined by \+"):
        devices.parse(text)


@pytest.mark.parametrize(
    ("already", "device", "visible", "named"),
    [
        (None, "cuda:1", "1", "cuda:1"),
        ("2,3", "cuda:1", "3", "cuda:3"),
        ("GPU-af3,GPU-b07", "cuda:0", "GPU-af3", "cuda:0"),
        ("0,1", "cpu", "", "cpu"),
    ],
)
def test_a_pinned_process_sees_one_device(monkeypatch, already, device, visible, named):
    monkeypatch.setenv(devices.VARIABLE, "")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", already or "")
    if already is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    devices.pin(device)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert os.environ[devices.VARIABLE] == named
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)


def test_a_card_out_of_sight_is_refused(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    with pytest.raises(ParameterError, match="cuda:2 was asked for, but CUDA_VISIBLE_DEVICES lets this run see 2"):
        devices.pin("cuda:2")


def test_a_card_that_is_not_there_ends_the_command_before_anything_runs(tmp_path):
    done = kedro("run", "--params=devices=cuda:0+cuda:99", environment=environment_of(tmp_path))
    assert done.returncode != 0
    assert "cuda:99 was asked for, but this machine has" in " ".join((done.stdout + done.stderr).split())
