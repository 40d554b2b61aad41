"""Verdicts counted: correct, wrong, undetermined, and the rate among those that could be judged."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from npc_kedro.errors import ConsistencyError
from npc_kedro.study import Verdict

JUDGED: tuple[str, str] = ("model", "physician")
"""Who is judged; the verdicts stand in the columns ``<who>_verdict``."""


@dataclass(frozen=True)
class Tally:
    """Counts of verdicts on one decider.

    Attributes:
        correct: patients whose decision was judged correct.
        wrong: judged wrong.
        undetermined: could not be judged.
    """

    correct: int
    wrong: int
    undetermined: int

    @property
    def judged(self) -> int:
        """The publication's denominator: correct and wrong, without the undetermined."""
        return self.correct + self.wrong

    @property
    def total(self) -> int:
        """All patients."""
        return self.judged + self.undetermined

    @property
    def rate(self) -> float | None:
        """The publication's correct rate, correct / (correct + wrong); None where nobody was judged."""
        return self.correct / self.judged if self.judged else None

    def as_dict(self) -> dict[str, float | int | None]:
        """The counts and the rate under the names used in ``decision_comparison``."""
        return {"correct": self.correct, "wrong": self.wrong, "undetermined": self.undetermined, "rate": self.rate}


def tally(cells_with_cases: pd.DataFrame) -> Mapping[str, Tally]:
    """Counts the verdicts on the model and on the physician.

    Args:
        cells_with_cases: rows with model_verdict, physician_verdict and cases, such as Table 3 (or Table 3's eleven
            situations).

    Returns:
        ``{"model": Tally, "physician": Tally}``.

    Raises:
        ConsistencyError: if a verdict is unknown or cases are negative or not whole.
    """
    cases = cells_with_cases["cases"]
    if cases.isna().any() or (cases < 0).any() or (cases % 1 != 0).any():
        msg = f"cases must be whole numbers of patients, found {cases.tolist()}"
        raise ConsistencyError(msg)
    known = {verdict.value for verdict in Verdict}
    tallies = {}
    for who in JUDGED:
        verdicts = cells_with_cases[f"{who}_verdict"]
        if not set(verdicts) <= known:
            msg = f"{who}_verdict holds {sorted(set(verdicts) - known)}; expected only {sorted(known)}"
            raise ConsistencyError(msg)
        tallies[who] = Tally(**{verdict.value: int(cases[verdicts == verdict.value].sum()) for verdict in Verdict})
    return tallies
