"""What a node's outputs depend on, worked out from the node, the catalog and the code, without running anything."""

import hmac
import inspect
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from npc_kedro.dicom.pseudonyms import KEY_VARIABLE
from npc_kedro.knobs import part_read_by
from npc_kedro.reuse.manifest import Conditions, digest_of
from npc_kedro.reuse.sources import Reached, Sources
from npc_kedro.reuse.stored import Contents, Place, listing, place_of

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

PACKAGE = Path(__file__).parents[1]
_PARAMETERS = "params:"
_NOT_ITS_CONTENT = ("filepath", "credentials", "metadata", "version")
_SCRATCH = ".scratch"
"""Folders of this name keep work under way."""

_DECODERS = ("pylibjpeg", "openjpeg", "libjpeg", "jpeg_ls")
"""pydicom finds its decoders by itself: no code of ours imports them."""

_INSTALLED_AS = {
    "PIL": "pillow",
    "jpeg_ls": "pyjpegls",
    "libjpeg": "pylibjpeg-libjpeg",
    "openjpeg": "pylibjpeg-openjpeg",
    "pynvml": "nvidia-ml-py",
}
"""What is imported under another name than it is installed by. Searching for it takes longer than all other checks."""


Code = tuple[Any, ...]
"""A function or partial, and the classes that read and write for it."""


def digests_of(code: Code) -> dict[str, str]:
    """Hashes of what leads from there through the package, by module, as it is on disk now."""
    return Sources(PACKAGE.name, PACKAGE).reached_from(*code).modules


class Conditioner:
    """Works out conditions.

    Args:
        catalog: of the run.
        contents: what datasets hold on disk.
        root: the data root.
        kept: where to keep what is found out about the code.
    """

    def __init__(self, catalog: Any, *, contents: Contents, root: Path, kept: Path) -> None:
        self._catalog, self._contents, self._root = catalog, contents, root.resolve()
        self._sources = Sources(PACKAGE.name, PACKAGE, kept=kept)
        self._reached: dict[str, Reached] = {}

    def place(self, name: str) -> Place | None:
        """Where a dataset lives; None for parameters and what is only in memory."""
        return None if _is_parameters(name) else place_of(self._catalog.get(name))

    def knows_inputs(self, node: "Node") -> bool:
        """Whether all that the node takes is stored: what is in memory only may be another thing each time."""
        return all(_is_parameters(name) or self.place(name) is not None for name in node.inputs)

    def code_of(self, node: "Node") -> Code:
        """What leads to the code that the node depends on."""
        datasets = (name for name in (*node.inputs, *node.outputs) if not _is_parameters(name))
        types = {type(self._catalog.get(name)) for name in datasets}
        return (node.func, *sorted(types, key=lambda kind: (kind.__module__, kind.__qualname__)))

    def reached(self, node: "Node") -> Reached:
        """The code that the node depends on, as it was when first asked for."""
        if node.name not in self._reached:
            self._reached[node.name] = self._sources.reached_from(*self.code_of(node))
        return self._reached[node.name]

    def of(self, node: "Node") -> tuple[Conditions, dict[str, Path]]:
        """What the node's outputs depend on now, its inputs being there; and what its parameters may name."""
        datasets = [name for name in (*node.inputs, *node.outputs) if not _is_parameters(name)]
        reached = self.reached(node)
        parameters: dict[str, Any] = {}
        for name in node.inputs:
            if _is_parameters(name):
                parameters |= _flat(_part(node.func, self._catalog.load(name)), prefix=name)
        named = self._named(parameters)
        conditions = Conditions(
            function=_described(node),
            parameters={key: digest_of(self._movable(value)) for key, value in parameters.items()},
            inputs={name: self._content(name) for name in node.inputs if not _is_parameters(name)},
            datasets={name: self._configuration(name) for name in datasets if self.place(name) is not None},
            sources=reached.modules,
            libraries=_versions(reached.libraries),
            named=listings(named) | _secrets(reached.modules),
        )
        return conditions, named

    def keep(self) -> None:
        """Stores what was found out about the code, for the next run."""
        self._sources.keep()

    def _content(self, name: str) -> str:
        place = self.place(name)
        content = None if place is None else self._contents.of(place)
        return "absent" if content is None else content.digest

    def _configuration(self, name: str) -> str:
        """What the catalog says of a dataset, its place and its passwords apart: how it is written and read."""
        told = dict(getattr(self._catalog.get(name), "_init_args", {}))
        told |= told.pop("kwargs", {})  # of types that pass their arguments on
        return digest_of({key: self._movable(value) for key, value in told.items() if key not in _NOT_ITS_CONTENT})

    def _movable(self, value: Any) -> Any:
        """The value; a place in the data root without the root, so that results may be moved."""
        if isinstance(value, str) and os.sep in value and Path(value).resolve().is_relative_to(self._root):
            return str(Path(value).resolve().relative_to(self._root))
        return value

    def _named(self, parameters: Mapping[str, Any]) -> dict[str, Path]:
        """Files and folders that parameters may name: weights, published tables, a key file."""
        paths = {
            f"what {key} names": Path(value).expanduser()
            for key, value in parameters.items()
            if isinstance(value, str) and value and (os.sep in value or _is_there(Path(value)))
        }
        return {key: path for key, path in paths.items() if not self._is_written_to(path.resolve())}

    def _is_written_to(self, path: Path) -> bool:
        """Whether runs write there: the data root, a folder around it, or a folder for work under way."""
        return self._root.is_relative_to(path) or (path.is_relative_to(self._root) and _SCRATCH in path.parts)


def listings(named: Mapping[str, Path]) -> dict[str, str]:
    """Hash of what lies at each of these paths; those where nothing does are left out."""
    return {key: listing((path,)) for key, path in named.items() if _is_there(path)}


def _is_there(path: Path) -> bool:
    """Whether anything lies at a path; a text that is too long for one names nothing."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_parameters(name: str) -> bool:
    return name == "parameters" or name.startswith(_PARAMETERS)


def _part(function: Any, parameters: Any) -> Any:
    """What the function reads of the parameters, by its own word; all of them where it says nothing."""
    part = part_read_by(function)
    if part is None:
        return parameters
    fixed = function.keywords if isinstance(function, partial) else {}
    named = {key: value for key, value in fixed.items() if key in inspect.signature(part).parameters}
    return part(parameters, **named)


def _flat(value: Any, *, prefix: str) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    elif is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat |= _flat(inner, prefix=f"{prefix}.{key}")
    return flat


def _described(node: "Node") -> str:
    """The function and its wiring: fixed arguments, and which dataset each other argument and each result is."""
    function = node.func
    fixed = function.keywords if isinstance(function, partial) else {}
    inner = function.func if isinstance(function, partial) else function
    return f"{inner.__module__}.{inner.__qualname__}({digest_of([fixed, node._inputs, node._outputs])})"


def _secrets(modules: Mapping[str, str]) -> dict[str, str]:
    """What pseudonyms depend on, for code that makes them: a keyed hash, from which the key cannot be had."""
    key = os.environ.get(KEY_VARIABLE, "")
    if not key or "npc_kedro.dicom.pseudonyms" not in modules:
        return {}
    return {KEY_VARIABLE: hmac.digest(key.encode(), b"reuse", "sha256").hex()[:16]}


def _versions(packages: frozenset[str]) -> dict[str, str]:
    names = {*packages, *(_DECODERS if "pydicom" in packages else ())}
    return {name: _version(name) for name in sorted(names)} | {"python": platform.python_version()}


@cache
def _version(package: str) -> str:
    """The version of what is imported by this name."""
    try:
        return version(_INSTALLED_AS.get(package, package))
    except PackageNotFoundError:
        found = [] if package in _INSTALLED_AS else sorted(_distributions().get(package, []))
        return version(found[0]) if found else "unknown"


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()
