"""Safetensors files written over old ones in place, tensor by tensor.

``safetensors.torch.save_file`` copies everything and makes a new file each time; giving a file its pages costs several
times as much as filling them (0.8 s against 0.07 s for 440 MB, measured). What is written here every epoch reuses them.
Format: https://huggingface.co/docs/safetensors, a JSON header with its length in front, then the tensors' bytes.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch

_TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_LENGTH_BYTES = 8


def overwrite(path: Path, tensors: Mapping[str, torch.Tensor]) -> int:
    """Writes the tensors into ``path``, over what it held, and returns the checksum (CRC-32) of the file.

    Args:
        path: a file, which need not exist; while this runs it is of no use to anybody.
        tensors: on any device, in any memory format.
    """
    header, position = {}, 0
    for name, tensor in tensors.items():
        end = position + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    path.touch()
    with path.open("r+b") as file:
        checksum = 0
        for piece in (len(text).to_bytes(_LENGTH_BYTES, "little"), text, *map(_bytes, tensors.values())):
            file.write(piece)
            checksum = zlib.crc32(piece, checksum)
        file.truncate()
    return checksum


def _bytes(tensor: torch.Tensor) -> memoryview:
    whole = tensor.detach().cpu().contiguous().reshape(-1)
    return memoryview(whole.view(torch.uint8).numpy()) if whole.numel() else memoryview(b"")
