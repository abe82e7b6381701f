"""Dropout: the right rate, independent between members, steps, layers, units and rows; padding has no part in it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.models.base import Site
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member
from mirrorjax.regimes.descent import dropout_gates
from tests.chance import assert_share, assert_uncorrelated
from tests.networks import values_of

PUBLISHED = MLP(width=17, depth=2).sites
STEPS = 4096


@functools.partial(jax.jit, static_argnums=(0, 2, 3))
def _gates(sites, values, steps, batch):
    gates = jax.vmap(lambda step: dropout_gates(sites, values, step, batch))(jnp.arange(steps, dtype=jnp.uint32))
    return jnp.stack([gates[site.name] for site in sites], 1)


def gates(member: Member, steps: int = 64, sites: tuple[Site, ...] = PUBLISHED, batch: int = 32) -> np.ndarray:
    """[steps, depth, width, batch]."""
    return np.asarray(_gates(sites, values_of(member), steps, batch))


@pytest.mark.parametrize("rate", [0.0, 0.12, 0.5, 0.9])
def test_rate_and_scale(rate):
    drawn = gates(Member(dropout=rate), steps=512)
    kept = drawn > 0
    if rate == 0.0:
        assert (drawn == 1).all()
    else:
        assert_share(kept, 1 - rate)
        assert (drawn[kept] == np.float32(1) / (np.float32(1) - np.float32(rate))).all()
        assert not drawn[~kept].any()


@pytest.mark.parametrize(("sites", "batch"), [(PUBLISHED, 32), (MLP(width=8, depth=3).sites, 64)])
def test_layers_units_and_rows_are_independent(sites, batch):
    """All gates of a step against one another, 2 x 17 x 32 or 3 x 8 x 64 of them, over 4,096 steps."""
    kept = (gates(Member(dropout=0.5), STEPS, sites, batch) > 0).reshape(STEPS, -1)
    assert_uncorrelated(kept.astype(np.float32))


def test_steps_are_independent():
    kept = (gates(Member(dropout=0.5), STEPS, batch=8) > 0).reshape(STEPS, -1).astype(np.float32)
    for lag in (1, 2, 64):
        assert_uncorrelated(np.concatenate([kept[lag:], kept[:-lag]], axis=1))


def test_members_are_independent():
    members = [Member(dropout=0.5, seed=seed) for seed in (0, 1, 1 << 20)]
    members += [Member(dropout=0.5, seed=0, dropout_seed=5), Member(dropout=0.5, seed=0, width=16)]
    kept = [(gates(member, STEPS, batch=8) > 0)[:, :, :16].reshape(STEPS, -1) for member in members]
    assert_uncorrelated(np.concatenate(kept, axis=1).astype(np.float32))


def test_the_same_draw_at_another_rate_is_another_members():
    """A rate is part of a member's identity: no common random numbers by accident."""
    one, other = gates(Member(dropout=0.5), 512) > 0, gates(Member(dropout=0.4), 512) > 0
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4.5 / np.sqrt(one.size)


def test_the_order_seed_does_not_change_dropout():
    assert np.array_equal(gates(Member(order_seed=9)), gates(Member()))
    assert not np.array_equal(gates(Member(dropout_seed=9)), gates(Member()))


def test_padding_does_not_change_the_gates():
    member = Member(width=17)
    own = gates(member)
    padded = gates(member, sites=MLP(width=24, depth=2).sites, batch=64)
    assert np.array_equal(padded[:, :, :17, :32], own)
    assert not padded[:, :, 17:].any()
    deeper = gates(member, sites=MLP(width=17, depth=3).sites)
    assert np.array_equal(deeper[:, :2], own)
