"""Which precision trains a network fastest on this device: measured once, then kept for the machine.

A measurement may come out differently the next time, and with it every number of a training; so the first answer stays,
in the user's cache, until the device, the architecture or torch changes. Delete the folder to have it measured again.
"""

import hashlib
import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812

from npc_kedro.training.seeding import reproducible

logger = logging.getLogger(__name__)

PRECISIONS = ("fp32", "bf16")
_SAMPLE = {"cpu": (8, 112), "cuda": (32, 224)}
"""Images and side of the probe's batch; a GPU's arithmetic only shows in a batch that fills it."""
_STEPS = 3

SecondsOf = Callable[[str], float]
"""From a precision to the seconds of one training step in it."""


def fastest_precision(architecture: str, *, device: torch.device, folder: Path, seconds_of: SecondsOf) -> str:
    """The precision whose step is shortest; the answer kept in ``folder``, where there is one.

    Of several processes that measure at once the first to finish decides for all.

    Args:
        architecture: timm's name.
        device: where the training will run.
        folder: of the kept answers, one file each.
        seconds_of: measures; called only when nothing is kept.
    """
    circumstances = {"architecture": architecture, "device": device_model(device), "torch": torch.__version__}
    digest = hashlib.sha256(json.dumps(circumstances, sort_keys=True).encode()).hexdigest()[:16]
    file = folder / f"{digest}.json"
    seconds = _kept(file)
    if seconds is None:
        seconds = {precision: seconds_of(precision) for precision in PRECISIONS}
        seconds = _keep(file, {**circumstances, "seconds": seconds}) or seconds
    chosen = min(PRECISIONS, key=lambda precision: seconds[precision])
    told = ", ".join(f"{precision} {1000 * seconds[precision]:.0f} ms a step" for precision in PRECISIONS)
    logger.info("%s on %s, probed: %s", architecture, circumstances["device"], told)
    return chosen


def cache_folder() -> Path:
    """Where this user's answers are kept: ``npc_kedro/precision`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "npc_kedro/precision"


def device_model(device: torch.device) -> str:
    """The name of the card, or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {_capability()}"


def step_timer(architecture: str, device: torch.device) -> SecondsOf:
    """Measures a step of the network itself on a small batch, one thread, the best of three after a first."""

    def seconds_of(precision: str) -> float:
        import timm

        n, side = _SAMPLE[device.type]
        with reproducible(0, threads=1, device=device):
            network = timm.create_model(architecture, pretrained=False, num_classes=1).train()
            network = network.to(device, memory_format=torch.channels_last)
            batch = torch.rand(n, 3, side, side, device=device).contiguous(memory_format=torch.channels_last)
            targets = (torch.arange(n, device=device) % 2).float()

            def step() -> float:
                _wait(device)
                started = time.perf_counter()
                with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
                    logits = network(batch)[:, 0].float()
                F.binary_cross_entropy_with_logits(logits, targets).backward()
                _wait(device)
                return time.perf_counter() - started

            step()
            return min(step() for _ in range(_STEPS))

    return seconds_of


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _capability() -> str:
    return str(torch.backends.cpu.get_cpu_capability())


def _kept(file: Path) -> dict[str, float] | None:
    """The seconds in the file; None where there is none, or one that cannot be used, which is removed."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("%s cannot be read (%s): the precision is measured afresh", file, error)
        return None
    try:
        seconds = json.loads(text)["seconds"]
        return {precision: float(seconds[precision]) for precision in PRECISIONS}
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("%s is damaged (%s): the precision is measured afresh", file, type(error).__name__)
        file.unlink(missing_ok=True)
        return None


def _keep(file: Path, answer: Mapping[str, object]) -> dict[str, float] | None:
    """Writes the answer unless another process was first, and returns what is kept; None where nothing can be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".part", encoding="utf-8") as part:
            json.dump(answer, part, indent=1)
            part.flush()
            try:
                os.link(part.name, file)
            except FileExistsError:
                logger.info("another process has measured in the meantime; its answer counts")
    except OSError as error:
        logger.warning(
            "%s cannot be written (%s): the next run may choose another precision; fix it with --params precision=...",
            file.parent,
            error,
        )
        return None
    return _kept(file)
