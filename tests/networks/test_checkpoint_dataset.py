"""A checkpoint comes back as it was stored, byte for byte, and a failed save leaves the old one whole."""

import pytest
import torch

from npc_kedro.datasets.checkpoint import CheckpointDataset
from npc_kedro.networks.checkpoint import Checkpoint, weights_of

ABOUT = {"architecture": "x", "patients": ["a", "b"], "threshold": 0.5, "best_epoch": 2}


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)).to(memory_format=torch.channels_last)


def test_round_trip_is_exact_and_repeatable(tmp_path):
    dataset = CheckpointDataset(filepath=str(tmp_path / "models" / "m"))
    assert not dataset.exists()
    weights = weights_of(network())
    dataset.save(Checkpoint(weights, ABOUT))
    loaded = dataset.load()
    assert loaded.about == ABOUT
    assert all(torch.equal(loaded.weights[name], weights[name]) for name in weights)
    first = (tmp_path / "models" / "m" / "weights.safetensors").read_bytes()
    dataset.save(Checkpoint(weights_of(network()), ABOUT))
    assert (tmp_path / "models" / "m" / "weights.safetensors").read_bytes() == first
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["m"]


def test_a_failed_save_leaves_the_old_one(tmp_path):
    dataset = CheckpointDataset(filepath=str(tmp_path / "m"))
    dataset.save(Checkpoint(weights_of(network()), ABOUT))
    with pytest.raises(Exception, match="not JSON serializable"):
        dataset.save(Checkpoint(weights_of(network()), {"oops": object()}))
    assert dataset.load().about == ABOUT
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_weights_are_a_copy():
    trained = network()
    kept = weights_of(trained)
    before = kept["0.weight"].clone()
    trained[0].weight.data.add_(1.0)
    assert torch.equal(kept["0.weight"], before)
