"""The wiring of ``preflight``: the cohort folder goes in, a table and a page of findings come out."""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.preflight.nodes import check_cohort, write_page


def create_pipeline(**_: object) -> Pipeline:
    """cohort -> preflight (CSV), preflight_counts -> preflight_page (HTML)."""
    return Pipeline(
        [
            Node(
                check_cohort,
                ["cohort", "params:ingest", "params:split", "params:preflight"],
                ["preflight", "preflight_counts"],
                name="check_cohort",
            ),
            Node(
                write_page,
                ["cohort", "preflight", "preflight_counts", "params:preflight"],
                "preflight_page",
                name="write_page",
            ),
        ],
        namespace="preflight",
        prefix_datasets_with_namespace=False,
    )
