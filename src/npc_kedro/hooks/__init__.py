"""What happens round a run: parameters checked before it, tracked while it lasts, summed up at its end."""

from npc_kedro.hooks.device_policy import DevicePolicy
from npc_kedro.hooks.input_check import InputCheck
from npc_kedro.hooks.memory_policy import MemoryPolicy
from npc_kedro.hooks.parameter_check import ParameterCheck
from npc_kedro.hooks.results_claim import ResultsClaim
from npc_kedro.hooks.reuse_policy import ReusePolicy
from npc_kedro.hooks.run_tracking import RunTracking
from npc_kedro.hooks.summary import ClosingSummary

__all__ = [
    "ClosingSummary",
    "DevicePolicy",
    "InputCheck",
    "MemoryPolicy",
    "ParameterCheck",
    "ResultsClaim",
    "ReusePolicy",
    "RunTracking",
]
