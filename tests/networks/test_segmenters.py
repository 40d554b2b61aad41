"""Both segmenters start from the same encoder, and every refusal says what to do."""

import pytest
import torch

from npc_kedro.errors import ParameterError, WeightsError
from npc_kedro.networks.checkpoint import Checkpoint, weights_of
from npc_kedro.networks.segmenters import SegmenterSpec, build_segmenter, restore_segmenter

SMALL = {
    "unet": {"encoder_depth": 3, "decoder_channels": [16, 8, 4]},
    "deeplabv3": {"encoder_depth": 3, "decoder_channels": 8, "decoder_atrous_rates": [1, 2, 3]},
}


def spec(name: str, weights: str = "none", encoder: str = "resnet18") -> SegmenterSpec:
    return SegmenterSpec(name, encoder, 32, SMALL.get(name, {}), weights)


def encoder_of(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return network.encoder.state_dict()


def test_both_segmenters_start_from_the_same_encoder():
    unet, deeplab = (encoder_of(build_segmenter(spec(name), seed=5)) for name in SMALL)
    assert unet.keys() == deeplab.keys()
    assert all(torch.equal(unet[name], deeplab[name]) for name in unet)
    other = encoder_of(build_segmenter(spec("unet"), seed=6))
    assert not torch.equal(unet["conv1.weight"], other["conv1.weight"])


def test_one_seed_gives_one_network_and_leaves_the_global_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, second = (build_segmenter(spec("deeplabv3"), seed=1).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", SMALL)
def test_one_logit_a_pixel_and_the_same_after_restoring(name):
    network = build_segmenter(spec(name), seed=1).eval()
    images = torch.rand(2, 3, 32, 32)
    about = {
        "architecture": name, "encoder": "resnet18", "decoder": SMALL[name],
        "image_size": 32, "mean": [0.5] * 3, "std": [0.2] * 3,
    }  # fmt: skip
    restored, inputs = restore_segmenter(Checkpoint(weights_of(network), about))
    with torch.no_grad():
        logits = network(images)
        assert logits.shape == (2, 1, 32, 32)
        assert torch.equal(restored(images), logits)
    assert inputs.mean == (0.5, 0.5, 0.5)


def test_encoder_weights_come_from_the_users_folder(tmp_path):
    from safetensors.torch import save_file

    given = encoder_of(build_segmenter(spec("unet"), seed=9))
    whole = {name: value.contiguous() for name, value in _whole_encoder().items()}
    save_file(whole, tmp_path / "resnet18.safetensors")
    loaded = encoder_of(build_segmenter(SegmenterSpec("unet", "resnet18", 32, weights=str(tmp_path)), seed=1))
    assert torch.equal(loaded["layer4.1.conv2.weight"], whole["layer4.1.conv2.weight"])
    assert not torch.equal(loaded["conv1.weight"], given["conv1.weight"])


def test_an_incomplete_weights_file_is_refused(tmp_path):
    from safetensors.torch import save_file

    whole = _whole_encoder()
    whole.pop("conv1.weight")
    save_file({name: value.contiguous() for name, value in whole.items()}, tmp_path / "resnet18.safetensors")
    with pytest.raises(WeightsError, match=r"lacks 1 of the \d+ tensors of resnet18.*conv1\.weight"):
        build_segmenter(SegmenterSpec("unet", "resnet18", 32, weights=str(tmp_path)), seed=1)


def test_missing_weights_say_how_to_get_them(tmp_path):
    with pytest.raises(WeightsError, match=r"(?s)resnet18\.safetensors.*get_encoder\('resnet18', weights='imagenet'\)"):
        build_segmenter(spec("unet", weights=str(tmp_path / "nowhere")), seed=1)


def test_unknown_names_are_refused():
    with pytest.raises(ParameterError, match=r"no encoder 'resnet19'"):
        build_segmenter(spec("unet", encoder="resnet19"), seed=1)
    with pytest.raises(ParameterError, match=r"unknown segmenter 'vnet'; known are deeplabv3, unet"):
        build_segmenter(spec("vnet"), seed=1)


def _whole_encoder() -> dict[str, torch.Tensor]:
    torch.manual_seed(77)
    return dict(encoder_of(build_segmenter(SegmenterSpec("unet", "resnet18", 32), seed=77)))
