"""What MLflow is told, and how: provenance of a run, the store, one child run per training."""
