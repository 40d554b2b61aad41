"""The account of time: which node starts first, and what is left."""

import pytest

from npc_kedro import board, schedule
from npc_kedro.pipeline_registry import register_pipelines
from npc_kedro.schedule import Schedule, expected_seconds

LONG = "train_classifiers.ccrt.inception_resnet_v2.image.train"
SHORT = "train_classifiers.ccrt.efficientnet_b0.image.train"


def test_the_longest_training_starts_first():
    schedule = Schedule([SHORT, "split.address_crops", LONG], workers=2)
    assert sorted([SHORT, "split.address_crops", LONG], key=schedule.rank) == [LONG, SHORT, "split.address_crops"]


def test_two_trainings_that_need_much_memory_do_not_run_side_by_side_while_there_is_other_work():
    other = LONG.replace("image", "patient")
    schedule = Schedule([SHORT, LONG, other], workers=2)
    schedule.begin(LONG)
    assert sorted([other, SHORT], key=schedule.rank) == [SHORT, other]
    schedule.end(LONG)
    assert sorted([other, SHORT], key=schedule.rank) == [other, SHORT]


def test_a_pattern_needs_its_parts_in_order():
    assert expected_seconds("evaluate.ccrt.resnet50.image.predict") < expected_seconds(
        "train_classifiers.ccrt.resnet50.image.train"
    )
    assert expected_seconds("anything") == expected_seconds("something")


def test_the_share_done_counts_finished_nodes_and_parts_of_running_ones(tmp_path, monkeypatch):
    monkeypatch.setenv(board.VARIABLE, str(tmp_path))
    nodes = [f"train_classifiers.ccrt.resnet50.{unit}.train" for unit in "abcd"]
    schedule = Schedule(nodes, workers=2)
    assert schedule.share_done() == 0
    for node in nodes[:2]:
        schedule.begin(node)
    schedule.end(nodes[0])
    board.report_progress(nodes[1], 1, 2)
    assert schedule.share_done() == pytest.approx(0.375)  # one of four, and half of another
    for node in nodes[1:]:
        schedule.end(node)
    assert schedule.share_done() == 1
    assert schedule.seconds_left() == pytest.approx(0, abs=1e-6)


def test_without_a_board_nothing_is_known_and_nothing_breaks(monkeypatch):
    monkeypatch.delenv(board.VARIABLE, raising=False)
    board.report_progress("a", 1, 2)
    assert board.read_progress("a") == 0


def test_every_weight_is_that_of_a_node_there_is():
    names = [node.name for node in register_pipelines()["__default__"].nodes]
    for pattern, seconds in schedule._EXPECTED_SECONDS:
        assert any(schedule._fits(pattern, name) for name in names), (pattern, seconds)
