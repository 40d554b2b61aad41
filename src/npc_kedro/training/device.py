"""Where and in which precision to compute."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from npc_kedro import heap
from npc_kedro.errors import ParameterError
from npc_kedro.training import weight_gradients
from npc_kedro.training.precision_probe import cache_folder, fastest_precision, step_timer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compute:
    """A device and the precision of the convolutions on it; weights, losses and sums stay fp32."""

    device: torch.device
    precision: str

    @property
    def with_products(self) -> bool:
        """Whether convolutions compute their weights' gradients as matrix products, which decides the last digits."""
        return self.precision == "fp32" and weight_gradients.pays_on(self.device)

    @property
    def arithmetic(self) -> str:
        """All that decides how numbers are rounded, in words; the make of the device apart."""
        products = ", weights' gradients as matrix products" if self.with_products else ""
        return f"{self.precision} on {self.device.type}{products}"

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """The block in which networks are called."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            yield

    def move(self, network: nn.Module) -> nn.Module:
        """The network on the device, channels last."""
        if self.with_products:
            network = weight_gradients.use_products(network)
        return network.to(self.device, memory_format=torch.channels_last)


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is the first GPU, or the CPU where there is none.

    Raises:
        ParameterError: if the device does not exist here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        msg = f"device {name!r}; expected auto, cpu, cuda or cuda:<index>"
        raise ParameterError(msg)
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        msg = f"device {name!r} was asked for, but torch sees {torch.cuda.device_count()} GPU(s); use auto or cpu"
        raise ParameterError(msg)
    return torch.device(kind, int(index or 0)) if kind == "cuda" else torch.device("cpu")


def choose_compute(device: str, precision: str, *, architecture: str) -> Compute:
    """Device and precision.

    ``auto`` is fp32 where the hardware does not multiply in bf16 (a CPU without AMX and AVX512-BF16 emulates it, some
    twenty times slower). Where it does, a short probe of the architecture decides, once for the machine: networks of
    depthwise convolutions are slower in bf16 even with AMX.
    """
    chosen = choose_device(device)
    if precision == "auto":
        precision = _faster(architecture, chosen) if _multiplies_bf16(chosen) else "fp32"
    if chosen.type == "cpu":
        heap.keep_all()
    compute = Compute(chosen, precision)
    logger.info("%s computes in %s", architecture, compute.arithmetic)
    return compute


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    probes = [getattr(torch.cpu, name, None) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")]
    return any(probe() for probe in probes if probe is not None)


def _faster(architecture: str, device: torch.device) -> str:
    import timm

    architecture = architecture.removeprefix("tu-")  # smp's name for an encoder of timm's
    if not timm.is_model(architecture):
        logger.info("%s is no network of timm's and is not probed: bf16, as the hardware has it", architecture)
        return "bf16"
    timer = step_timer(architecture, device)
    return fastest_precision(architecture, device=device, folder=cache_folder(), seconds_of=timer)
