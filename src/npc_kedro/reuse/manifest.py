"""A node's manifest: what its outputs were made from, and what they are. It names no patient and no folder."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npc_kedro.datasets.whole import replacing_file
from npc_kedro.reuse.stored import Content

_SHOWN = 3
_DIGITS = 16


@dataclass(frozen=True)
class Conditions:
    """What a node's outputs depend on; each entry a hash, or a library's version.

    Attributes:
        function: its name and the arguments fixed in the wiring.
        parameters: by dotted key.
        inputs: contents of the datasets that it takes.
        datasets: how the catalog has its inputs and outputs written and read.
        sources: by module, what it reaches of the project's code.
        libraries: versions of the packages that this code imports.
        named: files and folders named by parameters, and secrets of the environment.
    """

    function: str
    parameters: dict[str, str]
    inputs: dict[str, str]
    datasets: dict[str, str]
    sources: dict[str, str]
    libraries: dict[str, str]
    named: dict[str, str]

    @property
    def key(self) -> str:
        """One hash of them all."""
        return digest_of(asdict(self))


@dataclass(frozen=True)
class Manifest:
    """What is noted once all outputs of a node are stored.

    Attributes:
        conditions: what they were made from.
        outputs: what they are.
        run: the MLflow run in which they were made, "" where there was none.
    """

    conditions: Conditions
    outputs: dict[str, Content]
    run: str

    def write(self, path: Path) -> None:
        """Stores it, whole or not at all."""
        with replacing_file(path) as partial:
            partial.write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Manifest | None":
        """The manifest stored there; None where there is none that can be read."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            outputs = {
                name: Content(content["digest"], {file: tuple(state) for file, state in content["files"].items()})
                for name, content in stored["outputs"].items()
            }
            return cls(Conditions(**stored["conditions"]), outputs, stored["run"])
        except (OSError, ValueError, KeyError, TypeError):
            # of another version of this project, or damaged: as good as none
            return None


def differences(before: Conditions, now: Conditions) -> list[str]:
    """In words, what has changed between the two, the most telling first; [] where nothing has."""
    found = ["the function, or what is fixed in the wiring, changed"] if before.function != now.function else []
    found += [f"{key} changed" for key in _changed(before.parameters, now.parameters)]
    found += [f"input {name} changed" for name in _changed(before.inputs, now.inputs)]
    found += [f"the catalog's entry {name} changed" for name in _changed(before.datasets, now.datasets)]
    found += [f"{key} changed" for key in _changed(before.named, now.named)]
    found += [f"source {name} changed" for name in _changed(before.sources, now.sources)]
    found += [
        f"{name} {before.libraries.get(name, 'absent')} became {now.libraries.get(name, 'absent')}"
        for name in _changed(before.libraries, now.libraries)
    ]
    return found


def in_short(reasons: list[str]) -> str:
    """The first few reasons, and how many more there are."""
    more = len(reasons) - _SHOWN
    return "; ".join(reasons[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def digest_of(value: Any) -> str:
    """Hash of plain values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:_DIGITS]


def _changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    return [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
