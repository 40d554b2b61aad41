"""One module as it is written: its definitions, its imports, and what happens when it is imported."""

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ON_IMPORT = "<import>"
_DIGITS = 16
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Module:
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
    def loaded(self) -> set[str]:
        """Modules that are imported as wholes or for what happens then: ``import a.b``, ``*``, names never used."""
        mentioned = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        texts = (node.value for node in ast.walk(self._tree) if isinstance(node, ast.Constant))
        mentioned |= {word for text in texts if isinstance(text, str) for word in _WORD.findall(text)}  # annotations
        passed_on = self.path.name == "__init__.py"
        found = set()
        for statement in _top_level(self._tree.body):
            whole = isinstance(statement, ast.Import)
            for local, (module, name) in imported(statement, self):
                used = local in mentioned or passed_on
                if name == "*" or not used or (whole and local != module and module.startswith(f"{local}.")):
                    found |= {module} if whole or name == "*" else {module, f"{module}.{name}"}
        return found

    @cached_property
    def always(self) -> list[ast.stmt]:
        """What happens on import whatever is wanted."""
        named = (ast.Import, ast.ImportFrom)
        return [s for s in _top_level(self._tree.body) if not isinstance(s, named) and not list(_names_given_by(s))]

    def statements(self, name: str) -> list[ast.stmt]:
        """What belongs to a definition; everything for "", what happens on import alone for ``ON_IMPORT``."""
        if not name:
            return list(self._tree.body)
        return [*self.definitions.get(name, []), *self.always]

    def digest(self, name: str) -> str:
        """Hash of a definition and of what happens on import."""
        return hashed(f"{name}: {[ast.dump(statement) for statement in self.statements(name)]}".encode())


def imported(statement: ast.AST, module: Module) -> Iterator[tuple[str, tuple[str, str]]]:
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
    """The statements of a module, those under a top-level ``if``, ``with`` or ``try`` included, and its condition."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try | ast.With):
            conditions = [
                getattr(statement, "test", None),
                *(one.context_expr for one in getattr(statement, "items", [])),
            ]
            yield from (ast.Expr(condition) for condition in conditions if condition is not None)
            for block in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(statement, block, []))
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
            stored = (node for node in ast.walk(target) if isinstance(node, ast.Name))
            yield from (node.id for node in stored if isinstance(node.ctx, ast.Store))


def _drop_docstring(node: ast.AST) -> None:
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    kept = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
