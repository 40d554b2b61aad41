"""Four classifiers with one logit, pinned weights, and refusals that say what to do."""

import pytest
import torch
from safetensors.torch import save_file

from npc_kedro.errors import ParameterError, WeightsError
from npc_kedro.networks.checkpoint import Checkpoint, weights_of
from npc_kedro.networks.classifiers import ClassifierSpec, build_classifier, restore_classifier

SMALL = ClassifierSpec("resnet10t", "c3_in1k", 32)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("architecture", "tag", "size", "expected"),
    [
        ("efficientnet_b0", "ra_in1k", 32, IMAGENET),
        ("resnet50", "a1_in1k", 32, IMAGENET),
        ("legacy_xception", "tf_in1k", 32, HALVES),
        ("inception_resnet_v2", "tf_in1k", 75, HALVES),
    ],
)
def test_the_studys_networks_give_one_logit(architecture, tag, size, expected):
    spec = ClassifierSpec(architecture, tag, size)
    assert (spec.inputs().mean, spec.inputs().std) == expected  # as printed in timm's model cards
    network = build_classifier(spec, seed=1).eval()
    with torch.no_grad():
        assert network(torch.zeros(2, 3, size, size)).shape == (2, 1)


def test_one_seed_gives_one_network_and_leaves_the_global_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second = (build_classifier(SMALL, seed=4).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_restored_network_is_the_trained_one():
    network = build_classifier(SMALL, seed=4).eval()
    about = {"architecture": "resnet10t", "image_size": 32, "mean": [0.4] * 3, "std": [0.2] * 3}
    restored, inputs = restore_classifier(Checkpoint(weights_of(network), about))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(restored(images), network(images))
    assert (inputs.image_size, inputs.mean) == (32, (0.4, 0.4, 0.4))


def test_weights_come_from_the_users_folder(tmp_path):
    import timm

    torch.manual_seed(11)
    stored = timm.create_model("resnet10t").state_dict()  # with its 1000-class head, as published files are
    save_file(stored, tmp_path / "resnet10t.safetensors")
    network = build_classifier(ClassifierSpec("resnet10t", "c3_in1k", 32, weights=str(tmp_path)), seed=1)
    state = network.state_dict()
    assert torch.equal(state["layer4.0.conv2.weight"], stored["layer4.0.conv2.weight"])
    assert state["fc.weight"].shape == (1, 512)


def test_missing_weights_say_how_to_get_them(tmp_path):
    with pytest.raises(WeightsError, match=r"(?s)resnet10t\.safetensors or .*timm\.create_model\('resnet10t\.c3_in1k'"):
        build_classifier(ClassifierSpec("resnet10t", "c3_in1k", 32, weights=str(tmp_path)), seed=1)


def test_a_file_of_another_network_is_refused(tmp_path):
    save_file({"layer.weight": torch.zeros(2)}, tmp_path / "resnet10t.safetensors")
    with pytest.raises(WeightsError, match="does not hold weights of resnet10t"):
        build_classifier(ClassifierSpec("resnet10t", "c3_in1k", 32, weights=str(tmp_path)), seed=1)


def test_no_weights_never_reach_for_the_net(monkeypatch):
    import socket

    def refuse(*_args: object, **_kwargs: object) -> None:
        msg = "the network was touched"
        raise AssertionError(msg)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    network = build_classifier(SMALL, seed=1)
    assert all(torch.isfinite(weight).all() for weight in network.parameters())


def test_a_hub_out_of_reach_says_what_to_do(monkeypatch):
    import timm

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(WeightsError, match=r"(?s)hub did not deliver.*no route to host.*weights: none"):
        build_classifier(ClassifierSpec("resnet10t", "c3_in1k", 32, weights="hub"), seed=1)


def test_refusals_name_the_remedy():
    with pytest.raises(ParameterError, match="inception_resnet_v2 was given images of 64 px; it needs at least 75 px"):
        build_classifier(ClassifierSpec("inception_resnet_v2", "tf_in1k", 64), seed=1)
    with pytest.raises(ParameterError, match=r"knows no weights 'resnet50\.b9_in1k'"):
        build_classifier(ClassifierSpec("resnet50", "b9_in1k", 64), seed=1)
    with pytest.raises(ParameterError, match=r"knows no weights 'resnot50"):
        build_classifier(ClassifierSpec("resnot50", "a1_in1k", 64), seed=1)


def test_a_stack_of_slices_is_normalised_by_the_colours_average():
    inputs = ClassifierSpec("resnet50", "a1_in1k", 64, channels=4).inputs()
    assert inputs.mean == pytest.approx([(0.485 + 0.456 + 0.406) / 3] * 4)
