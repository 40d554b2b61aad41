"""How the study's configuration is read: globals that ``--params`` can change, and one data root per cohort.

``--params seed=7,cohort_root=PATH,classifier.epochs=5`` reaches every key of ``globals.yml``; any other key goes to the
parameters of the pipeline it names (``--params split.test_share=0.25``).
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf
from omegaconf.resolvers import oc


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
        resolvers = {**(kwargs.pop("custom_resolvers", None) or {}), "oc.env": oc.env}
        self._loaded: dict[str, dict[str, Any]] = {}
        super().__init__(*args, custom_resolvers=resolvers, **kwargs)
        scale = {key: value for key, value in self.runtime_params.items() if key in self._globals}
        self._globals = _merged(self._globals, scale)
        self._globals_oc = None
        self.runtime_params = {key: value for key, value in self.runtime_params.items() if key not in scale}

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
        return super().__getitem__(key)

    def study_globals(self) -> dict[str, Any]:
        """The keys of ``globals.yml`` as this run sees them, ``--params`` included."""
        return dict(self._globals)

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


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = OmegaConf.to_container(OmegaConf.merge(OmegaConf.create(dict(base)), OmegaConf.create(dict(changes))))
    return dict(merged)  # type: ignore[arg-type]
