"""Wiring of ``recommend_vs_physician``."""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.recommend_vs_physician.figures import draw_null_policies, draw_sixteen_cells
from npc_kedro.pipelines.recommend_vs_physician.nodes import (
    audit_own_tables,
    choose_networks,
    compare_with_null_policies,
    judge_decisions,
    predict_under_arm,
    refuse_inconsistent_tables,
    tally_decisions,
    value_recommendation,
)
from npc_kedro.study import NETWORKS, Arm, Unit, training_name
from npc_kedro.wiring import with_fixed

PARAMETERS = "params:recommend_vs_physician"


def create_pipeline() -> Pipeline:
    """Choose a network per arm, predict every test patient under both arms, judge, tally, put in perspective, audit.

    The choice sees predictions of inner-validation patients only. ``clinical_baseline`` and ``table2`` come from
    ``evaluate``.
    """
    return Pipeline(
        [_choose(), *(_predict(arm) for arm in Arm), *_judge_and_tally(), *_perspective(), *_figures(), *_audit()],
        namespace="recommend_vs_physician",
        prefix_datasets_with_namespace=False,
        parameters={"recommend_vs_physician"},
    )


def _choose() -> Node:
    candidates = [(arm, network) for arm in Arm for network in NETWORKS]
    names = {f"{arm.slug}__{network}": training_name(arm, network, Unit.PATIENT) for arm, network in candidates}
    return Node(
        choose_networks,
        inputs={
            **{f"{key}__validation": f"{name}__validation" for key, name in names.items()},
            **{f"{key}__classifier": f"{name}__classifier" for key, name in names.items()},
        },
        outputs="chosen_networks",
        name="choose_networks",
    )


def _predict(arm: Arm) -> Node:
    classifiers = {network: f"{training_name(arm, network, Unit.PATIENT)}__classifier" for network in NETWORKS}
    return Node(
        with_fixed(predict_under_arm, arm=arm.value),
        inputs={
            "chosen_networks": "chosen_networks",
            "crops": "crops",
            "test_crops": "test_crops",
            "parameters": PARAMETERS,
            **classifiers,
        },
        outputs=f"probability_under_{arm.slug}",
        name=f"predict_under_{arm.slug}",
        tags=[arm.slug],
    )


def _judge_and_tally() -> list[Node]:
    return [
        Node(
            judge_decisions,
            inputs=["cohorts", "chosen_networks", *(f"probability_under_{arm.slug}" for arm in Arm)],
            outputs="decision_predictions",
            name="judge_decisions",
        ),
        Node(
            tally_decisions,
            inputs=["decision_predictions", "patients"],
            outputs=["table3", "table3_situations", "table3_conditions", "decision_comparison"],
            name="tally_decisions",
        ),
    ]


def _perspective() -> list[Node]:
    return [
        Node(
            compare_with_null_policies,
            inputs=["decision_predictions", "patients", "clinical_baseline", PARAMETERS],
            outputs="null_policies",
            name="compare_with_null_policies",
        ),
        Node(
            value_recommendation,
            inputs=["decision_predictions", "patients", "cohorts", "clinical_baseline", PARAMETERS],
            outputs=["recommendation_value", "policy_value"],
            name="value_recommendation",
        ),
    ]


def _figures() -> list[Node]:
    return [
        Node(
            draw_sixteen_cells,
            inputs=["table3", "patients"],
            outputs="figure_sixteen_cells",
            name="draw_sixteen_cells",
        ),
        Node(
            draw_null_policies,
            inputs=["null_policies", "patients"],
            outputs="figure_null_policies",
            name="draw_null_policies",
        ),
    ]


def _audit() -> list[Node]:
    return [
        Node(
            audit_own_tables,
            inputs=[
                "table1",
                "table2",
                "table3",
                "decision_comparison",
                "null_policies",
                "chosen_networks",
                "cohorts",
            ],
            outputs="own_audit",
            name="audit_own_tables",
        ),
        Node(refuse_inconsistent_tables, inputs="own_audit", outputs=None, name="refuse_inconsistent_tables"),
    ]
