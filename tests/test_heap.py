"""Freed memory: kept for the next step, handed back when there is too much of it."""

import multiprocessing

import pytest

from npc_kedro import heap

GLIBC = pytest.mark.skipif(heap._glibc() is None, reason="needs glibc")


@GLIBC
def test_a_repeated_step_stops_asking_the_system_for_memory():
    kept, given_back = (
        _in_a_process_of_its_own(_faults_of_later_steps, keep=True),
        _in_a_process_of_its_own(_faults_of_later_steps, keep=False),
    )
    assert kept < 0.1 * given_back


@GLIBC
def test_what_is_kept_is_handed_back_when_asked():
    before, kept, after = _in_a_process_of_its_own(_sizes)
    assert kept - before > 90_000_000
    assert after - before < 10_000_000


@GLIBC
def test_steps_that_do_not_fit_the_places_of_earlier_ones_are_bounded():
    unbounded, before, _ = _in_a_process_of_its_own(_growing_steps, growth=100.0)
    assert unbounded > before + 1.8 * _STEP_BYTES  # else there is nothing to bound
    bounded, before, releases = _in_a_process_of_its_own(_growing_steps, growth=1.05)
    assert releases > 0
    assert bounded < 1.05 * (before + _STEP_BYTES) + 0.5 * _STEP_BYTES


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


def _faults_of_later_steps(keep):
    import resource

    import numpy as np

    if keep:
        heap.keep_all()
    for step in range(8):
        blocks = [np.ones(8_000_000) for _ in range(3)]
        del blocks
        if step == 1:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def _sizes():
    import numpy as np

    heap.keep_all()
    before = heap.resident_bytes()
    block = np.ones(12_500_000)
    del block
    kept = heap.resident_bytes()
    heap.release()
    return before, kept, heap.resident_bytes()


_STEP_BYTES = 4 * 70e6


def _growing_steps(growth):
    import torch

    heap.keep_all()
    before, largest = heap.resident_bytes(), 0
    bound = heap.Bound(growth)
    for step in range(50):  # aligned blocks, each a little larger than the place of the one before it
        held = [torch.ones(12_500_000 + 100_000 * step + 1_000 * i) for i in range(4)]
        del held
        bound.after_step()
        largest = max(largest, heap.resident_bytes())
    return largest, before, bound.releases


def _in_a_process_of_its_own(function, **named):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (), named)
