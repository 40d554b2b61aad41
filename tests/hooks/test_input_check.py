"""A part of the study whose beginning is not stored yet says what to run first, before anything starts."""

import pytest
from kedro.framework.project import configure_project, pipelines
from kedro.io import DataCatalog

from npc_kedro.datasets.tables import CSVDataset
from npc_kedro.errors import MissingInputError
from npc_kedro.hooks.input_check import InputCheck


@pytest.fixture
def catalog(tmp_path):
    """What the comparison begins with, somewhere below ``tmp_path``."""
    configure_project("npc_kedro")
    names = sorted(name for name in pipelines["recommend_vs_physician"].inputs() if not name.startswith("param"))
    return DataCatalog({name: CSVDataset(filepath=str(tmp_path / f"{name}.csv")) for name in names})


def test_what_is_missing_is_named_with_the_pipelines_that_make_it(catalog):
    with pytest.raises(MissingInputError) as refused:
        InputCheck().before_pipeline_run(pipelines["recommend_vs_physician"], catalog)
    told = str(refused.value)
    made = dict(line.removeprefix("  - ").split(": made by ")[::-1] for line in told.splitlines()[1:-1])
    assert set(made) == {"ingest", "crop", "split", "train_classifiers", "evaluate"}
    assert made["split"] == "cohorts, table1, test_crops"
    assert made["train_classifiers"].endswith(" and 13 more")
    assert "kedro run --pipelines=ingest,crop,split,train_classifiers,evaluate, with" in told


def test_nothing_is_said_where_all_is_there(catalog, tmp_path):
    names = list(catalog)
    for name in names[1:]:
        (tmp_path / f"{name}.csv").write_text("a\n1\n")
    with pytest.raises(MissingInputError, match=f"  - {names[0]}: made by"):
        InputCheck().before_pipeline_run(pipelines["recommend_vs_physician"], catalog)
    (tmp_path / f"{names[0]}.csv").write_text("a\n1\n")
    InputCheck().before_pipeline_run(pipelines["recommend_vs_physician"], catalog)


def test_what_the_missing_parts_lack_themselves_is_made_first(catalog, tmp_path):
    for name in ("slices", "crops"):
        catalog[name] = CSVDataset(filepath=str(tmp_path / f"{name}.csv"))
    alone = pipelines["split"]
    with pytest.raises(MissingInputError) as refused:
        InputCheck().before_pipeline_run(alone, catalog)
    assert "kedro run --pipelines=ingest,crop, with" in str(refused.value)
