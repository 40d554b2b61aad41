"""Provenance names no folder of the machine, and the cohort's hash sees every change."""

import sys
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ingest_bench import shipped_parameters
from npc_kedro.tracking.provenance import cohort_hash, command_line, flatten


def test_the_command_keeps_its_words_but_no_absolute_folder(monkeypatch):
    monkeypatch.setattr(
        sys, "argv", ["/opt/bin/kedro", "run", "--params", "cohort_root=/home/anna/Li Wei export,seed=3"]
    )
    told = command_line()
    assert told.startswith("kedro run --params")
    assert told == "kedro run --params cohort_root=<path>,seed=3"


def test_flatten_joins_keys_with_dots_and_hides_folders():
    flat = flatten({"a": {"b": 1, "c": {"d": [1, 2]}}, "weights": "/home/anna/weights"})
    assert flat == {"a.b": "1", "a.c.d": "[1, 2]", "weights": "<path>"}


def test_the_cohort_hash_sees_slices_outcomes_and_not_row_order():
    slices = pd.DataFrame({"pixels_sha256": ["aa", "bb"]})
    patients = pd.DataFrame({"patient_key": ["1", "2"], "arm": ["CCRT", "IC+CCRT"], "residual_tumor": [0, 1]})
    first = cohort_hash(slices, patients)
    assert first == cohort_hash(slices.iloc[::-1], patients.iloc[::-1])
    assert first != cohort_hash(slices, patients.assign(residual_tumor=[1, 1]))
    assert first != cohort_hash(pd.DataFrame({"pixels_sha256": ["aa", "bc"]}), patients)


_PARTS = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]) | st.sampled_from("'\" ,=:[]~\\.-"),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("key", ["cohort_root", "ingest.scratch", "anything"])
@pytest.mark.parametrize("joined", [True, False])
@given(parts=st.lists(_PARTS, min_size=1, max_size=3), root=st.sampled_from(["", "/", "./", "../", "~/", "C:\\"]))
@settings(max_examples=60, deadline=None)
def test_no_part_of_a_folders_name_is_kept(key: str, joined: bool, parts: list[str], root: str) -> None:
    path = f"{root}ZZPLANT{'/'.join(parts)}/exportZZPLANT"
    assume(key != "anything" or "," not in path)  # where it ends, and another parameter begins, is not known
    given = f"seed=3,{key}={path}"
    words = ["/opt/bin/kedro", "run", *([f"--params={given}"] if joined else ["--params", given]), "--env=paper"]
    with patch.object(sys, "argv", words):
        told = command_line()
    assert told.startswith("kedro run --params")
    assert "seed=3" in told
    assert "ZZPLANT" not in told
    assert told.endswith("--env=paper")
    assert "ZZPLANT" not in str(flatten({"globals": {key.rpartition(".")[2]: path}}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("cohort_root=Wang", "cohort_root=<path>"),
        ("cohort_root=", "cohort_root="),
        ("cohort_root=data/Wang/export,seed=3", "cohort_root=<path>,seed=3"),
        ("cohort_root=/x/o'Brien, Jane/export,seed=3", "cohort_root=<path>,seed=3"),
        ("cohort_root:/x/Wang,seed:3", "cohort_root:<path>,seed:3"),
        ("classifier.weights=weights_of_wang", "classifier.weights=<path>"),
        ("classifier.weights=hub,devices=cuda:0+cuda:1", "classifier.weights=hub,devices=cuda:0+cuda:1"),
    ],
)
def test_what_is_kept_of_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights_of_wang").mkdir()
    monkeypatch.setattr(sys, "argv", ["kedro", "run", "--params", given, "--conf-source", "wang"])
    assert command_line() == f"kedro run --params {told} --conf-source <path>"


def test_the_studys_own_parameters_are_kept() -> None:
    flat = flatten({"ingest": shipped_parameters()})
    assert [name for name, text in flat.items() if "<path>" in text] == ["ingest.scratch", "ingest.pseudonym_key_file"]
