"""What a user adds to the mapping of a hospital, as MLflow may know it: headings, spellings and patterns hold names."""

import hashlib
from typing import Any

_MAY_NAME = ("ingest.clinical", "ingest.outlines")
"""Blocks in which a hospital's own headings, spellings, sheets and structures are written down."""

_DIGITS = 8


def without_own_entries(values: Any, shipped: Any, path: str = "") -> Any:
    """The parameters as they are, but for texts in these blocks that the project does not ship.

    Args:
        values: the parameters of a run.
        shipped: those of ``conf/base``.
        path: of the values, with dots.

    Returns:
        the same; a text or list with entries of the user's own is described by their number and a hash of the whole,
        so that a change can be seen and the entries cannot. A key that is not shipped is described likewise.
    """
    private = path.startswith(_MAY_NAME)
    if isinstance(values, dict):
        known = shipped if isinstance(shipped, dict) else {}
        return {
            key if key in known or not private else f"own_{_hash(key)}": without_own_entries(
                value, known.get(key), f"{path}.{key}".lstrip(".")
            )
            for key, value in values.items()
        }
    if not private or values == shipped or isinstance(values, bool | int | float | None):
        return values
    if not isinstance(values, list | tuple):
        return f"own text, hash {_hash(values)}"
    known = list(shipped) if isinstance(shipped, list | tuple) else []
    own = [entry for entry in values if entry not in known and not isinstance(entry, bool | int | float | None)]
    if not own:
        return values
    return f"{len(values) - len(own)} shipped and {len(own)} own entries, hash {_hash(values)}"


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:_DIGITS]
