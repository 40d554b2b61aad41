"""Folders for the time that a process lives."""

import subprocess
import sys

from npc_kedro.scratch import scratch_folder

HOLDING = """
import sys
from pathlib import Path
from npc_kedro.scratch import scratch_folder
with scratch_folder("npc-test-", Path(sys.argv[1])) as folder:
    print(folder.name, flush=True)
    input()
"""


def holding(parent):
    words = [sys.executable, "-c", HOLDING, str(parent)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, parent / process.stdout.readline().strip()


def test_it_goes_with_the_block(tmp_path):
    with scratch_folder("npc-test-", tmp_path) as folder:
        assert [path.name for path in folder.iterdir()] == [".in-use"]
        (folder / "file").write_text("x")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_goes_with_the_next_and_what_a_living_one_uses_stays(tmp_path):
    (tmp_path / "npc-test-of-something-else").mkdir()
    (killed, left), (alive, used) = holding(tmp_path), holding(tmp_path)
    killed.kill()
    killed.wait()
    assert left.is_dir()
    with scratch_folder("npc-test-", tmp_path) as folder:
        assert {path.name for path in tmp_path.iterdir()} == {used.name, folder.name, "npc-test-of-something-else"}
    alive.communicate("\n")
    assert not used.exists()
