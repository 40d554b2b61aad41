"""Who is in which step."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from npc_kedro.training.batches import even_chunks, pack, shuffled_batches


def test_batches_are_even_and_hold_everyone_once():
    batches = shuffled_batches(17, 8, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [6, 6, 5]
    assert sorted(np.concatenate(batches)) == list(range(17))


def test_packing_by_hand():
    assert pack([3, 3, 3, 9, 2, 1], 6) == [[0, 1], [2], [3], [4, 5]]
    assert pack([5, 1], 5) == [[0, 1]]  # a lone slice joins: batch norm needs two
    assert pack([1, 5], 5) == [[0, 1]]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), st.integers(4, 16))
def test_packing_keeps_order_and_bounds(sizes, limit):
    groups = pack(sizes, limit)
    assert [bag for group in groups for bag in group] == list(range(len(sizes)))
    for group in groups:
        load = sum(sizes[bag] for bag in group)
        assert load > 1 or sizes == [1]
        chunks = even_chunks(load, limit)
        lengths = [chunk.stop - chunk.start for chunk in chunks]
        assert sum(lengths) == load
        assert max(lengths) <= limit
        assert max(lengths) - min(lengths) <= 1
