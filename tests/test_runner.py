"""The runner: every node once, longest first, same results as Kedro's own, failures passed on."""

import os

import pytest
from kedro.framework.project import configure_project
from kedro.io import SharedMemoryDataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset

from npc_kedro import board
from npc_kedro.runner import StudyRunner, default_workers


def process_number(_: int) -> int:
    return os.getpid()


def double(value: int) -> int:
    return 2 * value


def add(*values: int) -> int:
    return sum(values)


def fail(_: int) -> int:
    msg = "the disk is full"
    raise OSError(msg)


def catalog(folder) -> SharedMemoryDataCatalog:
    names = ["start", "a", "b", "c", "total"]
    datasets = SharedMemoryDataCatalog({name: JSONDataset(filepath=str(folder / f"{name}.json")) for name in names})
    datasets.save("start", 3)
    return datasets


def fan(function=double) -> Pipeline:
    branches = [Node(function, inputs="start", outputs=name, name=f"make_{name}") for name in "abc"]
    return Pipeline([*branches, Node(add, inputs=["a", "b", "c"], outputs="total", name="add")])


@pytest.fixture(autouse=True)
def project():
    configure_project("npc_kedro")


@pytest.mark.parametrize("runner", [StudyRunner(max_workers=2), StudyRunner(max_workers=1), SequentialRunner()])
def test_same_result_whatever_the_runner(tmp_path, runner):
    datasets = catalog(tmp_path)
    hooks = None if isinstance(runner, StudyRunner) else _hooks()
    runner.run(fan(), datasets, hooks)
    assert datasets.load("total") == 18
    assert board.VARIABLE not in os.environ


def test_nodes_run_in_other_processes(tmp_path):
    datasets = catalog(tmp_path)
    StudyRunner(max_workers=2).run(fan(process_number), datasets)
    assert os.getpid() not in {datasets.load(name) for name in "abc"}


def test_a_failing_node_ends_the_run_with_its_own_error(tmp_path):
    datasets = catalog(tmp_path)
    pipeline = fan() + Pipeline([Node(fail, inputs="total", outputs="end", name="fail")])
    datasets["end"] = JSONDataset(filepath=str(tmp_path / "end.json"))
    with pytest.raises(OSError, match="the disk is full"):
        StudyRunner(max_workers=2).run(pipeline, datasets)
    assert datasets.load("total") == 18


def test_there_is_always_a_worker():
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


def _hooks():
    from kedro.framework.hooks.manager import _create_hook_manager

    return _create_hook_manager()
