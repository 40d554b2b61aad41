"""What the makers ask of the tables they are given, checked with a message instead of a KeyError."""

from collections.abc import Iterable, Sequence

import pandas as pd

from npc_kedro.errors import ConsistencyError
from npc_kedro.study import NETWORKS, Arm, Unit


def require(frame: pd.DataFrame, columns: Sequence[str], what: str) -> pd.DataFrame:
    """``frame`` itself when it has every one of ``columns``.

    Raises:
        ConsistencyError: a column is missing, or there is no row.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        msg = f"The table of {what} has columns {list(frame.columns)}; expected also {missing}."
        raise ConsistencyError(msg)
    if frame.empty:
        msg = f"The table of {what} has no row, so there is nothing to draw. Run the step that fills it first."
        raise ConsistencyError(msg)
    return frame


def with_arm(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with a column ``arm``: published tables call it ``model``."""
    return frame if "arm" in frame.columns or "model" not in frame.columns else frame.rename(columns={"model": "arm"})


def arms_in(values: Iterable[str]) -> list[str]:
    """The arms that occur, CCRT first, unknown ones last in order of appearance."""
    return _in_order(values, [arm.value for arm in Arm])


def units_in(values: Iterable[str]) -> list[str]:
    """The units that occur, image before patient."""
    return _in_order(values, [unit.value for unit in Unit])


def networks_in(values: Iterable[str]) -> list[str]:
    """The networks that occur, in the study's order, others (a baseline) after them; never an average row."""
    return [name for name in _in_order(values, NETWORKS) if name != "average"]


def _in_order(values: Iterable[str], known: Sequence[str]) -> list[str]:
    seen = list(dict.fromkeys(str(getattr(value, "value", value)) for value in values))
    return [name for name in known if name in seen] + [name for name in seen if name not in known]
