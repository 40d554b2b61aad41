"""The wiring: one folder a pipeline, each with thin nodes over the libraries beside it."""
