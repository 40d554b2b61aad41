"""How the study's configuration is read: globals that ``--params`` can change, and one data root per cohort.

``--params seed=7,cohort_root=PATH,classifier.epochs=5`` reaches every key of ``globals.yml``; any other key goes to the
parameters of the pipeline it names (``--params split.test_share=0.25``).

``conf/base`` is read first, then the environment (``--env``), then ``conf/local``, whatever the environment: mapping
and folder of a hospital hold for every scale. Lists under ``ingest.clinical`` and ``ingest.series_rules`` add to each
other.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf
from omegaconf.resolvers import oc

from npc_kedro.conf_files import fault_in, unread_in
from npc_kedro.errors import ParameterError

_ADDED = ("ingest.clinical.", "ingest.series_rules.")
"""Lists below them, of headings, spellings, patterns and rules, add to what ``conf/base`` ships."""

_PAIRS = ("ingest.clinical.age_years",)
"""Lists below it that are one value, lowest and highest: they replace the shipped one."""

ONLY = "only"
"""As the first entry of such a list: it replaces the shipped one."""


_OF_EXTRAS = ("dagster*",)
"""Files that are not read by Kedro's loader but by what the project's extras install."""

WITHOUT_LOCAL = "NPC_WITHOUT_LOCAL"
"""Set to anything, it leaves ``conf/local`` out: tests are never run on somebody's own cohort."""


class StudyConfigLoader(OmegaConfigLoader):
    """Kedro's loader with three resolvers more.

    ``${cohort_root:}``
        the real cohort's folder, absolute, or ``""`` when the cohort is to be simulated;
    ``${data_root:}``
        where results go: ``data_root`` of ``globals.yml``, for a real cohort with a folder of its own below it, so
        that a simulated and a real cohort never share a file;
    ``${oc.env:NAME,default}``
        an environment variable, in ``globals.yml`` too.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if os.environ.get(WITHOUT_LOCAL):
            kwargs["default_run_env"] = kwargs.get("base_env", "base")
        resolvers = {**(kwargs.pop("custom_resolvers", None) or {}), "oc.env": oc.env}
        self._loaded: dict[str, dict[str, Any]] = {}
        super().__init__(*args, custom_resolvers=resolvers, **kwargs)
        self._require_environment()
        scale = {key: value for key, value in self.runtime_params.items() if key in self._globals}
        self._globals = _merged(self._globals, scale)
        self._globals_oc = None
        self.runtime_params = {key: value for key, value in self.runtime_params.items() if key not in scale}

    def _require_environment(self) -> None:
        """Passes if ``conf`` has a folder for the environment.

        Raises:
            ParameterError: naming those there are.
        """
        conf = Path(self.conf_source)
        if self.env and conf.is_dir() and not (conf / self.env).is_dir():
            there = sorted(folder.name for folder in conf.iterdir() if folder.is_dir())
            msg = f"there is no folder conf/{self.env} for --env={self.env}; expected one of {', '.join(there)}"
            raise ParameterError(msg)

    def __getitem__(self, key: str) -> dict[str, Any]:
        """A kind of configuration; its files are read once, though Kedro and the hooks ask for parameters thrice."""
        if key in self:  # set by hand
            return super().__getitem__(key)
        if key not in self._loaded:
            self._loaded[key] = self._load(key)
        return deepcopy(self._loaded[key])

    def _load(self, key: str) -> dict[str, Any]:
        # OmegaConf's resolvers are global to the process; each loader must resolve with its own cohort.
        OmegaConf.register_new_resolver("cohort_root", self.cohort_root, replace=True)
        OmegaConf.register_new_resolver("data_root", self.data_root, replace=True)
        found = super().__getitem__(key)
        local = self._get_conf_env_path(self.default_run_env)
        if self.default_run_env in {self.base_env, self.env or self.default_run_env} or not self._fs.isdir(local):
            return found
        mine = self.load_and_merge_dir_config(local, self.config_patterns[key], key, set(), key == "credentials")
        return dict(self._merge_configs(found, mine, key, local))

    def _merge_configs(self, config: dict[str, Any], env_config: dict[str, Any], key: str, env_path: str) -> Any:
        if key == "parameters":
            env_config = _with_shipped_entries(config, env_config)
        return super()._merge_configs(config, env_config, key, env_path)

    def _read_dir_configs(
        self, conf_path: str, patterns: Iterable[str], key: str, processed_files: set[Path], *more: Any, **named: Any
    ) -> Any:
        """The files of a folder.

        Raises:
            ParameterError: if one of them cannot be read, naming file and line.
        """
        patterns = list(patterns)
        folder, project = Path(conf_path), Path(self.conf_source).parent
        try:
            found = super()._read_dir_configs(conf_path, patterns, key, processed_files, *more, **named)
            # OmegaConf takes a text for a key without a value
            if any(len(config) == 1 and None in config.values() for config in found.values()) and (
                fault := fault_in(folder, patterns, project)
            ):
                raise ParameterError(fault)
            return found
        except ParameterError:
            raise
        except Exception as error:
            fault = fault_in(folder, patterns, project)
            if not fault and isinstance(error, ValueError) and "Duplicate keys" in str(error):
                fault = f"{str(error).replace(f'{project.as_posix()}/', '')}; keep one of them"
            if not fault:
                raise
            raise ParameterError(fault) from None

    def study_globals(self) -> dict[str, Any]:
        """The keys of ``globals.yml`` as this run sees them, ``--params`` included."""
        return dict(self._globals)

    def unread_files(self) -> list[str]:
        """Files of ``conf/local`` and of the environment whose names nobody asks for, as seen from the project."""
        conf = Path(self.conf_source)
        names = [*(name for kind in self.config_patterns.values() for name in kind if "/" not in name), *_OF_EXTRAS]
        folders = {conf / (self.env or self.default_run_env), conf / self.default_run_env} - {conf / self.base_env}
        unread = {path for folder in folders for path in unread_in(folder, names)}
        return sorted(path.relative_to(conf.parent).as_posix() for path in unread)

    def cohort_root(self) -> str:
        """The real cohort's folder, absolute, or "" when the cohort is to be simulated."""
        given = self._globals.get("cohort_root") or ""
        return str(Path(str(given)).expanduser().resolve()) if given else ""

    def data_root(self) -> str:
        """Where results go, relative to the project unless ``data_root`` is absolute."""
        base = str(self._globals.get("data_root") or "data")
        root = self.cohort_root()
        return f"{base}/{cohort_folder_name(root)}" if root else base


def cohort_folder_name(root: str) -> str:
    """The folder below the data root for a real cohort: a hash, since the folder's own name may be private."""
    return f"cohort_{hashlib.sha256(root.encode()).hexdigest()[:8]}"


def shipped_parameters(base: Path) -> dict[str, Any]:
    """The parameters of ``conf/base`` as they are written: what differs is the environment's or the user's own."""
    files = sorted(base.rglob("parameters*.yml"))
    shipped = OmegaConf.merge(*map(OmegaConf.load, files)) if files else OmegaConf.create()
    return dict(OmegaConf.to_container(shipped))  # type: ignore[arg-type]


def _with_shipped_entries(shipped: Any, given: Any, path: str = "") -> Any:
    """The values given; lists under :data:`_ADDED` begin with the shipped entries, unless they say ``only``."""
    if isinstance(given, dict) and isinstance(shipped, dict):
        inner = {key: f"{path}.{key}".lstrip(".") for key in given}
        return {key: _with_shipped_entries(shipped.get(key), value, inner[key]) for key, value in given.items()}
    if isinstance(given, list) and path.startswith(_ADDED):
        if given[:1] == [ONLY]:
            return given[1:]
        old = shipped if isinstance(shipped, list) and path not in _PAIRS else []
        return [*old, *(entry for entry in given if entry not in old)]
    return given


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = OmegaConf.to_container(OmegaConf.merge(OmegaConf.create(dict(base)), OmegaConf.create(dict(changes))))
    return dict(merged)  # type: ignore[arg-type]
