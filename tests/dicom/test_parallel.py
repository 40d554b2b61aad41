"""The map over processes."""

import multiprocessing

import pytest

from npc_kedro.dicom.parallel import ordered_map


def _refuse_first(number: int) -> int:
    if number == 0:
        raise ValueError("the first")
    return number


def _square(number: int) -> int:
    return number * number


def _in_a_child() -> None:
    try:
        list(ordered_map(_refuse_first, range(4), workers=2))
    except ValueError:
        list(ordered_map(_square, range(4), workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order_of_the_tasks(workers: int) -> None:
    assert list(ordered_map(_square, range(30), workers=workers)) == [number**2 for number in range(30)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_comes_out(workers: int) -> None:
    with pytest.raises(ValueError, match="the first"):
        list(ordered_map(_refuse_first, range(4), workers=workers))


def test_a_child_that_ends_right_after_does_end() -> None:
    for _ in range(5):
        child = multiprocessing.get_context("fork").Process(target=_in_a_child)
        child.start()
        child.join(60)
        try:
            assert child.exitcode == 0
        finally:
            child.kill()
