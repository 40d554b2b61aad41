"""Refuses unknown, mistyped or out-of-range parameters before any node runs, all of them in one message."""

import logging
import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from pydantic import BaseModel, ValidationError

from npc_kedro.configuration import StudyConfigLoader
from npc_kedro.errors import ParameterError
from npc_kedro.scale import Scale

_log = logging.getLogger(__name__)
_PIPELINES = "npc_kedro.pipelines"


class ParameterCheck:
    """Holds ``globals.yml`` and every ``params:<pipeline>`` against the pydantic model beside its pipeline."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Works from the project's folder, so that relative paths mean the same from wherever the command was typed."""
        os.chdir(context.project_path)
        if isinstance(context.config_loader, StudyConfigLoader):
            problems = problems_of(context.config_loader.study_globals(), context.params)
            problems += _results_in_the_export(context.config_loader)
            if problems:
                msg = "these parameters cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems)
                raise ParameterError(msg)
            for name in context.config_loader.unread_files():
                _log.warning(
                    "%s is read by nobody: expected parameters*.yml, globals*.yml, catalog*.yml or credentials*.yml",
                    name,
                )


def _results_in_the_export(loader: StudyConfigLoader) -> list[str]:
    """A real cohort's folder is only ever read: whether results would be written into it."""
    root = loader.cohort_root()
    if root and Path(loader.data_root()).resolve().is_relative_to(Path(root)):
        return [
            "globals.data_root: results would be written into the cohort folder, which is only ever read; name one "
            "outside it"
        ]
    return []


def problems_of(scale: dict[str, Any], parameters: dict[str, Any]) -> list[str]:
    """All that is wrong with the globals and with the parameters of every pipeline, one sentence each."""
    problems = _violations(Scale, scale, prefix="globals")
    for name, values in parameters.items():
        model = model_of(name)
        if model is None:
            problems.append(f"{name}: no pipeline and no key of globals.yml has this name")
        else:
            problems.extend(_violations(model, values, prefix=name))
    return problems


def model_of(pipeline: str) -> type[BaseModel] | None:
    """The parameter model of a pipeline: ``IngestParameters`` in ``pipelines/ingest/parameters.py``, or None."""
    module_name = f"{_PIPELINES}.{pipeline}.parameters"
    if not pipeline.isidentifier() or find_spec(f"{_PIPELINES}.{pipeline}") is None or find_spec(module_name) is None:
        return None
    class_name = "".join(part.capitalize() for part in pipeline.split("_")) + "Parameters"
    model: type[BaseModel] = getattr(import_module(module_name), class_name)
    return model


def _violations(model: type[BaseModel], values: Any, *, prefix: str) -> list[str]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return [_sentence(prefix, item) for item in error.errors()]
    return []


def _sentence(prefix: str, item: Any) -> str:
    where = ".".join([prefix, *map(str, item["loc"])])
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key (a spelling mistake?); remove or correct it"
    said = item["msg"].removeprefix("Value error, ")
    found = item["input"]
    if item["type"] == "value_error" or isinstance(
        found, (dict, list, tuple)
    ):  # a section, with all that is sound in it
        return f"{where}: {said}"
    if item["type"] == "string_type" and isinstance(found, (bool, int, float)):
        return f"{where}: expected a text; found {found!r}. Write it in quotes"
    if item["type"] == "tuple_type":
        return f"{where}: expected a list; found {found!r}. Write it in square brackets"
    return f"{where}: {said}; found {found!r}"
