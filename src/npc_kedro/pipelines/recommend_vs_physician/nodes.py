"""The comparison as the method section tells it, one step a function."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from npc_kedro.arrays import ImageTable
from npc_kedro.errors import ConsistencyError
from npc_kedro.knobs import reads
from npc_kedro.leaks import require_disjoint
from npc_kedro.pipelines.recommend_vs_physician.parameters import (
    NullPolicyParameters,
    PredictionParameters,
    ValueParameters,
)
from npc_kedro.study import NETWORKS, Arm, Cohort, Outcome, Unit

log = logging.getLogger(__name__)


def choose_networks(**trainings: Any) -> pd.DataFrame:
    """The best network per arm, on the patients kept for inner validation; the test cohort has no say.

    Args:
        **trainings: ``<arm>__<network>__validation`` (slice-level validation predictions) and
            ``<arm>__<network>__classifier`` (for its threshold), unit patient, for every arm and network.

    Returns:
        ``chosen_networks``: arm, network, unit, validation_auc, validation_loss, threshold, n_validation; two rows.
    """
    from npc_kedro.decisions.choice import choose_network

    rows = []
    for arm in Arm:
        validations = {network: trainings[f"{arm.slug}__{network}__validation"] for network in NETWORKS}
        choice = choose_network(validations)
        threshold = float(trainings[f"{arm.slug}__{choice.network}__classifier"].about["threshold"])
        log.info("%s: %s, validation AUC %.3f", arm.value, choice.network, choice.validation_auc)
        rows.append(
            {
                "arm": arm.value,
                "network": choice.network,
                "unit": Unit.PATIENT.value,
                "validation_auc": choice.validation_auc,
                "validation_loss": choice.validation_loss,
                "threshold": threshold,
                "n_validation": choice.n_patients,
            }
        )
    return pd.DataFrame(rows)


@reads(PredictionParameters.model_validate)
def predict_under_arm(
    arm: str,
    chosen_networks: pd.DataFrame,
    crops: ImageTable,
    test_crops: pd.DataFrame,
    parameters: dict[str, Any],
    **classifiers: Any,
) -> pd.DataFrame:
    """Every test patient, of both arms, under the chosen model of one arm.

    Returns:
        patient_key, network, n_slices, probability (the mean over the patient's slices); sorted by patient_key.

    Raises:
        LeakError: if the model has seen one of the test patients.
    """
    from npc_kedro.decisions.patient_probability import patient_means
    from npc_kedro.training.inference import predict

    settings = PredictionParameters.model_validate(parameters)
    network = chosen_networks.set_index("arm").at[arm, "network"]
    checkpoint = classifiers[network]
    require_disjoint(
        checkpoint.about["patients"],
        test_crops["patient_key"],
        f"the {arm} model's training patients and test patients",
    )
    probability = predict(
        checkpoint,
        crops.pixels,
        test_crops["crop_row"].to_numpy(),
        device=settings.device,
        batch_size=settings.batch_size,
        threads=settings.threads,
        patients=test_crops["patient_key"].to_numpy(),
    )
    means = patient_means(test_crops.assign(probability=probability))
    return means.assign(network=network)[["patient_key", "network", "n_slices", "probability"]]


def judge_decisions(
    cohorts: pd.DataFrame, chosen_networks: pd.DataFrame, under_ccrt: pd.DataFrame, under_ic_ccrt: pd.DataFrame
) -> pd.DataFrame:
    """Each test patient's two predictions, recommendation, cell and verdicts.

    Raises:
        ConsistencyError: if a test patient lacks a prediction, or somebody else has one.
    """
    from npc_kedro.decisions.cells import judge
    from npc_kedro.decisions.rule import predicts_residual

    test = cohorts.loc[cohorts["cohort"] == Cohort.TEST.value, ["patient_key", "arm", "residual_tumor"]]
    table = test.sort_values("patient_key", ignore_index=True)
    thresholds = chosen_networks.set_index("arm")["threshold"]
    for arm, scores, column in (
        (Arm.CCRT, under_ccrt, "ccrt_model_pred"),
        (Arm.IC_CCRT, under_ic_ccrt, "ic_model_pred"),
    ):
        _require_same_patients(table["patient_key"], scores["patient_key"], arm)
        probability = scores.set_index("patient_key")["probability"].loc[table["patient_key"]].to_numpy()
        residual = predicts_residual(probability, threshold=thresholds[arm.value])
        table[f"p_{arm.slug}"] = probability
        table[column] = np.where(residual, Outcome.RT.value, Outcome.NRT.value)
    return judge(table)


def tally_decisions(
    decision_predictions: pd.DataFrame, patients: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Table 3, its 11 situations, its 12 conditions, and the comparison of the model with the physicians."""
    from npc_kedro.decisions.comparison import compare
    from npc_kedro.tables.table3 import conditions, situations, table3

    cells = table3(decision_predictions)
    comparison = {"simulated": bool(patients["simulated"].any()), **compare(cells).as_json()}
    return cells, situations(cells), conditions(cells), comparison


@reads(NullPolicyParameters.model_validate)
def compare_with_null_policies(
    decision_predictions: pd.DataFrame,
    patients: pd.DataFrame,
    clinical_baseline: pd.DataFrame,
    parameters: dict[str, Any],
) -> pd.DataFrame:
    """What policies that never saw an image score under the same rules."""
    from npc_kedro.decisions.null_policies import null_policies

    settings = NullPolicyParameters.model_validate(parameters)
    clinical = patients[["patient_key", "t_stage"]].merge(clinical_baseline[["patient_key", "p_ccrt", "p_ic_ccrt"]])
    return null_policies(
        decision_predictions,
        clinical,
        baseline_threshold=settings.baseline_threshold,
        n_permutations=settings.n_permutations,
        seed=settings.seed,
    )


@reads(ValueParameters.model_validate)
def value_recommendation(
    decision_predictions: pd.DataFrame,
    patients: pd.DataFrame,
    cohorts: pd.DataFrame,
    clinical_baseline: pd.DataFrame,
    parameters: dict[str, Any],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who cleared among those steered to each treatment, and what following the models would be worth."""
    from npc_kedro.decisions.policy_value import policy_value, recommendation_value, treatment_scores

    settings = ValueParameters.model_validate(parameters)
    scores = treatment_scores(patients, cohorts, clinical_baseline, ridge=settings.propensity_ridge)
    value = policy_value(decision_predictions, scores, smallest_propensity=settings.smallest_propensity)
    return recommendation_value(decision_predictions), value


def audit_own_tables(
    table1: pd.DataFrame,
    table2: pd.DataFrame,
    table3: pd.DataFrame,
    decision_comparison: dict[str, Any],
    null_policies: pd.DataFrame,
    chosen_networks: pd.DataFrame,
    cohorts: pd.DataFrame,
) -> pd.DataFrame:
    """Every relation that must hold between the numbers just written; stored before anything is refused."""
    from npc_kedro.tables.guards import audit_tables

    return audit_tables(
        table1=table1,
        table2=table2,
        table3=table3,
        decision_comparison=decision_comparison,
        null_policies=null_policies,
        chosen_networks=chosen_networks,
        cohorts=cohorts,
    )


def refuse_inconsistent_tables(own_audit: pd.DataFrame) -> None:
    """Ends the run with an error if a table contradicts itself or another.

    A node of its own, so that ``own_audit`` is on disk for reading when this fails.
    """
    from npc_kedro.tables.guards import require_consistent

    require_consistent(own_audit)


def _require_same_patients(expected: pd.Series, found: pd.Series, arm: Arm) -> None:
    missing, strangers = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or strangers:
        msg = (
            f"under {arm.value}: {len(missing)} test patients have no prediction and {len(strangers)} others have one; "
            "`cohorts` and `test_crops` come from different splits, run `kedro run --pipelines=split` and what follows"
        )
        raise ConsistencyError(msg)
