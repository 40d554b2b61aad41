"""Policies that know nothing of the images, judged by the very same verdict rules as the models.

A policy is a pair of predictions for every patient, since the verdicts depend on the predictions and not on the
recommendation alone. For the same reason *the physicians' own rate changes with the policy that they are measured
against*: on the publication's 85 patients "predict NRT for everyone" gets 65.9 % and leaves the physicians 35.8 %.

A policy that is a treatment for everyone leaves one prediction open. "All CCRT" as (NRT, NRT) is "predict NRT for
everyone"; ``all_ccrt`` is the other pair that recommends CCRT, (NRT, RT): CCRT clears and IC + CCRT would not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from npc_kedro.decisions.cells import CELLS, cell_numbers
from npc_kedro.decisions.rule import predicts_residual
from npc_kedro.decisions.tally import JUDGED, Tally
from npc_kedro.errors import StatisticsError
from npc_kedro.statistics import proportions
from npc_kedro.study import Arm, Outcome, Verdict

Predictions = tuple[np.ndarray, np.ndarray]
"""Whether residual tumour is predicted under CCRT and under IC + CCRT, boolean, one per patient."""

COLUMNS: tuple[str, ...] = (
    "policy", "who", "correct", "wrong", "undetermined", "rate", "lo", "hi", "interval", "p_permutation", "predictions",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """A way to predict both outcomes without an image.

    Attributes:
        predict: from the patients' table to the pair of predictions.
        predictions: the pair in words, "under CCRT / under IC + CCRT".
    """

    predict: Callable[[pd.DataFrame], Predictions]
    predictions: str


def _everyone(*, under_ccrt: Outcome, under_ic_ccrt: Outcome) -> Policy:
    def predict(patients: pd.DataFrame) -> Predictions:
        n = len(patients)
        return np.full(n, under_ccrt is Outcome.RT), np.full(n, under_ic_ccrt is Outcome.RT)

    return Policy(predict, f"{under_ccrt.value} / {under_ic_ccrt.value} for everyone")


def _t4_means_residual(patients: pd.DataFrame) -> Predictions:
    t4 = (patients["t_stage"] == "T4").to_numpy()
    return t4, t4


POLICIES: Mapping[str, Policy] = {
    "predict_nrt_for_all": _everyone(under_ccrt=Outcome.NRT, under_ic_ccrt=Outcome.NRT),
    "t4_means_residual": Policy(_t4_means_residual, "RT / RT for T4, NRT / NRT for T1-T3"),
    "all_ccrt": _everyone(under_ccrt=Outcome.NRT, under_ic_ccrt=Outcome.RT),
    "all_ic_ccrt": _everyone(under_ccrt=Outcome.RT, under_ic_ccrt=Outcome.NRT),
}
"""The policies that need nothing but the stage."""

_ORDER: tuple[Verdict, ...] = (Verdict.CORRECT, Verdict.WRONG, Verdict.UNDETERMINED)
"""As in :class:`Tally`."""

_NO_CELL = -1
"""Cells are numbered from 1; this fills place 0."""

_VERDICTS: Mapping[str, np.ndarray] = {
    "model": np.array([_NO_CELL, *(_ORDER.index(cell.model_verdict) for cell in CELLS)]),
    "physician": np.array([_NO_CELL, *(_ORDER.index(cell.physician_verdict) for cell in CELLS)]),
}


def policy_tallies(patients: pd.DataFrame, predictions: Predictions) -> Mapping[str, Tally]:
    """The verdicts that a pair of predictions per patient earns, and those it leaves the physicians.

    Args:
        patients: columns arm and residual_tumor.
        predictions: boolean arrays, one value per patient.
    """
    counts = _verdict_counts(patients, predictions)
    return {who: Tally(*(int(number) for number in counts[who])) for who in JUDGED}


def _verdict_counts(patients: pd.DataFrame, predictions: Predictions) -> Mapping[str, np.ndarray]:
    """Counts of :data:`_ORDER`, shape (..., 3), for predictions of shape (..., patients)."""
    cells = cell_numbers(
        residual_under_ccrt=predictions[0],
        residual_under_ic_ccrt=predictions[1],
        given_ic=(patients["arm"] == Arm.IC_CCRT.value).to_numpy(),
        residual=(patients["residual_tumor"] == 1).to_numpy(),
    )
    return {
        who: np.stack([(codes[cells] == code).sum(axis=-1) for code in range(len(_ORDER))], axis=-1)
        for who, codes in _VERDICTS.items()
    }


def null_policies(
    decisions: pd.DataFrame,
    clinical: pd.DataFrame,
    *,
    baseline_threshold: float,
    n_permutations: int,
    seed: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """The models' tally and, under the same rules, that of every null policy.

    Args:
        decisions: one row per test patient: patient_key, arm, residual_tumor, ccrt_model_pred, ic_model_pred.
        clinical: patient_key, t_stage, and the clinical baseline's p_ccrt and p_ic_ccrt; further patients are ignored.
        baseline_threshold: the clinical baseline predicts residual tumour from this probability on.
        n_permutations: shuffles of the models' prediction pairs among the patients.
        seed: of the shuffles.
        level: of every interval.

    Returns:
        Columns of :data:`COLUMNS`, two rows (model, physician) a policy. ``rate`` is correct / (correct + wrong) with
        a Wilson interval. For ``shuffled_models`` the counts are means over the shuffles, the rate is the mean rate,
        the interval spans its central ``level`` of shuffles, and ``p_permutation`` is the share of shuffles whose rate
        reaches that of the models (one-sided, counting the unshuffled order; empty for the physicians).

    Raises:
        StatisticsError: if a patient has no clinical row.
    """
    judged = decisions[["patient_key", "arm", "residual_tumor", "ccrt_model_pred", "ic_model_pred"]]
    # `decisions` may carry the networks' p_ccrt; here it is the clinical baseline's.
    table = judged.merge(clinical[["patient_key", "t_stage", "p_ccrt", "p_ic_ccrt"]], on="patient_key")
    if len(table) != len(decisions):
        msg = f"{len(decisions) - len(table)} of {len(decisions)} test patients have no clinical row"
        raise StatisticsError(msg)
    models = _models(table)
    rows = _rows("models", policy_tallies(table, models), predictions="as the chosen networks predict", level=level)
    for name, policy in POLICIES.items():
        tallies = policy_tallies(table, policy.predict(table))
        rows += _rows(name, tallies, predictions=policy.predictions, level=level)
    clinical_pair = (
        predicts_residual(table["p_ccrt"].to_numpy(), threshold=baseline_threshold),
        predicts_residual(table["p_ic_ccrt"].to_numpy(), threshold=baseline_threshold),
    )
    words = "logistic model per arm on T, N, age, sex of the training patients"
    rows += _rows("clinical_baseline", policy_tallies(table, clinical_pair), predictions=words, level=level)
    rows += _shuffled(table, models, n_permutations=n_permutations, seed=seed, level=level)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _models(table: pd.DataFrame) -> Predictions:
    residual = Outcome.RT.value
    return (table["ccrt_model_pred"] == residual).to_numpy(), (table["ic_model_pred"] == residual).to_numpy()


def _rows(policy: str, tallies: Mapping[str, Tally], *, predictions: str, level: float) -> list[dict[str, object]]:
    rows = []
    for who in JUDGED:
        counts = tallies[who]
        interval = proportions.wilson(counts.correct, counts.judged, level=level) if counts.judged else None
        rows.append(
            {
                "policy": policy,
                "who": who,
                **counts.as_dict(),
                "lo": interval.lo if interval else None,
                "hi": interval.hi if interval else None,
                "interval": "wilson",
                "predictions": predictions,
            }
        )
    return rows


def _shuffled(
    table: pd.DataFrame, models: Predictions, *, n_permutations: int, seed: int, level: float
) -> list[dict[str, object]]:
    """The pairs dealt out again among the patients: same predictions overall, no knowledge of anybody."""
    if n_permutations < 1:
        msg = f"{n_permutations} permutations asked for; the distribution of a shuffled model needs at least one"
        raise StatisticsError(msg)
    rng = np.random.default_rng([seed, len(table)])
    orders = rng.permuted(np.tile(np.arange(len(table)), (n_permutations, 1)), axis=1)
    shuffles = _verdict_counts(table, (models[0][orders], models[1][orders]))
    actual = policy_tallies(table, models)
    tails = (1 - level) / 2
    rows = []
    for who in JUDGED:
        counts = shuffles[who]
        judged = counts[:, 0] + counts[:, 1]
        rates = counts[judged > 0, 0] / judged[judged > 0]
        # Only the models' rate is tested: the physicians decided nothing that a shuffle could undo.
        tested = who == "model" and actual[who].rate is not None
        reached = int((rates >= actual[who].rate - 1e-12).sum()) if tested else None
        correct, wrong, undetermined = counts.mean(axis=0)
        rows.append(
            {
                "policy": "shuffled_models",
                "who": who,
                "correct": correct,
                "wrong": wrong,
                "undetermined": undetermined,
                "rate": rates.mean() if len(rates) else None,
                "lo": np.quantile(rates, tails) if len(rates) else None,
                "hi": np.quantile(rates, 1 - tails) if len(rates) else None,
                "interval": "permutation",
                "p_permutation": None if reached is None else (reached + 1) / (len(rates) + 1),
                "predictions": f"mean of {n_permutations} shuffles of the models' pairs among the patients",
            }
        )
    return rows
