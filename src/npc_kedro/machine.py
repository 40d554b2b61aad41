"""How much memory is free: of the machine, of the control groups that a container or a scheduler set, of a card."""

import os
from collections.abc import Iterator
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_bytes() -> int:
    """Memory that this process can still get: the least that the machine and the control groups above it leave."""
    import psutil

    return min([psutil.virtual_memory().available, *group_bytes()])


def group_bytes(root: Path = _CONTROL_GROUPS, own: Path = _OWN_GROUPS) -> list[int]:
    """What each control group that limits this process leaves of its limit; [] where there is none.

    Pages of files that nobody has used lately count as free: the system takes them back before it ends a process.
    Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

    Args:
        root: where control groups are mounted.
        own: which of them this process belongs to.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += [_left(folder, *_VERSION_2) for folder in _upwards(root, path)]
        elif "memory" in controllers.split(","):
            found += [_left(folder, *_VERSION_1) for folder in _upwards(root / "memory", path)]
    return [left for left in found if left is not None]


def card_bytes(index: int) -> int | None:
    """Free memory of the card that torch calls ``cuda:<index>``; None where the driver does not say.

    Asked of the driver, not of torch: a process that is to fork must not initialise CUDA.
    """
    import pynvml

    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    try:
        pynvml.nvmlInit()
        try:
            name = visible[index] if index < len(visible) else str(index)
            by_number = name.isdecimal()
            handle = (
                pynvml.nvmlDeviceGetHandleByIndex(int(name)) if by_number else pynvml.nvmlDeviceGetHandleByUUID(name)
            )
            return int(pynvml.nvmlDeviceGetMemoryInfo(handle).free)
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return None


def has_card() -> bool:
    """Whether ``device: auto`` is a card."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    return card_bytes(0) is not None


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """The folders of a group and of all above it. In a container the path may be the host's: only ``root`` is there."""
    folder = root / path.strip("/")
    while folder != root:
        yield folder
        folder = folder.parent
    yield root


def _left(folder: Path, limit: str, used: str, reclaimable: str) -> int | None:
    """Bytes up to the limit, None where the group is not there or has no limit."""
    try:
        text = (folder / limit).read_text().strip()
        if text == "max":
            return None
        statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(text) - int((folder / used).read_text()) + int(statistics.get(reclaimable, 0))
    except OSError:
        return None
