"""The account of what is left out, step by step, in tables that must add up.

A table has one row per step, unit and reason: ``step, unit, entered, used, excluded, reason``. All rows of a step and
unit repeat ``entered`` and ``used``; their ``excluded`` add up to the difference. What one step uses enters the next
step of the same unit. A row that excludes nothing has an empty reason, or a note on something that was kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

from npc_kedro.errors import ConsistencyError

COLUMNS = ["step", "unit", "entered", "used", "excluded", "reason"]


class Attrition:
    """Collects the steps of one pipeline."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []

    def step(
        self, name: str, unit: str, *, entered: int, reasons: Iterable[str] = (), notes: Mapping[str, int] | None = None
    ) -> int:
        """Records one step for one unit.

        Args:
            name: the step.
            unit: ``patients``, ``series``, ``files``, ``slices``, ``outlines``.
            entered: how many came in.
            reasons: one reason code for each that is excluded.
            notes: remarks on what was kept, with how many they concern.

        Returns:
            How many are used.
        """
        excluded = Counter(str(reason) for reason in reasons)
        used = entered - excluded.total()
        shared = {"step": name, "unit": unit, "entered": entered, "used": used}
        self._rows += [{**shared, "excluded": count, "reason": reason} for reason, count in sorted(excluded.items())]
        remarks = [f"note: {note} ({count} kept)" for note, count in sorted((notes or {}).items()) if count]
        if not excluded and not remarks:
            remarks = [""]
        self._rows += [{**shared, "excluded": 0, "reason": remark} for remark in remarks]
        return used

    def table(self) -> pd.DataFrame:
        """The checked table.

        Raises:
            ConsistencyError: if the counts do not add up.
        """
        table = pd.DataFrame(self._rows, columns=COLUMNS)
        check_attrition(table)
        return table


def check_attrition(table: pd.DataFrame) -> None:
    """Checks that every step accounts for all that entered it, and takes in what the step before let through.

    Raises:
        ConsistencyError: naming every step and unit that does not add up.
    """
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        msg = f"the attrition table lacks {', '.join(missing)}; expected the columns {', '.join(COLUMNS)}"
        raise ConsistencyError(msg)
    accounts: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for row in table[COLUMNS].itertuples(index=False):
        accounts[row.step, row.unit].append((int(row.entered), int(row.used), int(row.excluded)))
    problems: list[str] = []
    before: dict[str, tuple[str, int]] = {}
    for (step, unit), rows in accounts.items():
        entered, used, _ = rows[0]
        excluded = [count for _, _, count in rows]
        if len({row[:2] for row in rows}) > 1:
            problems.append(f"{step}, {unit}: rows disagree on how many entered or were used")
        if entered - used != sum(excluded) or used < 0 or min(excluded) < 0:
            problems.append(f"{step}, {unit}: {entered} entered, {used} used, {sum(excluded)} excluded")
        if unit in before and before[unit][1] != entered:
            problems.append(f"{step}, {unit}: {entered} entered, but {before[unit][0]} let {before[unit][1]} through")
        before[unit] = (step, used)
    if problems:
        msg = "the attrition table does not add up: " + "; ".join(problems)
        raise ConsistencyError(msg)
