"""Wiring of ``simulate_cohort``.

::

    params -> simulate -> cohort, simulation_truth, simulation_summary
"""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.simulate_cohort import nodes


def create_pipeline() -> Pipeline:
    """One node: it draws the patients; saving ``cohort`` renders and writes them."""
    return Pipeline(
        [
            Node(
                nodes.simulate,
                inputs="params:simulate_cohort",
                outputs=["cohort", "simulation_truth", "simulation_summary"],
                name="simulate",
            )
        ],
        namespace="simulate_cohort",
        prefix_datasets_with_namespace=False,
        parameters={"simulate_cohort"},
    )
