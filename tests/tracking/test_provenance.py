"""Provenance names no folder of the machine, and the cohort's hash sees every change."""

import sys

import pandas as pd

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
