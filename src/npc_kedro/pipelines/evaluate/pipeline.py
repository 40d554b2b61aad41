"""Wiring of ``evaluate``.

::

    16 classifiers -> 16 predictions -> test_predictions -> table2, curves -> figures
                                        clinical baseline /
"""

from itertools import product

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.evaluate import figures, nodes
from npc_kedro.study import NETWORKS, Arm, Unit, training_name
from npc_kedro.wiring import with_fixed

SIXTEEN = list(product(Arm, NETWORKS, Unit))
"""The sixteen models, in the order in which gathering nodes receive them."""

_NAMES = [(arm.value, network, unit.value) for arm, network, unit in SIXTEEN]


def create_pipeline() -> Pipeline:
    """The sixteen predictions, the tables and curves made of them, and the figures."""
    return Pipeline(
        [*_predictions(), *_tables(), *_figures()],
        namespace="evaluate",
        prefix_datasets_with_namespace=False,
        parameters={"evaluate"},
    )


def _each(kind: str) -> list[str]:
    return [f"{training_name(*model)}__{kind}" for model in SIXTEEN]


def _predictions() -> list[Node]:
    predictions = [
        Node(
            with_fixed(nodes.predict_test_patients, arm=arm.value),
            inputs=["crops", "test_crops", f"{training_name(arm, network, unit)}__classifier", "params:evaluate"],
            outputs=f"{training_name(arm, network, unit)}__predictions",
            name="predict",
            namespace=f"{arm.slug}.{network}.{unit.value}",
            tags=[arm.slug, network, unit.value],
        )
        for arm, network, unit in SIXTEEN
    ]
    gather = Node(
        with_fixed(nodes.gather_predictions, names=_NAMES),
        inputs=_each("predictions"),
        outputs="test_predictions",
        name="gather_predictions",
    )
    return [*predictions, gather]


def _tables() -> list[Node]:
    return [
        Node(
            nodes.score_clinical_baseline,
            inputs=["patients", "cohorts", "params:evaluate"],
            outputs="clinical_baseline",
            name="score_clinical_baseline",
        ),
        Node(
            nodes.fill_table2,
            inputs=["test_predictions", "clinical_baseline", "params:evaluate"],
            outputs="table2",
            name="fill_table2",
        ),
        Node(
            nodes.trace_curves,
            inputs=["test_predictions", "params:evaluate"],
            outputs=["roc_curves", "roc_bands", "calibration_curves", "decision_curves"],
            name="trace_curves",
        ),
    ]


def _figures() -> list[Node]:
    shown = "patients"  # says whether the cohort is simulated
    return [
        Node(
            with_fixed(figures.draw_learning_curves, names=_NAMES),
            inputs=[shown, *_each("history")],
            outputs="figure_learning_curves",
            name="draw_learning_curves",
        ),
        Node(
            figures.draw_roc,
            inputs=["roc_curves", "roc_bands", "table2", shown],
            outputs="figure_roc",
            name="draw_roc",
        ),
        Node(figures.draw_confusion, inputs=["table2", shown], outputs="figure_confusion", name="draw_confusion"),
        Node(
            figures.draw_calibration,
            inputs=["calibration_curves", "table2", shown],
            outputs="figure_calibration",
            name="draw_calibration",
        ),
        Node(
            figures.draw_decision_curves,
            inputs=["decision_curves", shown],
            outputs="figure_decision_curves",
            name="draw_decision_curves",
        ),
        Node(
            figures.draw_grad_cam,
            inputs={
                "crops": "crops",
                "test_crops": "test_crops",
                "patients": shown,
                "parameters": "params:evaluate",
                **{
                    f"{arm.slug}__{network}": f"{training_name(arm, network, Unit.PATIENT)}__classifier"
                    for arm in Arm
                    for network in NETWORKS
                },
            },
            outputs="figure_grad_cam",
            name="draw_grad_cam",
        ),
    ]
