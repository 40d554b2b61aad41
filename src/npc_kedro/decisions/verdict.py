"""The publication's verdicts on a recommendation and on the physician's choice, as rules.

Three texts govern them and contradict each other in places (Hua et al. 2023): the paragraph of Methods on each
recommendation, the *consistency clause* ("only when the prediction results are consistent with the actual results can
the model regimen be judged as correct"), and the footnote of Table 3. The clause goes above the paragraph for the
model; the footnote goes above the paragraph for the physician.
"""

from npc_kedro.study import Arm, Outcome, Recommendation, Verdict


def model_verdict(recommendation: Recommendation, *, prediction_for_given_arm: Outcome, actual: Outcome) -> Verdict:
    """The verdict on the model.

    Wrong if the prediction for the treatment actually given did not come true (the consistency clause). Otherwise
    correct, except that nothing can be said of individual-based treatment, which nobody received.
    """
    if prediction_for_given_arm is not actual:
        return Verdict.WRONG
    if recommendation is Recommendation.IBT:
        return Verdict.UNDETERMINED
    return Verdict.CORRECT


def physician_verdict(
    recommendation: Recommendation, *, given: Arm, prediction_for_given_arm: Outcome, actual: Outcome
) -> Verdict:
    """The verdict on the physician, who is measured against the recommendation.

    * Given what was recommended, or IBT recommended: correct if the tumour cleared, undetermined if not.
    * Given CCRT although IC + CCRT was recommended: correct if the tumour cleared, wrong if not.
    * Given IC + CCRT although CCRT was recommended: wrong, as too intensive. The one exception is the footnote of
      Table 3 (situation 3): the model itself expected residual tumour under IC + CCRT and the tumour cleared.
    """
    cleared = actual is Outcome.NRT
    if recommendation is Recommendation.IBT or recommendation.value == given.value:
        return Verdict.CORRECT if cleared else Verdict.UNDETERMINED
    if given is Arm.CCRT:
        return Verdict.CORRECT if cleared else Verdict.WRONG
    footnote_applies = cleared and prediction_for_given_arm is Outcome.RT
    return Verdict.CORRECT if footnote_applies else Verdict.WRONG
