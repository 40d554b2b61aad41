"""The recommendation: the least intensive treatment that is predicted to clear the tumour.

Source: Hua et al. 2023, Methods, "Comparison between the model and the physicians' decisions".
"""

import numpy as np

from npc_kedro.errors import StatisticsError
from npc_kedro.study import Outcome, Recommendation


def predicts_residual(probability: np.ndarray, *, threshold: float | np.ndarray) -> np.ndarray:
    """Whether residual tumour is predicted: its probability reaches ``threshold``.

    Every confusion matrix and every recommendation goes through here, so that a probability equal to the threshold
    means the same everywhere.

    Args:
        probability: probabilities of residual tumour in [0, 1], any shape.
        threshold: one threshold, or one per probability.

    Raises:
        StatisticsError: if a probability is missing or outside [0, 1].
    """
    values = np.asarray(probability, dtype=float)
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        msg = (
            f"{int(bad.sum())} of {values.size} probabilities of residual tumour are missing or outside [0, 1]; "
            "a prediction needs all of them: check the predictions table that was passed in"
        )
        raise StatisticsError(msg)
    return values >= threshold


def recommend(under_ccrt: Outcome, under_ic_ccrt: Outcome) -> Recommendation:
    """The treatment to recommend, given the predicted outcome under CCRT and under IC + CCRT.

    CCRT if it is predicted to clear the tumour, whatever induction would add; IC + CCRT if only that does;
    individual-based treatment (IBT) if neither does.
    """
    if under_ccrt is Outcome.NRT:
        return Recommendation.CCRT
    if under_ic_ccrt is Outcome.NRT:
        return Recommendation.IC_CCRT
    return Recommendation.IBT
