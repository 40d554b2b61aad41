"""What was found out about the code, kept from one run to the next: reading it anew takes a second of every run."""

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from npc_kedro.datasets.whole import replacing_file


@dataclass(frozen=True, order=True)
class Name:
    """A top-level definition; all of the module where ``name`` is empty."""

    module: str
    name: str


@dataclass
class Mentions:
    """What one definition mentions.

    Attributes:
        names: definitions of this package.
        libraries: top-level names of other packages.
        files: whether it may read files that lie beside its module.
    """

    names: set[Name] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    files: bool = False


@dataclass(frozen=True)
class Finding:
    """A definition's hash, and what it mentions."""

    digest: str
    mentions: Mentions


class Findings:
    """Findings on the code of a package as it is now; those on any other state of it count for nothing.

    Args:
        package: its folder.
        path: where they are kept, None for nowhere.
    """

    def __init__(self, package: Path, path: Path | None = None) -> None:
        self._package, self._path = package, path
        self._state = "" if path is None else state_of_code(package)
        self._found = {} if path is None else _read(path, self._state)
        self._kept = len(self._found)

    def get(self, name: Name) -> Finding | None:
        """What is known of a definition."""
        return self._found.get(name)

    def add(self, name: Name, finding: Finding) -> None:
        """Takes in what was found out."""
        self._found[name] = finding

    def keep(self) -> None:
        """Stores what has come to be known; nothing if the code was changed meanwhile."""
        if self._path is None or len(self._found) == self._kept or state_of_code(self._package) != self._state:
            return
        # Another run on the same results may store the same at this moment; without it the code is read once more.
        with suppress(OSError), replacing_file(self._path) as partial:
            found = json.dumps(_listed(self._found))
            stored = {"state": self._state, "found": found, "checksum": _checksum(found)}
            partial.write_text(json.dumps(stored), encoding="utf-8")
        self._kept = len(self._found)


def state_of_code(package: Path) -> str:
    """Hash of every module of the package, by content, and of the Python that reads them."""
    digest = hashlib.sha256(platform.python_version().encode())
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(package)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def file_states(package: Path) -> str:
    """Hash of size, time and inode of every file of the package: quickly found, and another after any edit."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.parent.name != "__pycache__" and path.is_file():
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ino}\n".encode())
    return digest.hexdigest()


def newest_change(package: Path) -> float:
    """When a module of the package last came to be as it is, in seconds since 1970.

    By the time that the system keeps, not by that of the last edit, which may be copied from elsewhere or lie in the
    future. Of two machines' clocks one may be late: a time still to come says nothing.
    """
    now = time.time()
    return max((at for path in package.rglob("*.py") if (at := path.stat().st_ctime) <= now), default=0.0)


def _listed(found: Mapping[Name, Finding]) -> list[list[object]]:
    return [
        [
            *(name.module, name.name, finding.digest),
            sorted([used.module, used.name] for used in finding.mentions.names),
            sorted(finding.mentions.libraries),
            finding.mentions.files,
        ]
        for name, finding in sorted(found.items())
    ]


def _checksum(found: str) -> str:
    return hashlib.sha256(found.encode()).hexdigest()


def _read(path: Path, state: str) -> dict[Name, Finding]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["state"] != state or stored["checksum"] != _checksum(stored["found"]):
            return {}
        return {
            Name(module, name): Finding(
                digest, Mentions({Name(*used) for used in names}, set(libraries), files=bool(files))
            )
            for module, name, digest, names, libraries, files in json.loads(stored["found"])
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        # of another version of this project, or damaged: as good as none
        return {}
