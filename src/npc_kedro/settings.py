"""Kedro's settings: how configuration is read, which hooks listen, and that nothing is sent anywhere."""

import os

# Before any import that might phone home: a clinical project sends nothing unless its user asks.
for _name, _value in {
    "DO_NOT_TRACK": "1",
    "KEDRO_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}.items():
    os.environ.setdefault(_name, _value)

from npc_kedro.configuration import StudyConfigLoader  # noqa: E402
from npc_kedro.console import unfold_log  # noqa: E402
from npc_kedro.hooks import (  # noqa: E402
    ClosingSummary,
    DevicePolicy,
    InputCheck,
    MemoryPolicy,
    ParameterCheck,
    ResultsClaim,
    ReusePolicy,
    RunTracking,
)

unfold_log()

CONFIG_LOADER_CLASS = StudyConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}

HOOKS = (
    ParameterCheck(),
    InputCheck(),
    DevicePolicy(),
    MemoryPolicy(),
    ReusePolicy(),
    ResultsClaim(),
    RunTracking(),
    ClosingSummary(),
)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
