"""What is wrong with a file of the configuration, in one sentence with file and line."""

import io
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import yaml
from omegaconf import OmegaConf

_ENDINGS = (".yml", ".yaml", ".json")


def fault_in(folder: Path, patterns: Iterable[str], project: Path) -> str:
    """The first fault of the files that match; empty if each of them alone can be read."""
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        if path.is_file() and path.suffix in _ENDINGS and (what := _fault(path.read_bytes())):
            return f"{_relative(path, project)}, {what}"
    return ""


def unread_in(folder: Path, names: Iterable[str]) -> list[Path]:
    """Configuration files below a folder that nobody reads, misspelt perhaps.

    Args:
        folder: where to look.
        names: patterns, as ``parameters*``, of the files that are read, or of a folder that holds them.
    """
    there = sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS and path.is_file())
    return [path for path in there if not _has_name_of(path.relative_to(folder), names)]


def _has_name_of(path: Path, names: Iterable[str]) -> bool:
    return any(fnmatch(part, name) for part in path.parts for name in names)


def _fault(content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return f"line {line}: not UTF-8 text (GB18030 or Latin-1, perhaps); save the file as UTF-8"
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and not isinstance(root, yaml.MappingNode):
            kind = "a list" if isinstance(root, yaml.SequenceNode) else "a text"
            return (
                f"line {root.start_mark.line + 1}: {kind}; expected keys with an ASCII colon and a blank behind it, "
                "such as 'ingest:', and what belongs to them indented below"
            )
        OmegaConf.load(io.StringIO(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return f"line {mark.line + 1 if mark else 1}: {_advice(error, text)}"
    except yaml.YAMLError:
        return "line 1: no YAML text (signs that cannot be printed?); write it anew as plain text"
    return ""


def _advice(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = str(error.problem)
    lines = text.splitlines()
    line = lines[error.problem_mark.line] if error.problem_mark and error.problem_mark.line < len(lines) else ""
    if "duplicate key" in problem:
        return f"{problem.removeprefix('found ')}; keep one of the two"
    if "\t" in line[: len(line) - len(line.lstrip())] or r"'\t'" in problem:
        return "a tab; indent by blanks"
    return f"no YAML ({problem}); compare the indentation, quotes, brackets and colons with those in conf/base"


def _relative(path: Path, project: Path) -> str:
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.name
