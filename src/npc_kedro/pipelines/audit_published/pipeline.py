"""Wiring of ``audit_published``."""

from kedro.pipeline import Node, Pipeline

from npc_kedro.pipelines.audit_published.nodes import audit_published_tables, write_page


def create_pipeline() -> Pipeline:
    """A folder of published tables -> published_audit (CSV) -> published_audit_page (HTML)."""
    return Pipeline(
        [
            Node(
                audit_published_tables,
                inputs="params:audit_published",
                outputs="published_audit",
                name="audit_published_tables",
            ),
            Node(
                write_page,
                inputs=["published_audit", "params:audit_published"],
                outputs="published_audit_page",
                name="write_page",
            ),
        ],
        namespace="audit_published",
        prefix_datasets_with_namespace=False,
        parameters={"audit_published"},
    )
