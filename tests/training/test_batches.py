"""Which rows a member sees: each at most once a pass, in an order of its own that changes from pass to pass."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes.descent import batch_indices
from tests.chance import Z_LIMIT, assert_counts, assert_uncorrelated

ROWS = 1003  # no multiple of a batch
HASH = "0123456789abcdef"


@functools.partial(jax.jit, static_argnums=(2, 3))
def _rows(values, steps, batch, train_rows):
    return jax.vmap(lambda step: batch_indices(values, step, batch, train_rows))(steps)


def rows_seen(member: Member, first: int, steps: int, batch: int = 32, train_rows: int = ROWS) -> np.ndarray:
    """Row numbers [steps, the member's batch size]."""
    values = jax.tree.map(lambda x: x[0], stack_values([member], HASH))
    numbers = first + jnp.arange(steps, dtype=jnp.uint32)
    return np.asarray(_rows(values, numbers, batch, train_rows))[:, : member.batch_size].astype(int)


@pytest.mark.parametrize("batch_size", [20, 25, 32])
def test_no_row_twice_in_a_pass(batch_size):
    member = Member(batch_size=batch_size)
    steps = ROWS // batch_size
    for number in (0, 1, 7):
        seen = rows_seen(member, number * steps, steps).ravel()
        assert len(seen) == len(np.unique(seen)) == steps * batch_size
        assert seen.min() >= 0 and seen.max() < ROWS


def test_the_rows_left_out_are_others_each_pass():
    """Of 1,003 rows a pass of 40 batches of 25 leaves out 3; after 30 passes every row has been seen."""
    passes = [rows_seen(Member(), 40 * number, 40) for number in range(30)]
    left_out = [set(range(ROWS)) - set(seen.ravel().tolist()) for seen in passes]
    assert all(len(rows) == 3 for rows in left_out)
    assert len(set().union(*left_out)) > 60  # of 90; the same 3 each time would be 3
    assert not set.intersection(*left_out)


def test_passes_and_members_have_orders_of_their_own():
    """Of two unrelated orders of 1,003 rows one place agrees on average; 8 or more come once in a million pairs."""
    orders = [rows_seen(Member(seed=seed), 40 * number, 40).ravel() for seed in (0, 1) for number in (0, 1, 2)]
    for i, one in enumerate(orders):
        for other in orders[:i]:
            assert np.sum(one == other) < 8
            assert abs(np.corrcoef(one, other)[0, 1]) < Z_LIMIT / np.sqrt(len(one))


def test_an_order_is_uniform():
    """Where 2,000 members' first row lies, and that it tells nothing of their second."""
    stacked = stack_values([Member(seed=seed) for seed in range(2000)], HASH)
    seen = jax.jit(jax.vmap(lambda values: batch_indices(values, jnp.uint32(0), 32, 50_000)))(stacked)
    seen = np.asarray(seen).astype(float)
    assert_counts(np.histogram(seen[:, 0], bins=20, range=(0, 50_000))[0], np.full(20, 0.05))
    assert_counts(np.histogram(seen[:, :25], bins=20, range=(0, 50_000))[0], np.full(20, 0.05))
    assert_uncorrelated(seen[:, :25])


def test_shared_order_is_all_members_order():
    shared = [Member(seed=seed, data_order="shared", dropout=0.1 * seed, width=8 + seed) for seed in range(3)]
    seen = [rows_seen(member, 38, 5) for member in shared]  # over the end of a pass
    assert np.array_equal(seen[0], seen[1]) and np.array_equal(seen[0], seen[2])
    assert not np.array_equal(seen[0], rows_seen(Member(seed=0), 38, 5))
    assert not np.array_equal(seen[0], rows_seen(Member(data_order="shared", order_seed=1), 38, 5))
    assert not np.array_equal(rows_seen(Member(seed=0), 38, 5), rows_seen(Member(seed=1), 38, 5))


def test_the_compiled_batch_does_not_change_the_rows():
    member = Member(batch_size=20)
    assert np.array_equal(rows_seen(member, 0, 60, batch=32), rows_seen(member, 0, 60, batch=64))


def test_a_batch_may_be_all_rows():
    seen = rows_seen(Member(batch_size=32), 0, 3, train_rows=32)
    assert [sorted(step) for step in seen.tolist()] == [list(range(32))] * 3
    assert len({tuple(step) for step in seen.tolist()}) == 3


def test_late_steps_stay_in_range():
    """Ten million steps of 25 rows: 5,951 passes over 42,000 rows."""
    seen = rows_seen(Member(), 10_000_000, 4, train_rows=42_003)
    assert seen.min() >= 0 and seen.max() < 42_003 and len(np.unique(seen)) == 100
