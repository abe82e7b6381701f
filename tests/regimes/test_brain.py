"""Assembly calculus: two moments worked out by hand, and assemblies as the authors' program forms them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.regimes.brains.brain import (
    MOST,
    Fired,
    as_mask,
    balanced,
    connect,
    fired,
    overlap,
    part,
    run,
    silent,
    strength,
    winners,
)
from mirrorjax.regimes.brains.brain import step as plain_step

N, K, DENSITY, SEEDS = 1000, 50, 0.05, 8
PROJECT = (("stimulus", "area"), ("area", "area"))
STREAM = (jnp.uint32(1), jnp.uint32(2))
step = jax.jit(plain_step, static_argnames="through")


def test_two_moments_by_hand():
    """Six neurons, two fire: the stimulus drives 2 (twice) and 3 (twice), then 2 recruits 4 beside itself."""
    sent = np.zeros((6, 6), np.uint8)
    sent[0, [2, 3]], sent[1, [2, 3, 4]] = 1, 1
    inside = np.zeros((6, 6), np.uint8)
    inside[2, [2, 4]], inside[3, [4, 5]] = 1, 1
    fibres = {PROJECT[0]: jnp.asarray(sent), PROJECT[1]: jnp.asarray(inside)}
    firing = {"stimulus": fired(jnp.array([0, 1])), "area": silent(2)}

    fibres, firing = step(fibres, firing, through=PROJECT, growth=0.5, draws=STREAM)
    assert sorted(firing["area"].neurons.tolist()) == [2, 3]
    sent[np.ix_([0, 1], [2, 3])] += 1
    np.testing.assert_array_equal(fibres[PROJECT[0]], sent)
    np.testing.assert_array_equal(fibres[PROJECT[1]], inside)  # nothing had fired there

    fibres, firing = step(
        fibres, firing, through=PROJECT, growth=0.5, draws=STREAM
    )  # drives: 2 has 3 + 1, 3 has 3, 4 has 1 + 2, 5 has 1
    assert 2 in firing["area"].neurons.tolist()
    won = sorted(firing["area"].neurons.tolist())
    assert won in ([2, 3], [2, 4])  # 3 and 4 have the same drive: a draw decides
    for synapses, before in ((sent, [0, 1]), (inside, [2, 3])):
        between = np.ix_(before, won)
        synapses[between] += synapses[between] > 0
    np.testing.assert_array_equal(fibres[PROJECT[0]], sent)
    np.testing.assert_array_equal(fibres[PROJECT[1]], inside)


@pytest.mark.slow
def test_homeostasis_scales_synapses_back_to_their_number():
    """Onto neuron 0 two synapses, grown once and never: 1.5 + 1 of strength come to 2; onto 2 none."""
    synapses = jnp.array([[2, 0, 0], [1, 3, 0], [0, 0, 0]], jnp.uint8)
    (scales,) = balanced({PROJECT[1]: synapses}, 0.5).values()
    np.testing.assert_allclose(scales, [2 / 2.5, 1 / 2.25, 0.0], rtol=1e-6)
    own = {"area": fired(jnp.array([1, 2]))}
    _, plain = plain_step({PROJECT[1]: synapses}, own, PROJECT[1:], 0.5, STREAM)
    _, scaled = plain_step({PROJECT[1]: synapses}, own, PROJECT[1:], 0.5, STREAM, scales={PROJECT[1]: scales[::-1]})
    assert as_mask(plain["area"], 3).tolist() == [1, 1, 0]
    assert as_mask(scaled["area"], 3).tolist() == [0, 1, 0]  # nothing comes through a scale of 0


def test_equal_drives_are_decided_by_draws_of_their_own():
    moments = jnp.arange(200, dtype=jnp.uint32)
    chosen = jax.jit(jax.vmap(lambda moment: winners(jnp.ones(20), 5, (moment, jnp.uint32(0))).neurons))(moments)
    counts = np.bincount(np.asarray(chosen).ravel(), minlength=20)
    assert counts.min() > 25  # 50 each on average, with a standard deviation of 6


def test_a_neuron_without_drive_does_not_fire():
    which = winners(jnp.array([0.0, 2.0, 0.0, 0.0]), 2, STREAM)
    assert as_mask(which, 4).tolist() == [0, 1, 0, 0]


def test_a_closed_fibre_keeps_its_synapses():
    fibres = _connected(40)
    firing = {"stimulus": fired(jnp.arange(8)), "area": Fired(jnp.arange(8), jnp.ones(8))}
    after, _ = step(fibres, firing, through=PROJECT[:1], growth=0.1, draws=STREAM)
    assert np.array_equal(after[PROJECT[1]], fibres[PROJECT[1]])
    assert not np.array_equal(after[PROJECT[0]], fibres[PROJECT[0]])


def test_synapses_are_powers_of_the_growth():
    fibres, _ = _moments(_connected(60), _begun(8), 0.25, 6)
    grown = np.asarray(fibres[PROJECT[0]])
    assert grown.max() == 1 + 6
    np.testing.assert_allclose(
        strength(jnp.asarray(grown), 0.25)[grown > 0], 1.25 ** (grown[grown > 0] - 1.0), rtol=1e-6
    )
    assert strength(jnp.zeros(2, jnp.uint8), 0.25).tolist() == [0, 0]


def test_a_synapse_grows_no_more_than_a_byte_holds():
    fibres = {PROJECT[0]: jnp.full((4, 4), MOST - 1, jnp.uint8), PROJECT[1]: jnp.zeros((4, 4), jnp.uint8)}
    after, _ = _moments(fibres, _begun(2), 0.1, 3)
    assert np.asarray(after[PROJECT[0]]).max() == MOST


@partial(jax.jit, static_argnums=0)
def _connected(neurons: int) -> dict[tuple[str, str], jax.Array]:
    return connect(STREAM, PROJECT, neurons, 0.2)


@partial(jax.jit, static_argnums=3)
def _moments(fibres, firing, growth: float, moments: int):
    return run(fibres, firing, PROJECT, growth, STREAM, moments)


def _begun(k: int) -> dict[str, Fired]:
    return {"stimulus": fired(jnp.arange(k, dtype=jnp.int32)), "area": silent(k)}


@partial(jax.jit, static_argnums=(2, 3, 4))
@partial(jax.vmap, in_axes=(0, None, None, None, None))
def _projected(
    seed: jax.Array, growth: jax.Array, moments: int, neurons: int, firing_most: int
) -> tuple[jax.Array, ...]:
    """Support after 20 and after all moments in multiples of k, overlap of moments 10 and 11, completion from 40 %."""
    stream = (seed, jnp.uint32(7))

    def moment(state, number):
        fibres, firing, ever = state
        fibres, after = plain_step(fibres, firing, PROJECT, growth, (seed, 1000 + number))
        ever = jnp.maximum(ever, as_mask(after["area"], neurons))
        return (fibres, after, ever), (jnp.sum(ever) / firing_most, overlap(firing["area"], after["area"]))

    begun = connect(stream, PROJECT, neurons, DENSITY), _begun(firing_most), jnp.zeros(neurons)
    (fibres, firing, _), (support, same) = jax.lax.scan(moment, begun, jnp.arange(moments, dtype=jnp.uint32))
    area = firing["area"]
    back = run(fibres, {"area": part(area, 0.4)}, PROJECT[1:], growth, (seed, jnp.uint32(5)), 5, learns=False)[1][
        "area"
    ]
    return support[19], support[-1], same[10], overlap(back, area)


@pytest.fixture(scope="module")
def projected() -> dict[float, tuple[np.ndarray, ...]]:
    """Means over seeds, by growth."""
    seeds = jnp.arange(SEEDS, dtype=jnp.uint32)
    of_each = {growth: _projected(seeds, jnp.float32(growth), 30, N, K) for growth in (0.2, 0.1, 0.05, 0.025, 0.0)}
    return {growth: tuple(np.asarray(values).mean(0) for values in found) for growth, found in of_each.items()}


@pytest.mark.parametrize(
    ("growth", "support", "within"),  # of 64 other seeds: three standard errors of eight
    [(0.2, 1.53, 0.12), (0.1, 1.98, 0.20), (0.05, 2.33, 0.31), (0.025, 2.73, 0.50)],
)
def test_support_of_a_projection(projected, growth, support, within):
    after_20, after_30, same, _ = projected[growth]
    assert after_30 == pytest.approx(support, abs=within)
    if growth >= 0.05:
        assert after_30 == pytest.approx(after_20, abs=1e-6)  # it has stopped growing
        assert same > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("growth", "support", "within", "completed"),  # of a dense twin: 1.52, 2.02, 3.08; 1.00 and .90 come back
    [(0.2, 1.52, 0.15, 0.98), (0.1, 2.02, 0.3, 0.98), (0.05, 3.08, 0.5, 0.9)],
)
def test_ten_thousand_neurons(growth, support, within, completed):
    """Support of one brain lies below that of the authors' program (1.62, 2.36, 3.41), as a dense one's does."""
    (after_20,), (after_30,), _, (back,) = _projected(jnp.zeros(1, jnp.uint32), jnp.float32(growth), 30, 10_000, 100)
    assert after_30 == after_20  # it has stopped growing
    assert after_30 == pytest.approx(support, abs=within)
    assert back >= completed


def test_without_growth_no_assembly_forms(projected):
    after_20, after_30, same, completed = projected[0.0]
    assert after_30 > after_20 + 0.3
    assert same < 0.6
    assert completed <= 0.12


def test_a_part_brings_the_whole_back(projected):
    assert min(projected[growth][3] for growth in (0.2, 0.1)) >= 0.975
    assert 0.12 < projected[0.025][3] < projected[0.05][3] < projected[0.1][3]


@jax.jit
@partial(jax.vmap, in_axes=(0, None))
def _associated(seed: jax.Array, often: jax.Array) -> jax.Array:
    """Overlap in C of two assemblies that were projected there, after firing together so many times."""
    stream, growth = (seed, jnp.uint32(11)), 0.1
    first, second = ("one", "c"), ("other", "c")
    inside = ("c", "c")
    fibres = connect(stream, (first, second, inside), N, DENSITY)
    firing = {"one": fired(jnp.arange(K)), "other": fired(K + jnp.arange(K)), "c": silent(K)}
    for number, parent in enumerate((first, second)):
        fibres, _ = run(fibres, firing, (parent, inside), growth, (seed, jnp.uint32(20 + number)), 10)
    fibres, _ = run(fibres, firing, (first, second, inside), growth, (seed, jnp.uint32(30)), often)
    of_each = [
        run(fibres, firing, (parent,), growth, (seed, jnp.uint32(40)), 1, learns=False)[1]["c"]
        for parent in (first, second)
    ]
    return overlap(*of_each)


def test_assemblies_that_fire_together_come_to_overlap():
    seeds = jnp.arange(SEEDS, dtype=jnp.uint32)
    found = [float(_associated(seeds, jnp.int32(often)).mean()) for often in (1, 6, 11, 21)]
    assert found == sorted(found)
    assert found[0] < 0.15
    assert found[-1] > 0.65
