"""Measurements that the documentation quotes; each is run as ``python -m benchmarks.<name>``."""
