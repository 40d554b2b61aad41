"""The faster precision is chosen, once, whatever comes later; measured by a timer that is made up."""

import json
import logging

import pytest
import torch

from npc_kedro.training import precision_probe
from npc_kedro.training.precision_probe import fastest_precision

CPU = torch.device("cpu")


class Timer:
    def __init__(self, fp32, bf16):
        self.seconds, self.asked = {"fp32": fp32, "bf16": bf16}, []

    def __call__(self, precision):
        self.asked.append(precision)
        return self.seconds[precision]


def probe(folder, timer, architecture="resnet50"):
    return fastest_precision(architecture, device=CPU, folder=folder, seconds_of=timer)


@pytest.mark.parametrize(("fp32", "bf16", "expected"), [(3.0, 1.0, "bf16"), (1.0, 3.0, "fp32"), (2.0, 2.0, "fp32")])
def test_the_shorter_step_wins_and_a_tie_stays_exact(tmp_path, fp32, bf16, expected):
    assert probe(tmp_path, Timer(fp32, bf16)) == expected


def test_the_first_answer_stays(tmp_path):
    folder = tmp_path / "not there yet"
    assert probe(folder, Timer(3.0, 1.0)) == "bf16"
    later = Timer(1.0, 3.0)
    assert probe(folder, later) == "bf16"
    assert later.asked == []
    assert probe(folder, later, architecture="efficientnet_b0") == "fp32"
    assert later.asked == ["fp32", "bf16"]


def test_another_device_or_torch_is_measured_afresh(tmp_path, monkeypatch):
    assert probe(tmp_path, Timer(3.0, 1.0)) == "bf16"
    monkeypatch.setattr(precision_probe, "device_model", lambda device: "another processor")
    assert probe(tmp_path, Timer(1.0, 3.0)) == "fp32"
    monkeypatch.setattr(torch, "__version__", "99.0")
    assert probe(tmp_path, Timer(3.0, 1.0)) == "bf16"


def test_of_two_processes_the_first_to_finish_decides(tmp_path):
    class Overtaken(Timer):
        def __call__(self, precision):
            if not self.asked:
                assert probe(tmp_path, Timer(3.0, 1.0)) == "bf16"
            return super().__call__(precision)

    assert probe(tmp_path, Overtaken(1.0, 3.0)) == "bf16"


@pytest.mark.parametrize("damage", ["", "{}", '{"seconds": {"fp32": 1}}', '{"seconds": {"fp32": "x", "bf16": 1}}'])
def test_a_damaged_answer_is_reported_and_replaced(tmp_path, caplog, damage):
    probe(tmp_path, Timer(3.0, 1.0))
    (file,) = tmp_path.glob("*.json")
    file.write_text(damage)
    with caplog.at_level(logging.WARNING):
        assert probe(tmp_path, Timer(1.0, 3.0)) == "fp32"
    assert "is damaged" in caplog.text
    assert json.loads(file.read_text())["seconds"] == {"fp32": 1.0, "bf16": 3.0}
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path, caplog):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with caplog.at_level(logging.WARNING):
        assert probe(blocked / "precision", Timer(3.0, 1.0)) == "bf16"
    assert "--params precision=" in caplog.text


def test_a_real_step_is_timed_and_draws_nothing_from_the_training(monkeypatch):
    monkeypatch.setattr(precision_probe, "_SAMPLE", {"cpu": (2, 32)})
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    assert 0 < precision_probe.step_timer("resnet18", CPU)("fp32") < 60
    assert torch.equal(torch.rand(2), expected)


def test_answers_are_kept_where_the_user_keeps_such_things(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert precision_probe.cache_folder() == tmp_path / "npc_kedro/precision"
