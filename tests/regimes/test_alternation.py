"""Measures of taking turns on sequences whose answers are known, and their nulls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.regimes.simulations.alternation import (
    alternation,
    beside_strangers,
    changes,
    heard,
    joint,
    mutual_information,
    phase,
    phase_locking,
    shifted_locking,
    transfer_entropy,
)

changes, phase, phase_locking, shifted_locking = map(jax.jit, (changes, phase, phase_locking, shifted_locking))
heard = jax.jit(heard)
joint = jax.jit(joint, static_argnames="kinds")
alternation, mutual_information, transfer_entropy = map(jax.jit, (alternation, mutual_information, transfer_entropy))
pytestmark = pytest.mark.usefixtures("compiled_quickly")
RNG = np.random.default_rng(4)


def acts(*rounds: int) -> jax.Array:
    return jnp.array(rounds, jnp.int32)


def test_alternation_by_hand():
    """Solo events: A, B, B, A, B; a round of both, one of none and one that does not count are passed over."""
    first, second = acts(1, 1, 0, 0, 0, 1, -1, 0), acts(0, 1, 1, 0, 1, 0, 0, 1)
    counted = changes(first, second)
    assert (float(counted.changes), float(counted.chances)) == (3, 4)
    found = alternation(counted)
    assert float(found["alternation"]) == pytest.approx(3 / 4)
    assert float(found["alternation_null"]) == pytest.approx(2 * 2 * 3 / (5 * 4))


def test_taking_turns_is_all_changes_and_swapping_seats_changes_nothing():
    first = jnp.tile(acts(1, 0), 20)
    found = alternation(changes(first, 1 - first))
    assert float(found["alternation"]) == 1
    assert float(found["alternation_z"]) > 5
    one, other = (jnp.asarray(RNG.integers(0, 2, 200), jnp.int32) for _ in range(2))
    assert changes(one, other) == changes(other, one)


def test_nobody_takes_turns_alone():
    found = alternation(changes(acts(1, 1, 1), acts(0, 0, 0)))
    assert float(found["alternation"]) == 0 and np.isnan(float(found["alternation_z"]))
    assert np.isnan(float(alternation(changes(acts(1, 0), acts(0, 0)))["alternation"]))


def test_the_null_is_that_of_permutations():
    """300 permutations of 60 events: mean within three standard errors, spread within a tenth."""
    owners = RNG.permuted(np.tile(np.arange(60) < 18, (300, 1)), axis=1).astype(np.int32)
    counted = jax.vmap(changes)(jnp.asarray(owners), jnp.asarray(1 - owners))
    moved = np.asarray(counted.changes)
    mean, deviation = float(counted.mean[0]), float(counted.variance[0]) ** 0.5
    assert abs(moved.mean() - mean) < 3 * deviation / 300**0.5
    assert moved.std() == pytest.approx(deviation, rel=0.12)  # three standard errors of a deviation of 300


def test_alternation_of_independent_players():
    """One of them has .3 of the solo events: 2w(1 − w) = .42, within three standard errors (.013)."""
    first = RNG.random(40_000) < 0.3
    second = ~first
    found = alternation(changes(*(jnp.asarray(each, jnp.int32) for each in (first, second))))
    assert float(found["alternation"]) == pytest.approx(0.42, abs=0.008)
    assert abs(float(found["alternation_z"])) < 3


def test_phases_run_from_event_to_event():
    found = np.asarray(phase(acts(0, 1, 0, 0, 0, 1, 0, 1, 0)))
    np.testing.assert_allclose(found[1:7], 2 * np.pi * np.array([0, 0.25, 0.5, 0.75, 0, 0.5]), atol=1e-6)
    assert np.isnan(found[[0, 7, 8]]).all()


def test_events_of_one_period_are_locked_whatever_their_distance():
    first = jnp.asarray(np.arange(200) % 8 == 0, jnp.int32)
    second = jnp.roll(first, 3)
    assert float(phase_locking(phase(first), phase(second))) == pytest.approx(1, abs=1e-6)
    assert np.isnan(float(phase_locking(phase(first), phase(0 * first))))


def test_locking_of_independent_phases():
    """Its mean is √(π/4N): 400 pairs of 100 phases, within three standard errors."""
    one, other = (jnp.asarray(2 * np.pi * RNG.random((400, 100)), jnp.float32) for _ in range(2))
    found = np.asarray(jax.vmap(phase_locking)(one, other))
    assert found.mean() == pytest.approx(np.sqrt(np.pi / 400), abs=3 * float(found.std()) / 20)


def test_shifts_of_what_is_locked_are_less_so():
    times = np.cumsum(RNG.integers(2, 9, 80))
    first = np.zeros(times[-1] + 1, np.int32)
    first[times] = 1
    one = phase(jnp.asarray(first))
    null = np.asarray(shifted_locking(one, one))
    assert float(phase_locking(one, one)) == pytest.approx(1, abs=1e-6)
    assert null.max() < 0.6
    assert len(null) == len([shift for shift in range(len(one)) if 0.1 <= shift / len(one) <= 0.9])
    first_shift = -(-len(one) // 10)
    for place in (0, 40):
        by_hand = phase_locking(one, jnp.roll(one, first_shift + place))
        assert null[place] == pytest.approx(float(by_hand), abs=1e-5)


def test_information_by_hand():
    """A copied fair coin has ln 2, less 1/2N."""
    coin = jnp.tile(acts(0, 1), 50)
    assert float(mutual_information(joint(coin, coin))) == pytest.approx(np.log(2) - 1 / 200, abs=1e-6)
    assert float(mutual_information(joint(coin, acts(0, 0, 1, 1).repeat(25)))) == pytest.approx(-1 / 200, abs=1e-3)
    assert joint(acts(0, 1, -1, 1), acts(1, 1, 1, 0)).tolist() == [[0, 1], [1, 1]]


def test_information_of_independent_players_is_none():
    """Four acts, 1,000 rounds: 9/2N = .0045 is taken off, and what is left is 0 within three standard errors."""
    one, other = (jnp.asarray(RNG.integers(0, 4, (200, 1000)), jnp.int32) for _ in range(2))
    found = np.asarray(jax.vmap(lambda a, b: mutual_information(joint(a, b, kinds=4)))(one, other))
    assert abs(found.mean()) < 3 * found.std() / 200**0.5 < 0.001


def test_transfer_is_beyond_ones_own_past():
    """Who repeats itself tells nothing that its past did not; who copies the other tells ln 2."""
    other = jnp.asarray(RNG.integers(0, 2, 4000), jnp.int32)
    own = jnp.asarray(RNG.integers(0, 2, 4000), jnp.int32)
    copies, repeats = (float(transfer_entropy(joint(each, other, own))) for each in (other, own))
    assert copies == pytest.approx(np.log(2), abs=0.005)
    assert repeats == pytest.approx(0, abs=0.002)


def test_strangers_say_nothing():
    """Each pair answers its own partner, half an hour of one bit: the next pair's acts are independent of it."""
    first = jnp.asarray(RNG.integers(0, 2, (100, 40)), jnp.int32)
    found = heard(first, 1 - first)
    assert float(found["act_mi"]) > 0.3
    assert abs(float(found["act_mi_null"])) < 0.002 and abs(float(found["transfer_null"])) < 0.002


def test_among_strangers_by_hand():
    """Of 40 pairs two have rounds: they copy, strangers do not; a lone pair has no strangers."""
    first = jnp.asarray(RNG.integers(0, 2, (100, 40)), jnp.int32).at[:, 1:39].set(-1)
    assert float(heard(first, first)["transfer_p"]) == pytest.approx(1 / 2), "of two pairings the true one"
    alone = heard(first.at[:, 0].set(-1), first)
    assert np.isnan([float(alone[name]) for name in ("transfer_z", "transfer_p")]).all()


def test_who_does_not_listen_is_a_stranger_too():
    """400 times 16 pairs with habits of their own: p is uniform over sixteenths, z has mean 0: within 3 SE."""
    acts = jnp.asarray(RNG.random((400, 2, 64, 16)) < RNG.random((400, 2, 1, 16)), jnp.int32)
    found = jax.jit(jax.vmap(beside_strangers))(acts[:, 0], acts[:, 1])
    p, z = np.asarray(found["transfer_p"]), np.asarray(found["transfer_z"])
    assert p.min() == 1 / 16 and p.max() == 1
    assert p.mean() == pytest.approx(17 / 32, abs=3 * 0.288 / 20)
    assert np.mean(p <= 0.25) == pytest.approx(0.25, abs=3 * (0.25 * 0.75 / 400) ** 0.5)
    assert abs(z.mean()) < 3 * z.std() / 20


def test_who_listens_is_none():
    """The chain at κ = 2, where acts are the opposite with probability σ(2): no pairing with strangers says as much."""
    opposite = RNG.random((2 * 100, 40)) < 1 / (1 + np.exp(-2))
    sequence = jnp.asarray(np.cumsum(opposite, axis=0) % 2, jnp.int32).reshape(100, 2, 40)
    found = heard(sequence[:, 0], sequence[:, 1])
    assert float(found["transfer_p"]) == np.float32(1 / 40) and float(found["transfer_z"]) > 10
