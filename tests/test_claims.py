"""Runs at the same moment: side by side where they share nothing but what they read, otherwise one of them."""

import errno
import itertools
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import environment_of, kedro
from npc_kedro import claims
from npc_kedro.claims import Work, claim
from npc_kedro.errors import BusyError
from npc_kedro.hooks.results_claim import work_of
from npc_kedro.pipeline_registry import register_pipelines

CLAIMING = """
import sys
from pathlib import Path
from npc_kedro.claims import Work, claim
claim(Path(sys.argv[1]), Work(frozenset({"crops"}), frozenset()), command="kedro run --pipelines=crop")
print("claimed", flush=True)
input()
"""


def work(writes: str = "", reads: str = "") -> Work:
    return Work(frozenset(writes.split()), frozenset(reads.split()))


@pytest.fixture
def cropping(tmp_path: Path):
    """A run in another process that writes ``crops``."""
    words = [sys.executable, "-c", CLAIMING, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


@pytest.mark.parametrize("second", [work("crops boxes"), work("model", reads="crops")])
def test_the_second_run_on_the_same_results_is_told_who_runs_and_since_when(tmp_path, cropping, second):
    with pytest.raises(BusyError) as raised:
        claim(tmp_path, second, command="kedro run")
    about = json.loads(next((tmp_path / ".runs").glob("*.json")).read_text())
    told = f"'kedro run --pipelines=crop', since {about['since']}, process {cropping.pid} on {about['machine']}"
    assert told in str(raised.value)
    assert "writes or reads: crops. Wait for its end" in str(raised.value)


def test_a_killed_run_claims_nothing_any_more(tmp_path, cropping):
    cropping.kill()
    cropping.wait()
    claim(tmp_path, work("crops"), command="kedro run").give_up()
    assert [path.name for path in (tmp_path / ".runs").iterdir()] == ["lock"]


def test_what_a_run_reads_no_other_writes_meanwhile_but_others_read_it_too(tmp_path):
    held = [claim(tmp_path, work(name, reads="crops"), command="kedro run") for name in ("a", "b")]
    with pytest.raises(BusyError):
        claim(tmp_path, work("crops"), command="kedro run")
    for one in held:
        one.give_up()
    claim(tmp_path, work("crops"), command="kedro run").give_up()


def test_where_there_are_no_locks_runs_go_on_with_a_word(tmp_path, monkeypatch, caplog):
    def unknown(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(claims.fcntl, "flock", unknown)
    with caplog.at_level(logging.INFO):
        assert claim(tmp_path, work("crops"), command="kedro run") is None
    assert "cannot be seen (Function not implemented)" in caplog.text


def test_the_sixteen_trainings_go_side_by_side_but_not_beside_the_whole_study_or_themselves():
    pipelines = register_pipelines()
    works = [work_of(pipelines["train_classifiers"].only_nodes(n.name)) for n in pipelines["train_classifiers"].nodes]
    assert not [pair for pair in itertools.combinations(works, 2) if pair[0].clash(pair[1])]
    whole = work_of(pipelines["__default__"])
    assert all(one.clash(whole) and one.clash(one) for one in works)
    assert not whole.clash(work_of(pipelines["audit_published"]))


def test_kedro_run_beside_another_ends_before_it_begins(tmp_path):
    held = claim(tmp_path / "data", work("cohort"), command="kedro run --env=miniature")
    done = kedro("run", "--env=miniature", "--pipelines=simulate_cohort", environment=environment_of(tmp_path))
    held.give_up()
    assert done.returncode == 1
    assert "Error: another run is at work on the same results: 'kedro run --env=miniature', since" in done.stderr
    assert not (tmp_path / "mlflow.db").exists()
    assert not (tmp_path / "data/01_raw").exists()


def test_a_run_that_ends_while_others_look_hides_nobody(tmp_path, monkeypatch, cropping):
    """Its note is gone between the listing and the look."""
    gone = tmp_path / ".runs" / "00000000.json"
    glob = Path.glob

    def listed(folder, pattern):
        return [gone, *glob(folder, pattern)] if folder == gone.parent else glob(folder, pattern)

    monkeypatch.setattr(Path, "glob", listed)
    with pytest.raises(BusyError):
        claim(tmp_path, work("crops"), command="kedro run")
    mine = claim(tmp_path, work("other"), command="kedro run")
    assert mine is not None
    mine.give_up()
