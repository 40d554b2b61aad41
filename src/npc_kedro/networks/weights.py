"""Where the first weights come from: nowhere (``none``), a public hub, or a folder of the user's.

``none`` never touches the network. Weights that were asked for and are not to be had end with the command that gets
them on a connected machine.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

from npc_kedro.errors import WeightsError

NONE = "none"
HUB = "hub"
_SUFFIXES = (".safetensors", ".pth")


def local_file(folder: str, name: str, *, how_to_get: str) -> Path:
    """The weights file ``<folder>/<name>.safetensors`` (or ``.pth``).

    Args:
        folder: what the user gave under ``weights``.
        name: architecture or encoder.
        how_to_get: shell command that writes ``<name>.safetensors`` on a machine with internet.

    Raises:
        WeightsError: if there is no such folder or file.
    """
    root = Path(folder).expanduser()
    for suffix in _SUFFIXES:
        if (root / f"{name}{suffix}").is_file():
            return root / f"{name}{suffix}"
    found = "no such folder" if not root.is_dir() else "the folder holds neither of them"
    expected = " or ".join(f"{name}{suffix}" for suffix in _SUFFIXES)
    msg = (
        f"weights '{folder}' were asked for, but {expected} is not there ({found}). "
        f"On a machine with internet run:\n    {how_to_get}\n"
        f"and copy {name}.safetensors into that folder. 'weights: none' trains from random weights instead."
    )
    raise WeightsError(msg)


def hub_failure(name: str, error: Exception, *, how_to_get: str) -> WeightsError:
    """The error to raise when the hub did not deliver."""
    msg = (
        f"the hub did not deliver the weights of {name} ({type(error).__name__}: {error}). "
        f"Without internet, run this on a machine that has it:\n    {how_to_get}\n"
        f"copy {name}.safetensors into a folder here and set 'weights' to that folder, "
        "or set 'weights: none' to train from random weights."
    )
    return WeightsError(msg)


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Parameters and buffers stored in ``path``; a ``.pth`` may hold them under ``state_dict``.

    Raises:
        WeightsError: if the file cannot be read.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        msg = f"{path.name} cannot be read as weights ({type(error).__name__}: {error}); fetch it again"
        raise WeightsError(msg) from error
    return state.get("state_dict", state)


def timm_command(name: str, tag: str) -> str:
    """Shell command that fetches a timm classifier's weights and writes ``<name>.safetensors``."""
    return (
        'python -c "import timm; from safetensors.torch import save_file; '
        f"save_file(timm.create_model('{name}.{tag}', pretrained=True).state_dict(), '{name}.safetensors')\""
    )


def smp_command(encoder: str) -> str:
    """Shell command that fetches an smp encoder's ImageNet weights and writes ``<encoder>.safetensors``."""
    return (
        'python -c "import segmentation_models_pytorch as smp; from safetensors.torch import save_file; '
        f"save_file(smp.encoders.get_encoder('{encoder}', weights='imagenet').state_dict(), "
        f"'{encoder}.safetensors')\""
    )
