"""Assembly calculus: two moments worked out by hand, and assemblies as the authors' program forms them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.regimes.brain import Fired, as_mask, connect, fired, overlap, part, run, silent, step, winners

N, K, DENSITY, SEEDS = 1000, 50, 0.05, 8
PROJECT = (("stimulus", "area"), ("area", "area"))
STREAM = (jnp.uint32(1), jnp.uint32(2))


def test_two_moments_by_hand():
    """Six neurons, two fire: the stimulus drives 2 (twice) and 3 (twice), then 2 recruits 4 beside itself."""
    sent = np.zeros((6, 6), np.float32)
    sent[0, [2, 3]], sent[1, [2, 3, 4]] = 1, 1
    inside = np.zeros((6, 6), np.float32)
    inside[2, [2, 4]], inside[3, [4, 5]] = 1, 1
    fibres = {PROJECT[0]: jnp.asarray(sent), PROJECT[1]: jnp.asarray(inside)}
    firing = {"stimulus": fired(jnp.array([0, 1])), "area": silent(2)}

    fibres, firing = step(fibres, firing, PROJECT, 0.5, STREAM)
    assert sorted(firing["area"].neurons.tolist()) == [2, 3]
    sent[np.ix_([0, 1], [2, 3])] *= 1.5
    np.testing.assert_array_equal(fibres[PROJECT[0]], sent)
    np.testing.assert_array_equal(fibres[PROJECT[1]], inside)  # nothing had fired there

    fibres, firing = step(fibres, firing, PROJECT, 0.5, STREAM)  # drives: 2 has 3 + 1, 3 has 3, 4 has 1 + 2, 5 has 1
    assert 2 in firing["area"].neurons.tolist()
    won = sorted(firing["area"].neurons.tolist())
    assert won in ([2, 3], [2, 4])  # 3 and 4 have the same drive: a draw decides
    sent[np.ix_([0, 1], won)] *= 1.5
    inside[np.ix_([2, 3], won)] *= 1.5
    np.testing.assert_array_equal(fibres[PROJECT[0]], sent)
    np.testing.assert_array_equal(fibres[PROJECT[1]], inside)


def test_equal_drives_are_decided_by_draws_of_their_own():
    counts = np.zeros(20)
    for moment in range(200):
        counts[np.asarray(winners(jnp.ones(20), 5, (jnp.uint32(moment), jnp.uint32(0))).neurons)] += 1
    assert counts.min() > 25  # 50 each on average, with a standard deviation of 6


def test_a_neuron_without_drive_does_not_fire():
    which = winners(jnp.array([0.0, 2.0, 0.0, 0.0]), 2, STREAM)
    assert as_mask(which, 4).tolist() == [0, 1, 0, 0]


def test_a_closed_fibre_keeps_its_synapses():
    fibres = connect(STREAM, PROJECT, 40, 0.2)
    firing = {"stimulus": fired(jnp.arange(8)), "area": Fired(jnp.arange(8), jnp.ones(8))}
    after, _ = step(fibres, firing, PROJECT[:1], 0.1, STREAM)
    assert after[PROJECT[1]] is fibres[PROJECT[1]]
    assert not np.array_equal(after[PROJECT[0]], fibres[PROJECT[0]])


def test_synapses_are_powers_of_the_growth():
    fibres, _ = run(connect(STREAM, PROJECT, 60, 0.2), _begun(8), PROJECT, 0.25, STREAM, 6)
    grown = np.asarray(fibres[PROJECT[0]])
    counts = np.log(grown[grown > 0]) / np.log(1.25)
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-5)
    assert counts.max() == pytest.approx(6, abs=1e-5)


def _begun(k: int) -> dict[str, Fired]:
    return {"stimulus": fired(jnp.arange(k, dtype=jnp.int32)), "area": silent(k)}


@partial(jax.jit, static_argnums=2)
@partial(jax.vmap, in_axes=(0, None, None))
def _projected(seed: jax.Array, growth: jax.Array, moments: int) -> tuple[jax.Array, ...]:
    """Support after 20 and after all moments in multiples of k, overlap of moments 10 and 11, completion from 40 %."""
    stream = (seed, jnp.uint32(7))

    def moment(state, number):
        fibres, firing, ever = state
        fibres, after = step(fibres, firing, PROJECT, growth, (seed, 1000 + number))
        ever = jnp.maximum(ever, as_mask(after["area"], N))
        return (fibres, after, ever), (jnp.sum(ever) / K, overlap(firing["area"], after["area"]))

    begun = connect(stream, PROJECT, N, DENSITY), _begun(K), jnp.zeros(N)
    (fibres, firing, _), (support, same) = jax.lax.scan(moment, begun, jnp.arange(moments, dtype=jnp.uint32))
    area = firing["area"]
    back = run(fibres, {"area": part(area, 0.4)}, PROJECT[1:], 0.0, (seed, jnp.uint32(5)), 5)[1]["area"]
    return support[19], support[-1], same[10], overlap(back, area)
