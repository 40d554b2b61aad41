"""What the tests of pipelines share."""

from pathlib import Path

import pytest

from ingest_bench import Bench, shipped_parameters


@pytest.fixture(scope="session")
def shipped() -> dict:
    """The shipped parameters of ``ingest``, with the matrix of the tiny slices."""
    return shipped_parameters()


@pytest.fixture
def bench(tmp_path: Path, shipped: dict) -> Bench:
    """An empty cohort folder."""
    (tmp_path / "cohort" / "dicom").mkdir(parents=True)
    return Bench(tmp_path / "cohort", tmp_path / "store", shipped)
