"""A run that cannot fit into memory says so before it begins; one that can says what it will need."""

import logging

import pandas as pd
import pytest
from kedro.framework.project import configure_project
from kedro.io import DataCatalog, MemoryDataset, SharedMemoryDataCatalog

from command_line import PROJECT
from npc_kedro import forecast, machine
from npc_kedro.configuration import StudyConfigLoader
from npc_kedro.errors import MemoryShortageError
from npc_kedro.forecast import Forecast
from npc_kedro.pipelines import segment, train_classifiers
from npc_kedro.runner import StudyRunner

GB = 10**9


@pytest.fixture
def parameters():
    loader = StudyConfigLoader(
        conf_source=str(PROJECT / "conf"), base_env="base", default_run_env="local", env="base",
        runtime_params={"device": "cpu", "cohort_root": ""}, merge_strategy={"parameters": "soft", "globals": "soft"},
    )  # fmt: skip
    forecast.install(loader.study_globals())
    yield loader["parameters"]
    forecast.install({})


@pytest.fixture
def catalog(parameters):
    return DataCatalog({f"params:{name}": MemoryDataset(values) for name, values in parameters.items()})


def trainings(*tags):
    nodes = [*train_classifiers.create_pipeline().nodes, *segment.create_pipeline().nodes]
    return [node for node in nodes if "training" in node.tags and node.tags.issuperset(tags)]


def told(catalog, free, *, devices=(), workers=2, tags=()):
    return Forecast(catalog, devices=devices, free=lambda _: free).workers_that_fit(trainings(*tags), workers=workers)


def test_the_default_run_fits_into_eight_gigabytes_and_says_what_it_needs(catalog, caplog):
    # Two gigabytes for the system, one for the run itself.
    with caplog.at_level(logging.INFO, logger="npc_kedro.forecast"):
        assert told(catalog, 5 * GB) == 2
    (line,) = caplog.messages
    assert line.startswith("2 trainings side by side need at most 2.")
    assert "inception_resnet_v2" in line
    assert line.endswith("; 5.00 GB free")


def test_workers_that_do_not_fit_are_not_started(catalog, caplog):
    assert told(catalog, 2 * GB, workers=4) == 1
    assert "1 instead of 4" in caplog.text
    assert told(catalog, 4 * GB, workers=4) in (2, 3)


def test_what_does_not_fit_at_all_ends_before_it_begins(catalog):
    with pytest.raises(MemoryShortageError, match=r"one training needs at most 1\.\d+ GB.*but 0.50 GB are free.*batch"):
        told(catalog, GB // 2)


def test_as_many_as_were_asked_for_or_none(catalog):
    assert told(catalog, 4 * GB, devices=("cpu", "cpu")) == 2
    with pytest.raises(MemoryShortageError, match=r"2 trainings side by side .*devices=cpu for one"):
        told(catalog, 2 * GB, devices=("cpu", "cpu"))


def test_a_larger_batch_needs_more(parameters):
    def need(batch_size):
        values = {**parameters["train_classifiers"], "batch_size": batch_size}
        catalog = DataCatalog({"params:train_classifiers": MemoryDataset(values)})
        (node,) = trainings("ccrt", "resnet50", "image")
        return Forecast(catalog).need(node)

    assert need(64).activations == 4 * need(16).activations


def test_images_that_are_stored_count_as_they_are(catalog):
    (node,) = trainings("ccrt", "resnet50", "image")
    expected = Forecast(catalog).need(node)
    table = pd.DataFrame({"arm": ["CCRT"] * 6000 + ["IC+CCRT"] * 10, "patient_key": ["a"] * 6010})
    catalog["train_crops"] = MemoryDataset(table)
    assert Forecast(catalog).need(node).images > 10 * expected.images
    with pytest.raises(MemoryShortageError, match=r"train_classifiers\.ccrt\.resnet50\.image\.train: images 0\.4"):
        Forecast(catalog, free=lambda _: 600_000_000).check(node)
    Forecast(catalog, free=lambda _: 2 * GB).check(node)


def test_a_card_that_does_not_tell_is_trusted(catalog):
    assert told(catalog, None, devices=("cuda:0", "cuda:1")) == 2


def test_the_runner_asks_before_any_node_runs(parameters, monkeypatch):
    configure_project("npc_kedro")
    monkeypatch.setattr(machine, "free_bytes", lambda: GB // 10)
    monkeypatch.setattr(StudyRunner, "_validate_catalog", lambda *_: None)  # which wants everything on disk
    monkeypatch.setattr(StudyRunner, "_execute", lambda *_: pytest.fail("a node was about to run"))
    datasets = {"params:train_classifiers": MemoryDataset(parameters["train_classifiers"])}
    datasets |= {"crops": MemoryDataset(), "train_crops": MemoryDataset()}
    with pytest.raises(MemoryShortageError, match=r"0\.10 GB are free"):
        StudyRunner(max_workers=1).run(train_classifiers.create_pipeline(), SharedMemoryDataCatalog(datasets))
