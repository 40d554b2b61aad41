"""Which lines of this project's code a function can reach, found by reading the code, not by running it.

The unit is the top-level definition: a function, a class or a constant of a module. From a node's function, the names
that it mentions are followed through the imports, into local imports and annotations too, as far as this package goes.
Comments, docstrings and layout do not count. What is reached is rather too much than too little: a class counts with
all of its methods, and a module that is passed on as a whole with all that it holds.
"""

import ast
import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from npc_kedro.reuse.findings import Finding, Findings, Mentions, Name

_DIGITS = 16


@dataclass(frozen=True)
class Reached:
    """What a function depends on.

    Attributes:
        modules: hash of the reached definitions of each module of this package, and of data files beside them.
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
        self._modules: dict[str, _Module | None] = {}
        self._findings = Findings(root, kept)

    def reached_from(self, *functions: Callable[..., Any] | type) -> Reached:
        """What functions, partials or classes of the package depend on; those of other packages count as libraries."""
        waiting, libraries, files = [], set(), set()
        for function in functions:
            inner = _unwrapped(function)
            if self._is_ours(inner.__module__):
                waiting.append(Name(inner.__module__, inner.__qualname__.partition(".")[0]))
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
            libraries |= mentions.libraries
            if mentions.files:
                files.add(name.module)
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
        digests = {module: _hash("".join(hashes).encode()) for module, hashes in by_module.items()}
        for name in files:
            folder = self._module(name).path.parent
            beside = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyc"))
            digests |= {f"{name} ({path.name})": _hash(path.read_bytes()) for path in beside}
        return digests

    def _found(self, name: Name) -> Finding:
        finding = self._findings.get(name)
        if finding is None:
            module = self._module(name.module)
            visitor = _Visitor(module, self)
            for statement in module.statements(name.name):
                visitor.read(statement)
            finding = Finding(module.digest(name.name), visitor.mentions)
            self._findings.add(name, finding)
        return finding

    def find(self, name: str) -> "_Module | None":
        """The module of that name, None where the package has none."""
        if name not in self._modules:
            stem = self._root.joinpath(*name.split(".")[1:])
            path = next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)
            self._modules[name] = None if path is None or not self._is_ours(name) else _Module(name, path)
        return self._modules[name]

    def _module(self, name: str) -> "_Module":
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


@dataclass(frozen=True)
class _Module:
    name: str
    path: Path

    @cached_property
    def _tree(self) -> ast.Module:
        tree = ast.parse(self.path.read_bytes())
        for node in ast.walk(tree):
            _drop_docstring(node)
        return tree

    @cached_property
    def definitions(self) -> dict[str, list[ast.stmt]]:
        """The statements that give each top-level name its value."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in _top_level(self._tree.body):
            for name in _names_given_by(statement):
                found.setdefault(name, []).append(statement)
        return found

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Local name -> (module, name in it, or "" for the module itself)."""
        return {
            local: target for statement in _top_level(self._tree.body) for local, target in imported(statement, self)
        }

    @cached_property
    def always(self) -> list[ast.stmt]:
        """What happens on import whatever is wanted."""
        named = (ast.Import, ast.ImportFrom)
        return [s for s in _top_level(self._tree.body) if not isinstance(s, named) and not list(_names_given_by(s))]

    def statements(self, name: str) -> list[ast.stmt]:
        """What belongs to a definition; everything for ""."""
        if not name:
            return list(self._tree.body)
        return [*self.definitions.get(name, []), *self.always]

    def digest(self, name: str) -> str:
        """Hash of a definition and of what happens on import."""
        return _hash(f"{name}: {[ast.dump(statement) for statement in self.statements(name)]}".encode())


class _Visitor(ast.NodeVisitor):
    """Collects what a statement of ``module`` mentions."""

    def __init__(self, module: _Module, sources: Sources) -> None:
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
                self.visit(ast.parse(node.value, mode="eval"))

    def visit_Name(self, node: ast.Name) -> None:
        self._mention(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``module.name`` means one definition of the module, not all of it."""
        target = self._imports.get(node.value.id) if isinstance(node.value, ast.Name) else None
        whole = None if target is None else self._target(target)
        if whole is not None and not whole.name:
            self._add(self._sources.resolve(whole.module, node.attr))
        else:
            self.generic_visit(node)

    def _mention(self, name: str) -> None:
        self.mentions.files |= name in ("__file__", "files")
        if name in self._module.definitions:
            self.mentions.names.add(Name(self._module.name, name))
        elif name in self._imports:
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


def imported(statement: ast.AST, module: _Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Local names that an import statement gives, and where each leads."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0], (alias.name, "")
    elif isinstance(statement, ast.ImportFrom):
        base = statement.module or ""
        if statement.level:
            depth = statement.level - (module.path.name == "__init__.py")
            parents = module.name.split(".")
            base = ".".join([*parents[: len(parents) - depth], *([base] if base else [])])
        for alias in statement.names:
            yield alias.asname or alias.name, (base, alias.name)


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under a top-level ``if`` or ``try`` included."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            yield from _top_level([*statement.body, *statement.orelse])
            for handler in getattr(statement, "handlers", []):
                yield from _top_level(handler.body)
        else:
            yield statement


def _names_given_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _drop_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]


def _unwrapped(function: Any) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
