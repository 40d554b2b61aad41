"""Where a result comes from: command, code, machine kind, cohort. Nothing here names a person or a folder."""

import hashlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

HIDDEN = "<path>"
"""Stands for a folder or file of the machine, whose name may be private."""

_KEYS_OF_PATHS = {"cohort_root", "data_root", "published_dir", "scratch", "pseudonym_key_file"}
_OPTIONS_OF_PATHS = {"--conf-source", "--config", "-c"}
_PARAMETERS = "--params"
_BEGINS_LIKE_PATH = re.compile(r"\s*(?:[A-Za-z]:[\\/]|~|\.{0,2}/|\.{1,2}\\|\\\\[\w.$-]+\\|[A-Za-z][\w+.-]*://)")


def command_line() -> str:
    """The command as typed, with whatever is, or may be, a path of the machine replaced by ``<path>``."""
    words = [Path(sys.argv[0]).name]
    option = ""
    for argument in sys.argv[1:]:
        name, joined, value = argument.partition("=")
        if argument.startswith("-") and joined:
            words.append(f"{name}={_shown_value(name, value)}")
        elif argument.startswith("-"):
            words.append(argument)
        else:
            words.append(_shown_value(option, argument))
        option = argument if argument.startswith("-") and not joined else ""
    return " ".join(words)


def _shown_value(option: str, value: str) -> str:
    """The value of an option of the command line."""
    if option == _PARAMETERS:
        return ",".join(_shown_assignment(text) for text in _assignments(value))
    return HIDDEN if value and (option in _OPTIONS_OF_PATHS or _has_separator(value)) else value


def _assignments(text: str) -> list[str]:
    """``a=1,b=2`` parted; what follows a comma and assigns nothing belongs to the value before it, as a path may."""
    found: list[str] = []
    for part in text.split(","):
        if found and not re.match(r"\s*[\w.-]+\s*(=|:(?![\\/]))", part):
            found[-1] += f",{part}"
        else:
            found.append(part)
    return found


def _shown_assignment(text: str) -> str:
    key, sign, value = re.fullmatch(r"([^=:]*)([=:]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if not sign:
        return _shown_scalar("", key)
    return f"{key}{sign}{_shown_scalar(key.strip(), value)}" if not _has_separator(key) else HIDDEN


def _shown_scalar(key: str, value: str) -> str:
    """A parameter's value, hidden if its key or its look says that it is a path, or if there is such a file."""
    path = key.rpartition(".")[2] in _KEYS_OF_PATHS or _has_separator(value) or _exists(value)
    return HIDDEN if value.strip() and path else value


def _has_separator(text: str) -> bool:
    return "/" in text or "\\" in text or text.lstrip().startswith("~")


def _exists(text: str) -> bool:
    try:
        return bool(text.strip()) and os.path.lexists(text.strip())
    except (OSError, ValueError):
        return False


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
        elif isinstance(value, str):
            flat[name] = _shown_scalar(name, value)
        else:
            flat[name] = str(_without_paths(value))
    return flat


def _without_paths(value: Any) -> Any:
    """Lists hold patterns and spellings, in which a slash says little: texts that begin like a path are hidden."""
    if isinstance(value, (list, tuple)):
        return [_without_paths(one) for one in value]
    if isinstance(value, dict):
        return {key: _without_paths(one) for key, one in value.items()}
    return HIDDEN if isinstance(value, str) and _BEGINS_LIKE_PATH.match(value) else value
