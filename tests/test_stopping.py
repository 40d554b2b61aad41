"""A run that is told to stop: by Ctrl-C, or by a scheduler."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

import test_runner
from npc_kedro.stopping import Stopped, before_the_end, heeded, require_going_on

STOPPED = """
import sys
sys.path.insert(0, {tests!r})
import test_runner as t
from npc_kedro.stopping import Stopped, before_the_end, heeded
t.configure_project("npc_kedro")
try:
    with heeded():
        before_the_end(lambda: print("last words", flush=True))
        t.StudyRunner(max_workers=2).run(t.fan(t.sleep_in_a_child), t.catalog(t.Path({folder!r})))
except Stopped as stopped:
    print(stopped)
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files with a short name: a socket's may have 107 characters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("tell", [os.kill, os.killpg], ids=["process", "group"])
def test_a_stopped_runner_ends_its_workers_and_clears_up_without_a_traceback(tmp_path, scratch, number, tell):
    script = STOPPED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    environment = os.environ | {"NPC_TEST_FOLDER": str(tmp_path), "TMPDIR": str(scratch)}
    words = [sys.executable, "-c", script]
    run = subprocess.Popen(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    workers = test_runner._until(lambda: [path for path in tmp_path.glob("*.pid") if path.read_text()], at_least=2)
    assert list(scratch.glob("npc-progress-*"))
    pids = [process.pid for process in psutil.Process(run.pid).children(recursive=True)]
    assert {int(text) for path in workers for text in (path.stem, path.read_text())} <= set(pids)
    tell(run.pid, number)
    output, _ = run.communicate(timeout=60)
    assert output.splitlines() == ["last words", number.name]
    assert run.returncode == 0
    assert not list(scratch.glob("npc-progress-*"))
    test_runner._until(lambda: [1] * (not [pid for pid in pids if test_runner._alive(pid)]), at_least=1)
    assert not [pid for pid in pids if test_runner._alive(pid)]


def test_a_signal_that_comes_twice_at_once_is_one():
    def stopped() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Stopped, match="SIGTERM"), heeded():
        stopped()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_later_one_ends_the_process_whatever_it_is_at():
    code = (
        "import os, time; from npc_kedro import stopping; stopping._ECHO_SECONDS = 0.1\n"
        "with stopping.heeded():\n"
        "    try:\n        os.kill(os.getpid(), 15)\n"
        "    finally:\n        time.sleep(0.2); os.kill(os.getpid(), 15); time.sleep(60)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGTERM


class Destroyed:
    """Told to stop within its destructor, whose exceptions Python shows and forgets."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_within_a_destructor_is_not_lost():
    def works() -> None:
        Destroyed()
        require_going_on()
        pytest.fail("goes on")

    with pytest.raises(Stopped, match="SIGTERM"), heeded():
        works()
    with pytest.raises(Stopped, match="SIGTERM"), heeded():
        Destroyed()
    require_going_on()


def test_what_other_code_makes_of_a_signal_does_not_count():
    words = []

    def reads() -> None:
        before_the_end(lambda: words.append("last"))
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as error:
            msg = "this is no configuration"
            raise ValueError(msg) from error

    with pytest.raises(Stopped, match="SIGTERM"), heeded():
        reads()
    assert words == ["last"]
    with pytest.raises(ValueError, match="nothing was told"), heeded():
        raise ValueError("nothing was told")


def test_a_signal_that_was_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeded():
            os.kill(os.getpid(), signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
