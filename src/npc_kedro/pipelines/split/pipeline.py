"""Wiring of ``split``."""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.split.nodes import (
    address_crops,
    check_division,
    describe_cohorts,
    divide_patients,
    draw_attrition,
    join_attrition,
)


def create_pipeline() -> Pipeline:
    """patients + crops -> cohorts -> the crops of either cohort, Table 1, and the whole attrition table.

    ``check_division`` needs nothing but ``patients``: in a whole run it stands before the first training.
    """
    return Pipeline(
        [
            Node(
                check_division,
                inputs=["patients", "params:split"],
                outputs="split_forecast",
                name="check_division",
            ),
            Node(
                divide_patients,
                inputs=["patients", "crops", "params:split"],
                outputs=["cohorts", "attrition_split"],
                name="divide_patients",
            ),
            Node(
                address_crops, inputs=["crops", "cohorts"], outputs=["train_crops", "test_crops"], name="address_crops"
            ),
            Node(
                describe_cohorts,
                inputs=["patients", "cohorts"],
                outputs=["table1", "table1_pvalues"],
                name="describe_cohorts",
            ),
            Node(
                join_attrition,
                inputs=["attrition_ingest", "attrition_crop", "attrition_split"],
                outputs="attrition",
                name="join_attrition",
            ),
            Node(
                draw_attrition,
                inputs=["attrition", "patients"],
                outputs="figure_attrition",
                name="draw_attrition",
            ),
        ],
        namespace="split",
        prefix_datasets_with_namespace=False,
        parameters={"split"},
    )
