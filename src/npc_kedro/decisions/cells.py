"""The 16 cells into which a test patient can fall: prediction pair x physician's arm x actual outcome.

Eleven of them occur in the publication and are its situations 1-11; the other five can occur in another cohort. The
publication's "12 conditions" (3 recommendations x 4 physician effects) cannot carry the rules, since one of them holds
situations 2 and 3, whose verdicts differ; so everything is keyed on the cells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from npc_kedro.decisions.rule import recommend
from npc_kedro.decisions.verdict import model_verdict, physician_verdict
from npc_kedro.errors import ConsistencyError
from npc_kedro.study import Arm, Outcome, Recommendation, Verdict

SITUATION_OF_CELL: Mapping[int, int] = {1: 6, 2: 9, 3: 2, 5: 7, 7: 3, 10: 10, 11: 1, 13: 8, 14: 11, 15: 4, 16: 5}
"""The publication's Table 3 numbers its rows 1-11; the numbers are labels and follow from no rule."""

_CONFLICTS: Mapping[int, str] = {
    4: 'CONFLICT: Methods CCRT paragraph says "the model is correct, and the physician is wrong" (physician chose '
    'IC+CCRT, actual RT); the consistency clause ("only when the prediction results are consistent with the actual '
    'results can the model regimen be judged as correct") forbids "correct", as the IC+CCRT model predicted NRT. By '
    'clause: model wrong; physician verdict left at the paragraph ("wrong") or, by analogy with situation 3, unstated.',
    7: "CONFLICT: Methods CCRT paragraph says model correct, physician wrong (physician chose IC+CCRT, actual NRT); "
    "the consistency clause makes the model wrong, and the Table 3 footnote makes the physician correct. Only the "
    "footnote states the physician verdict.",
}
_NOTES: Mapping[int, str] = {8: "paragraph and clause agree; recommended CCRT was never given, so nothing verifies it"}


@dataclass(frozen=True)
class Cell:
    """One of the 16 cells; everything but the four coordinates follows from the rules.

    Attributes:
        number: 1-16, counted with the actual outcome fastest, then the arm, then the two predictions.
        ccrt_model_pred: outcome predicted under CCRT.
        ic_model_pred: outcome predicted under IC + CCRT.
        physician_arm: the treatment given.
        actual_effect: what happened under it.
    """

    number: int
    ccrt_model_pred: Outcome
    ic_model_pred: Outcome
    physician_arm: Arm
    actual_effect: Outcome

    @property
    def recommendation(self) -> Recommendation:
        """What the two predictions recommend."""
        return recommend(self.ccrt_model_pred, self.ic_model_pred)

    @property
    def recommended_effect(self) -> Outcome:
        """The outcome predicted under the recommendation; under IBT the residual tumour that led to it."""
        return Outcome.RT if self.recommendation is Recommendation.IBT else Outcome.NRT

    @property
    def factual_arm_prediction(self) -> Outcome:
        """The outcome predicted under the treatment actually given: the only prediction that can be checked."""
        return self.ccrt_model_pred if self.physician_arm is Arm.CCRT else self.ic_model_pred

    @property
    def consistent(self) -> bool:
        """Whether that prediction came true."""
        return self.factual_arm_prediction is self.actual_effect

    @property
    def model_verdict(self) -> Verdict:
        """The verdict on the recommendation."""
        return model_verdict(
            self.recommendation, prediction_for_given_arm=self.factual_arm_prediction, actual=self.actual_effect
        )

    @property
    def physician_verdict(self) -> Verdict:
        """The verdict on the physician's choice."""
        return physician_verdict(
            self.recommendation,
            given=self.physician_arm,
            prediction_for_given_arm=self.factual_arm_prediction,
            actual=self.actual_effect,
        )

    @property
    def situation(self) -> int | None:
        """The publication's number of this cell, None for the five that it did not meet."""
        return SITUATION_OF_CELL.get(self.number)

    @property
    def source(self) -> str:
        """The passage of the publication that the verdicts come from."""
        if self.recommendation is Recommendation.IBT:
            return "Methods: IBT paragraph; Table 3 footnote"
        clause = " + consistency clause" if self._paragraph_settles_both else ""
        return f"Methods: {self.recommendation.value} paragraph{clause}"

    @property
    def _paragraph_settles_both(self) -> bool:
        """CCRT recommended, IC + CCRT given: the paragraph calls the model correct and the physician wrong, always."""
        return self.recommendation is Recommendation.CCRT and self.physician_arm is Arm.IC_CCRT

    def as_row(self) -> dict[str, object]:
        """The cell as a row of Table 3, without its cases."""
        return {
            "cell": self.number,
            "ccrt_model_pred": self.ccrt_model_pred.value,
            "ic_model_pred": self.ic_model_pred.value,
            "physician_arm": self.physician_arm.value,
            "actual_effect": self.actual_effect.value,
            "recommendation": self.recommendation.value,
            "recommended_effect": self.recommended_effect.value,
            "factual_arm_prediction": self.factual_arm_prediction.value,
            "prediction_consistent_with_actual": "yes" if self.consistent else "no",
            "model_verdict": self.model_verdict.value,
            "physician_verdict": self.physician_verdict.value,
            "paragraph_only_verdict_if_different_rule": (
                "model correct / physician wrong" if self._paragraph_settles_both else None
            ),
            "situation": self.situation,
            "conflict": _CONFLICTS.get(self.number),
            "source": self.source,
            "note": _NOTES.get(self.number),
        }


def _all_cells() -> tuple[Cell, ...]:
    outcomes = (Outcome.NRT, Outcome.RT)
    coordinates = product(outcomes, outcomes, (Arm.CCRT, Arm.IC_CCRT), outcomes)
    return tuple(Cell(number, *where) for number, where in enumerate(coordinates, start=1))


CELLS: tuple[Cell, ...] = _all_cells()
"""All 16 cells, by number."""


def cell_numbers(
    *, residual_under_ccrt: np.ndarray, residual_under_ic_ccrt: np.ndarray, given_ic: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """The number of every patient's cell.

    Args:
        residual_under_ccrt: whether residual tumour is predicted under CCRT, boolean.
        residual_under_ic_ccrt: the same under IC + CCRT.
        given_ic: whether the patient was given IC + CCRT.
        residual: whether residual tumour was found.

    Returns:
        int array of the inputs' (broadcast) shape, 1-16.
    """
    flags = np.broadcast_arrays(residual_under_ccrt, residual_under_ic_ccrt, given_ic, residual)
    under_ccrt, under_ic, ic, found = (np.asarray(flag).astype(bool).astype(int) for flag in flags)
    return 1 + 8 * under_ccrt + 4 * under_ic + 2 * ic + found


def judge(patients: pd.DataFrame) -> pd.DataFrame:
    """Adds each patient's recommendation, cell and both verdicts.

    Args:
        patients: columns arm ("CCRT" / "IC+CCRT"), residual_tumor (0/1), ccrt_model_pred and ic_model_pred
            ("RT" / "NRT"), and any others.

    Returns:
        The same rows with recommendation, cell, model_verdict and physician_verdict.

    Raises:
        ConsistencyError: if a value is none of the study's words.
    """
    for column, words in _WORDS.items():
        strange = sorted({str(value) for value in set(patients[column]) - words})
        if strange:
            msg = f"column {column} holds {strange}; expected only {sorted(map(str, words))}"
            raise ConsistencyError(msg)
    numbers = cell_numbers(
        residual_under_ccrt=(patients["ccrt_model_pred"] == Outcome.RT.value).to_numpy(),
        residual_under_ic_ccrt=(patients["ic_model_pred"] == Outcome.RT.value).to_numpy(),
        given_ic=(patients["arm"] == Arm.IC_CCRT.value).to_numpy(),
        residual=(patients["residual_tumor"] == 1).to_numpy(),
    )
    cells = [CELLS[number - 1] for number in numbers]
    return patients.assign(
        recommendation=[cell.recommendation.value for cell in cells],
        cell=numbers,
        model_verdict=[cell.model_verdict.value for cell in cells],
        physician_verdict=[cell.physician_verdict.value for cell in cells],
    )


_WORDS: Mapping[str, frozenset] = {
    "arm": frozenset(arm.value for arm in Arm),
    "residual_tumor": frozenset((0, 1)),
    "ccrt_model_pred": frozenset(outcome.value for outcome in Outcome),
    "ic_model_pred": frozenset(outcome.value for outcome in Outcome),
}
