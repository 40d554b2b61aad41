"""The hook that a run calls for a node that it leaves out."""

from kedro.framework.hooks.markers import hook_spec
from kedro.pipeline.node import Node


class ReuseSpecs:
    """Beside Kedro's own hooks, in the process of the runner."""

    @hook_spec
    def after_node_reused(self, node: Node, run: str) -> None:
        """A node's stored outputs stand.

        Args:
            node: the node.
            run: id of the MLflow run in which they were made, "" where there was none.
        """
