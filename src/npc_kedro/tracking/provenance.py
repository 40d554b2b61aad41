"""Where a result comes from: command, code, machine kind, cohort. Nothing here names a person or a folder."""

import hashlib
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

_FOLDER = re.compile(r"(?<![^=:,\s\[('\"])(?:[A-Za-z]:[\\/]|~|\.{0,2}[\\/])[^,\]'\"]*")
"""A path of the machine: absolute, home-relative or relative, up to the next comma, bracket or quote."""


def command_line() -> str:
    """The command as typed, with every folder of the machine replaced by ``<path>``: its name may be private."""
    return " ".join([Path(sys.argv[0]).name, *map(_without_folders, sys.argv[1:])])


def _without_folders(text: str) -> str:
    return _FOLDER.sub("<path>", text)


def git_state(project: Path) -> dict[str, str]:
    """``git.commit`` and ``git.dirty`` of the project; "unknown" outside a checkout."""
    commit = _git(project, "rev-parse", "HEAD")
    if commit is None:
        return {"git.commit": "unknown", "git.dirty": "unknown"}
    changes = _git(project, "status", "--porcelain", "--untracked-files=no")
    return {"git.commit": commit, "git.dirty": "unknown" if changes is None else str(bool(changes)).lower()}


def _git(project: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def device_name(wanted: str) -> str:
    """The device that ``auto`` or a given name comes to on this machine, without importing torch."""
    cards = gpu_names()
    if wanted.startswith("cpu") or not cards:
        return f"cpu ({platform.machine()})"
    index = int(wanted.partition(":")[2] or 0) if wanted.startswith("cuda") else 0
    return f"cuda:{index} ({cards[index]})" if index < len(cards) else wanted


def gpu_names() -> list[str]:
    """Names of the NVIDIA cards in this machine, [] where there is none or no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return [str(pynvml.nvmlDeviceGetName(handle)) for handle in handles]
    finally:
        pynvml.nvmlShutdown()


def cohort_hash(slices: pd.DataFrame, patients: pd.DataFrame) -> str:
    """Twelve hexadecimal digits that change with any slice's pixels and any patient's arm or outcome."""
    digest = hashlib.sha256()
    for value in sorted(slices["pixels_sha256"].astype(str)):
        digest.update(value.encode())
    rows = patients.sort_values("patient_key")[["patient_key", "arm", "residual_tumor"]]
    digest.update(rows.to_csv(index=False).encode())
    return digest.hexdigest()[:12]


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested parameters as ``a.b.c: value``, values as text, as MLflow wants them."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = _without_folders(str(value))
    return flat
