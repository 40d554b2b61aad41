"""The job script in docs/cluster.md names each of the sixteen trainings once, and its steps are real pipelines."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from npc_kedro.pipeline_registry import register_pipelines

PAGE = (Path(__file__).parents[1] / "docs/cluster.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script is bash")
def test_the_array_covers_the_sixteen_trainings():
    (script,) = re.findall(r"```bash\n(#!/bin/bash\n.*?)```", PAGE, flags=re.DOTALL)
    first, last = map(int, re.search(r"--array=(\d+)-(\d+)", script).groups())
    dry, commands = re.subn(r"^srun .*--nodes=", "echo ", script, flags=re.MULTILINE)
    assert commands == 1
    names = [
        subprocess.run(
            ["bash", "-c", dry], env={"SLURM_ARRAY_TASK_ID": str(task)}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for task in range(first, last + 1)
    ]
    nodes = [node.name for node in register_pipelines()["train_classifiers"].nodes]
    assert sorted(names) == sorted(nodes)
    assert len(nodes) == 16


def test_the_steps_before_are_pipelines_of_this_project():
    (listed,) = re.findall(r"--pipelines=([\w,]+)\"", PAGE)
    assert set(listed.split(",")) <= set(register_pipelines())
