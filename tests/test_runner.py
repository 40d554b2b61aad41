"""The runner: every node once, longest first, same results as Kedro's own, failures passed on."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psutil
import pytest
from kedro.framework.project import configure_project
from kedro.io import SharedMemoryDataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset

from npc_kedro import board, devices
from npc_kedro.errors import WorkerError
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


def be_killed(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def wait(_: int) -> int:
    time.sleep(60)
    return 0


def lose_a_helper(_: int) -> int:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as helpers:
        return helpers.submit(be_killed, 0).result()


@pytest.mark.parametrize("function", [be_killed, lose_a_helper])
def test_a_process_ended_from_outside_ends_the_run_with_a_remedy(tmp_path, function):
    pipeline = Pipeline(
        [Node(wait, inputs="start", outputs="a", name="wait"), Node(function, inputs="start", outputs="b", name="die")]
    )
    started = time.monotonic()
    with pytest.raises(WorkerError, match=r"ended from outside.* while these nodes ran: die, wait\..*memory") as raised:
        StudyRunner(max_workers=2).run(pipeline, catalog(tmp_path))
    assert ("(SIGKILL)" in str(raised.value)) == (function is be_killed)
    assert "--params devices=cpu" in str(raised.value)
    assert time.monotonic() - started < 20
    assert not [child for child in multiprocessing.active_children() if child.name.startswith("ForkProcess")]


@pytest.fixture
def spread():
    devices.install(("cpu", "cpu"))
    yield
    devices.install(())


def see_and_wait(_: int) -> list[str]:
    """Which process this is and what it sees; long enough for the other worker to take a node, too."""
    time.sleep(0.5)
    return [str(os.getpid()), os.environ["CUDA_VISIBLE_DEVICES"], os.environ[devices.VARIABLE]]


def train_a_little(start: int) -> list[str]:
    """Weights and losses to the last bit, of a network too small to do anything else with."""
    import torch

    from npc_kedro.training.device import choose_device
    from npc_kedro.training.seeding import reproducible

    device = choose_device("auto")
    with reproducible(start, threads=1, device=device):
        network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)).to(device)
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        seen = []
        for _ in range(20):
            batch = torch.randn(32, 8, device=device)
            loss = (network(batch)[:, 0] - batch.sum(1)).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            seen.append(loss.item().hex())
    return seen


def gather(*values: list[str]) -> list[list[str]]:
    return list(values)


def gathered(function) -> Pipeline:
    branches = [Node(function, inputs="start", outputs=name, name=f"make_{name}") for name in "abc"]
    return Pipeline([*branches, Node(gather, inputs=["a", "b", "c"], outputs="total", name="gather")])


def test_one_worker_on_each_device_sees_its_own_only(tmp_path, spread):
    datasets = catalog(tmp_path)
    StudyRunner(max_workers=1).run(gathered(see_and_wait), datasets)
    processes, cards, names = zip(*datasets.load("total"), strict=True)
    assert len(set(processes)) == 2
    assert set(cards) == {""}
    assert set(names) == {"cpu"}
    assert devices.VARIABLE not in os.environ


@pytest.mark.skipif("CUDA_VISIBLE_DEVICES" in os.environ, reason="the sequential run must see what the workers see")
def test_spread_over_devices_the_numbers_are_the_sequential_runners(tmp_path, spread):
    spread_out, one_by_one = catalog(tmp_path / "a"), catalog(tmp_path / "b")
    StudyRunner().run(gathered(train_a_little), spread_out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        SequentialRunner().run(gathered(train_a_little), one_by_one, _hooks())
    assert spread_out.load("total") == one_by_one.load("total")
    assert len(set(spread_out.load("total")[0])) == 20


def test_there_is_always_a_worker():
    assert 1 <= default_workers() <= (os.cpu_count() or 1)


def _hooks():
    from kedro.framework.hooks.manager import _create_hook_manager

    return _create_hook_manager()


KILLED = """
import os, sys, time
sys.path.insert(0, {tests!r})
import test_runner as t
from kedro.framework.project import configure_project
configure_project("npc_kedro")
t.StudyRunner(max_workers=2).run(t.fan(t.sleep_in_a_child), t.catalog(t.Path({folder!r})))
"""


def sleep_in_a_child(_: int) -> int:
    """Writes down who is running, with a process of its own, and waits."""
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(120,))
    child.start()
    folder = Path(os.environ["NPC_TEST_FOLDER"])
    (folder / f"{os.getpid()}.pid").write_text(str(child.pid))
    time.sleep(120)
    return 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
def test_a_killed_runner_takes_its_workers_along(tmp_path):
    script = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    runner = subprocess.Popen([sys.executable, "-c", script], env=os.environ | {"NPC_TEST_FOLDER": str(tmp_path)})
    try:
        workers = _until(lambda: [path for path in tmp_path.glob("*.pid") if path.read_text()], at_least=2)
        descendants = [process.pid for process in psutil.Process(runner.pid).children(recursive=True)]
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    pids = [*descendants, *(int(text) for path in workers for text in (path.stem, path.read_text()))]
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in pids if _alive(pid)]


def _until(look, *, at_least):
    deadline = time.monotonic() + 60
    while len(found := look()) < at_least and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
