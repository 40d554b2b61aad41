"""Model against physician: as published, and the same verdicts as the pairs that they are.

The publication compares 58/69 with 39/65 by an unpaired Pearson chi-square, although the same 85 patients stand on both
sides and the two denominators leave out different patients. Beside it stand here: the patients judged for both
(McNemar, exact and mid-p; Newcombe's paired difference), and the two bounds in which every unjudged decision is counted
as wrong or as right.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from npc_kedro.decisions.tally import Tally, tally
from npc_kedro.statistics import contingency, paired, proportions
from npc_kedro.study import Verdict


@dataclass(frozen=True)
class Rates:
    """Both correct rates and their difference (model - physician) with an interval.

    Attributes:
        n_model: the model's denominator.
        n_physician: the physician's denominator.
        model: the model's rate.
        model_lo: lower Wilson bound; ``model_hi`` the upper, likewise for the physician.
        difference: model - physician.
        difference_lo: lower Newcombe bound; ``difference_hi`` the upper.
        mcnemar_exact_p: exact McNemar, None where the two denominators hold different patients.
        mcnemar_midp_p: its mid-p version.
        pearson_p: unpaired Pearson chi-square, None where it is not defined (both all correct, or both all wrong).
    """

    n_model: int
    n_physician: int
    model: float
    model_lo: float
    model_hi: float
    physician: float
    physician_lo: float
    physician_hi: float
    difference: float
    difference_lo: float
    difference_hi: float
    mcnemar_exact_p: float | None
    mcnemar_midp_p: float | None
    pearson_p: float | None


@dataclass(frozen=True)
class Comparison:
    """Everything the comparison says. A part is None where nobody could be judged.

    Attributes:
        model: verdicts on the model.
        physician: verdicts on the physician.
        as_published: each with a denominator of its own, unpaired.
        judged_for_both: the joint denominator.
        both_correct: patients judged correct for both; the other three cells of the pairs follow.
        unjudged_as_wrong: every patient, undetermined counted as wrong.
        unjudged_as_right: every patient, undetermined counted as right.
    """

    model: Tally
    physician: Tally
    as_published: Rates | None
    judged_for_both: Rates | None
    both_correct: int
    only_model_correct: int
    only_physician_correct: int
    neither_correct: int
    unjudged_as_wrong: Rates | None
    unjudged_as_right: Rates | None

    def as_json(self) -> dict[str, object]:
        """The comparison as ``decision_comparison.json``: tallies, the two P values on top, then every variant."""
        published, joint = self.as_published, self.judged_for_both
        return {
            "model": self.model.as_dict(),
            "physician": self.physician.as_dict(),
            "pearson_p": published.pearson_p if published else None,
            "mcnemar_exact_p": joint.mcnemar_exact_p if joint else None,
            "mcnemar_midp_p": joint.mcnemar_midp_p if joint else None,
            "pairs_judged_for_both": {
                "both_correct": self.both_correct,
                "only_model_correct": self.only_model_correct,
                "only_physician_correct": self.only_physician_correct,
                "neither_correct": self.neither_correct,
            },
            "as_published": asdict(published) if published else None,
            "judged_for_both": asdict(joint) if joint else None,
            "unjudged_as_wrong": asdict(self.unjudged_as_wrong) if self.unjudged_as_wrong else None,
            "unjudged_as_right": asdict(self.unjudged_as_right) if self.unjudged_as_right else None,
            "caveat": CAVEAT,
        }


CAVEAT = (
    "A verdict on a treatment that was not given rests on a prediction that nothing verifies: the model's rate is its "
    "test accuracy on the treatment given, renamed. Read it beside null_policies and policy_value."
)


def compare(cells_with_cases: pd.DataFrame) -> Comparison:
    """Compares the verdicts on the model with those on the physician.

    Args:
        cells_with_cases: Table 3: model_verdict, physician_verdict and cases a row.
    """
    tallies = tally(cells_with_cases)
    model, physician = tallies["model"], tallies["physician"]
    joint = _pairs(cells_with_cases)
    return Comparison(
        model=model,
        physician=physician,
        as_published=_unpaired(model, physician),
        judged_for_both=_paired(joint),
        both_correct=int(joint[0, 0]),
        only_model_correct=int(joint[0, 1]),
        only_physician_correct=int(joint[1, 0]),
        neither_correct=int(joint[1, 1]),
        unjudged_as_wrong=_paired(_pairs(cells_with_cases, undetermined=Verdict.WRONG)),
        unjudged_as_right=_paired(_pairs(cells_with_cases, undetermined=Verdict.CORRECT)),
    )


def _pairs(cells_with_cases: pd.DataFrame, *, undetermined: Verdict | None = None) -> np.ndarray:
    """Pairs as a 2 x 2 table: rows the model correct / wrong, columns the physician correct / wrong.

    Patients undetermined for either are left out, unless ``undetermined`` says what to count them as.
    """
    frame = cells_with_cases
    if undetermined is not None:
        replaced = {Verdict.UNDETERMINED.value: undetermined.value}
        frame = frame.assign(
            model_verdict=frame["model_verdict"].replace(replaced),
            physician_verdict=frame["physician_verdict"].replace(replaced),
        )
    judged = (Verdict.CORRECT.value, Verdict.WRONG.value)
    return np.array(
        [
            [
                int(frame["cases"][(frame["model_verdict"] == m) & (frame["physician_verdict"] == p)].sum())
                for p in judged
            ]
            for m in judged
        ]
    )


def _unpaired(model: Tally, physician: Tally) -> Rates | None:
    if not model.judged or not physician.judged:
        return None
    difference = proportions.newcombe_difference(model.correct, model.judged, physician.correct, physician.judged)
    return _rates(model, physician, difference=difference, exact=None, midp=None)


def _paired(pairs: np.ndarray) -> Rates | None:
    (both, only_model), (only_physician, neither) = pairs.tolist()
    if pairs.sum() == 0:
        return None
    return _rates(
        Tally(correct=both + only_model, wrong=only_physician + neither, undetermined=0),
        Tally(correct=both + only_physician, wrong=only_model + neither, undetermined=0),
        difference=proportions.newcombe_paired_difference(both, only_model, only_physician, neither),
        exact=paired.mcnemar_exact(only_model, only_physician).p,
        midp=paired.mcnemar_midp(only_model, only_physician).p,
    )


def _rates(model: Tally, physician: Tally, *, difference: object, exact: float | None, midp: float | None) -> Rates:
    model_interval = proportions.wilson(model.correct, model.judged)
    physician_interval = proportions.wilson(physician.correct, physician.judged)
    return Rates(
        n_model=model.judged,
        n_physician=physician.judged,
        model=model_interval.estimate,
        model_lo=model_interval.lo,
        model_hi=model_interval.hi,
        physician=physician_interval.estimate,
        physician_lo=physician_interval.lo,
        physician_hi=physician_interval.hi,
        difference=difference.estimate,
        difference_lo=difference.lo,
        difference_hi=difference.hi,
        mcnemar_exact_p=exact,
        mcnemar_midp_p=midp,
        pearson_p=_pearson_p(model, physician),
    )


def _pearson_p(model: Tally, physician: Tally) -> float | None:
    """None where all verdicts agree: a column of zeros leaves nothing to test."""
    if model.correct + physician.correct == 0 or model.wrong + physician.wrong == 0:
        return None
    table = [[model.correct, model.wrong], [physician.correct, physician.wrong]]
    return contingency.pearson(np.array(table)).p
