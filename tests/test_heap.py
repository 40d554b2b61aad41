"""Freed memory: kept for the next step, handed back when there is too much of it."""

import pytest

from heap_steps import (
    GROWING_STEP_BYTES,
    faults_of_later_steps,
    growing_steps,
    in_a_process_of_its_own,
    sizes_around_a_block,
)
from npc_kedro import heap

GLIBC = pytest.mark.skipif(heap._glibc() is None, reason="needs glibc")


@GLIBC
def test_a_repeated_step_stops_asking_the_system_for_memory():
    kept = in_a_process_of_its_own(faults_of_later_steps, keep=True)
    given_back = in_a_process_of_its_own(faults_of_later_steps, keep=False)
    assert kept < 0.1 * given_back


@GLIBC
def test_what_is_kept_is_handed_back_when_asked():
    before, kept, after = in_a_process_of_its_own(sizes_around_a_block)
    assert kept - before > 90_000_000
    assert after - before < 10_000_000


@GLIBC
def test_steps_that_do_not_fit_the_places_of_earlier_ones_are_bounded():
    unbounded, before, _ = in_a_process_of_its_own(growing_steps, growth=100.0)
    assert unbounded > before + 1.5 * GROWING_STEP_BYTES  # else there is nothing to bound
    bounded, before, releases = in_a_process_of_its_own(growing_steps, growth=1.05)
    assert releases > 0
    assert bounded < 1.05 * (before + GROWING_STEP_BYTES) + 0.5 * GROWING_STEP_BYTES


def test_the_bound_learns_from_steps_that_start_without_freed_memory(monkeypatch):
    sizes = iter([100, 120, 126, 140, 174, 176, 141])
    released = []
    monkeypatch.setattr(heap, "resident_bytes", lambda: next(sizes))
    monkeypatch.setattr(heap, "release", lambda: released.append(True))
    bound = heap.Bound()
    told = []
    for _ in range(7):
        bound.after_step()
        told.append(bound.releases)
    assert told == [0, 0, 1, 1, 1, 2, 2]
    assert len(released) == 3  # one at first
