"""Which lines of this project's code a function can reach, found by reading the code, not by running it.

The unit is the top-level definition: a function, a class or a constant of a module. From a node's function, the names
that it mentions are followed through the imports, into local imports and annotations too, as far as this package goes.
Comments, docstrings and layout do not count. What is reached is rather too much than too little: a class counts with
all of its methods, and a module that is passed on as a whole with all that it holds.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from npc_kedro.reuse.findings import Finding, Findings, Mentions, Name
from npc_kedro.reuse.module import ON_IMPORT, Module, hashed, imported

_FILES = ("__file__", "__path__", "files")
"""Who mentions one of these may read files that lie below the module's folder."""


@dataclass(frozen=True)
class Reached:
    """What a function depends on.

    Attributes:
        modules: hash of the reached definitions of each module of this package, and of data files below its folder.
        libraries: top-level names of the other packages that they import.
    """

    modules: dict[str, str]
    libraries: frozenset[str]


class Sources:
    """The code of one package.

    Args:
        package: its name.
        root: its folder.
        kept: where to keep what was found out, so that unchanged code need not be read again; None for nowhere.
    """

    def __init__(self, package: str, root: Path, kept: Path | None = None) -> None:
        self._package, self._root = package, root
        self._modules: dict[str, Module | None] = {}
        self._findings = Findings(root, kept)

    def reached_from(self, *functions: Callable[..., Any] | type) -> Reached:
        """What functions, partials or classes of the package depend on; those of other packages count as libraries."""
        waiting, libraries, files = [], set(), set()
        for function in functions:
            inner = _unwrapped(function)
            if self._is_ours(inner.__module__):
                outermost = inner.__qualname__.partition(".")[0]
                named = outermost.isidentifier()  # else it is a lambda, which could stand anywhere in its module
                waiting.append(Name(inner.__module__, outermost if named else ""))
            else:
                libraries.add(inner.__module__.partition(".")[0])
        seen: set[Name] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            mentions = self._found(name).mentions
            waiting.extend(mentions.names)
            waiting.extend(Name(package, ON_IMPORT) for package in _packages_above(name.module))
            libraries |= mentions.libraries
            if mentions.files:
                files |= {name.module, *(used.module for used in mentions.names if not used.name)}
        return Reached(self._digests(seen, files), frozenset(libraries - set(sys.stdlib_module_names)))

    def keep(self) -> None:
        """Stores what was found out."""
        self._findings.keep()

    def _is_ours(self, module: str) -> bool:
        return module == self._package or module.startswith(f"{self._package}.")

    def _digests(self, seen: set[Name], files: set[str]) -> dict[str, str]:
        by_module: dict[str, list[str]] = {}
        for name in sorted(seen):
            by_module.setdefault(name.module, []).append(self._found(name).digest)
        digests = {module: hashed("".join(hashes).encode()) for module, hashes in by_module.items()}
        for name in files:
            folder = self._module(name).path.parent
            below = [
                path for path in sorted(folder.rglob("*")) if path.suffix not in (".py", ".pyc") and path.is_file()
            ]
            digests |= {f"{name} ({path.relative_to(folder).as_posix()})": hashed(path.read_bytes()) for path in below}
        return digests

    def _found(self, name: Name) -> Finding:
        finding = self._findings.get(name)
        if finding is None:
            module = self._module(name.module)
            visitor = _Visitor(module, self)
            for statement in module.statements(name.name):
                visitor.read(statement)
            loaded = {Name(target, "") for target in module.loaded if self.find(target) is not None}
            visitor.mentions.names |= loaded
            finding = Finding(module.digest(name.name), visitor.mentions)
            self._findings.add(name, finding)
        return finding

    def find(self, name: str) -> "Module | None":
        """The module of that name, None where the package has none."""
        if not self._is_ours(name) or not name.replace(".", "_").isidentifier():
            return None
        if name not in self._modules:
            stem = self._root.joinpath(*name.split(".")[1:])
            path = next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)
            self._modules[name] = None if path is None else Module(name, path)
        return self._modules[name]

    def _module(self, name: str) -> "Module":
        module = self.find(name)
        if module is None:
            msg = f"the package {self._package} has no module {name}"
            raise LookupError(msg)
        return module

    def resolve(self, module: str, name: str) -> Name | None:
        """Where ``from module import name`` leads: a definition, a whole module, or None outside the package."""
        if self.find(f"{module}.{name}") is not None:
            return Name(f"{module}.{name}", "")
        return None if self.find(module) is None else Name(module, name)


class _Visitor(ast.NodeVisitor):
    """Collects what a statement of ``module`` mentions."""

    def __init__(self, module: Module, sources: Sources) -> None:
        self.mentions = Mentions()
        self._module, self._sources = module, sources
        self._imports = dict(module.imports)

    def read(self, statement: ast.stmt) -> None:
        """Takes in one top-level statement, its local imports first."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for local, target in imported(node, self._module):
                    self._imports[local] = target
                    if isinstance(node, ast.ImportFrom):
                        self._mention(local)
            for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
                self._read_quoted(annotation)
        self.visit(statement)

    def _read_quoted(self, annotation: ast.expr | None) -> None:
        """Annotations in quotes name classes too."""
        for node in ast.walk(annotation) if annotation is not None else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                with suppress(SyntaxError):  # any text may stand in a Literal or beside an Annotated type
                    self.visit(ast.parse(node.value, mode="eval"))

    def visit_Name(self, node: ast.Name) -> None:
        self._mention(node.id)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A module may be named in a text, to be imported or to have its files read."""
        if isinstance(node.value, str) and self._sources.find(node.value) is not None:
            self.mentions.names.add(Name(node.value, ""))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``module.name`` means one definition of the module, not all of it."""
        self.mentions.files |= node.attr in _FILES
        target = self._imports.get(node.value.id) if isinstance(node.value, ast.Name) else None
        whole = None if target is None else self._target(target)
        if whole is not None and not whole.name:
            self._add(self._sources.resolve(whole.module, node.attr))
        else:
            self.generic_visit(node)

    def _mention(self, name: str) -> None:
        self.mentions.files |= name in _FILES
        if name in self._module.definitions:
            self.mentions.names.add(Name(self._module.name, name))
        if name in self._imports:
            target = self._imports[name]
            found = self._target(target)
            self._add(found)
            if found is None:
                self.mentions.libraries.add(target[0].partition(".")[0])

    def _target(self, target: tuple[str, str]) -> Name | None:
        module, name = target
        if not name:
            return Name(module, "") if self._sources.find(module) is not None else None
        return self._sources.resolve(module, name)

    def _add(self, name: Name | None) -> None:
        if name is None:
            return
        module = self._sources.find(name.module)
        if module is not None and name.name and name.name not in module.definitions and name.name in module.imports:
            self._add(self._target(module.imports[name.name]))  # passed on by a package's __init__
        self.mentions.names.add(name)


def _packages_above(module: str) -> Iterator[str]:
    """Packages whose ``__init__`` runs before the module does."""
    parents = module.split(".")[:-1]
    return (".".join(parents[:depth]) for depth in range(1, len(parents) + 1))


def _unwrapped(function: Any) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function
