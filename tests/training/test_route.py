"""The way to a checkpoint: every block arrives, one after the other, and never goes back."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mirrorjax.training.block_order import BlockOrder

STEPS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6)


@given(STEPS, st.sampled_from([1, 2]))
def test_every_block_arrives_and_none_goes_back(steps, devices):
    begin, end = np.array(steps * devices, np.uint32).T
    order = BlockOrder(begin, end, devices)
    ways = [order.at(reached) for reached in range(order.length + 1)]
    assert np.array_equal(ways[0], begin)
    assert np.array_equal(ways[-1], np.maximum(begin, end))
    assert all((after >= before).all() for before, after in pairwise(ways))


def test_blocks_take_their_turns_and_devices_work_side_by_side():
    begin, end = np.array([0, 0, 3, 0]), np.array([4, 2, 4, 0])  # of two devices with two blocks each
    order = BlockOrder(begin, end, 2)
    assert order.length == 4 + 2
    assert [list(order.at(reached)) for reached in range(7)] == [
        [0, 0, 3, 0],
        [1, 0, 4, 0],
        [2, 0, 4, 0],
        [3, 0, 4, 0],
        [4, 0, 4, 0],
        [4, 1, 4, 0],
        [4, 2, 4, 0],
    ]
