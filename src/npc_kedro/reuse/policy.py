"""Whether this run may reuse anything, and where its data lie: told by a hook, asked by the runner."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Policy:
    """What a run was told.

    Attributes:
        root: the data root, absolute.
        enabled: whether stored results may be reused.
    """

    root: Path
    enabled: bool


_policy: Policy | None = None


def current() -> Policy | None:
    """The policy of this process's run; None where nobody gave one: then nothing is noted and nothing reused."""
    return _policy


def install(policy: Policy | None) -> None:
    """Sets the policy for the runs that follow."""
    global _policy
    _policy = policy
