"""A member's bits are its own: whoever it is trained with, on however many devices, in whatever pieces.

And they are what a plain, single, unpadded network is trained to, step by step. All of it of one mixed population.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mirrorjax.population.plan
from mirrorjax.dataset.build import answers
from mirrorjax.dataset.row import features
from mirrorjax.population.members import Member, MemberValues
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.descent import batch_indices, dropout, dropout_gates
from mirrorjax.regimes.supervised import Supervised
from tests.networks import values_of
from tests.training import reference
from tests.training.cases import (
    RATE,
    epochs,
    largest_difference,
    no_records_differ,
    observed_run,
    population_of,
    run,
    same_bits,
    weights_of,
)

END = 200
COMPARED = (1, 6, 9, 25, 35)  # of the mixed members
TWO_LAYERS = (1, 6, 9)


@pytest.mark.parametrize("number", [1, 6, 9], ids=["published", "batch of 20", "half the rate"])
def test_a_member_alone_equals_the_member_among_others(mixed, number):
    population, checkpoints = run([mixed.members[number]], *epochs(80, END))
    assert same_bits(weights_of(population)[0], mixed.after[number])
    for alone, among in zip(checkpoints, mixed.checkpoints, strict=True):
        for name, column in alone.records.items():  # mne_layer_3 and so on are the other members'
            assert np.array_equal(column[0], among.records[name][number]), name


@pytest.mark.parametrize(
    "more", [[], pytest.param([*range(28, 40)], marks=[pytest.mark.slow, pytest.mark.nightly])], ids=["one", "two"]
)
def test_one_device_equals_two(mixed, more):
    """Blocks of one program and of two; programs over two devices are compiled apart, and give the same bits."""
    chosen = [*range(16), *more]
    population, checkpoints = run(
        [mixed.members[i] for i in chosen], *epochs(80, END), devices=2, compiler=observed_run().population.compiler
    )
    assert len(population.runners[0].state.alive.sharding.device_set) == 2
    assert all(same_bits(mixed.after[i], own) for i, own in zip(chosen, weights_of(population), strict=True))
    assert no_records_differ(mixed.checkpoints, checkpoints, chosen)


def test_the_order_of_the_population_does_not_matter(mixed):
    order = np.random.default_rng(0).permutation(len(mixed.members)).tolist()
    population, checkpoints = run([mixed.members[i] for i in order], *epochs(80, END))
    assert all(same_bits(mixed.after[i], own) for i, own in zip(order, weights_of(population), strict=True))
    assert no_records_differ(mixed.checkpoints, checkpoints, order)


def test_measured_more_often_and_in_small_pieces_the_weights_are_the_same(mixed, monkeypatch):
    """Chunks of the host loop follow the clock of the wall; here each is as small as it gets."""
    monkeypatch.setattr("mirrorjax.training.loop.CHUNK_SECONDS", 1e-9)
    members = mixed.members[:16]
    population, _ = run(members, *epochs(3, 50, 51, 120, END))
    assert all(same_bits(one, two) for one, two in zip(mixed.after[:16], weights_of(population), strict=True))


def test_a_longer_schedule_continues_a_shorter_one(mixed):
    members = mixed.members[:16]
    short, _ = run(members, *epochs(80))
    assert not any(same_bits(one, two) for one, two in zip(mixed.after[:16], weights_of(short), strict=True))
    long, checkpoints = run(members, *epochs(80, END, 300))
    assert no_records_differ(mixed.checkpoints, checkpoints[:3], list(range(16)))
    assert checkpoints[3].records["step"][0] == 300
    through, _ = run(members, *epochs(300))
    assert all(same_bits(one, two) for one, two in zip(weights_of(through), weights_of(long), strict=True))


@pytest.mark.slow
def test_a_padded_member_is_the_unpadded_one(mixed, monkeypatch):
    """Width 17 compiled as 24: the same network, other code, so perhaps other roundings (2e-6 as below)."""
    monkeypatch.setattr(mirrorjax.population.plan, "WIDTHS", (24, 32))
    without_cache = mirrorjax.population.plan._program.__wrapped__
    monkeypatch.setattr(mirrorjax.population.plan, "_program", without_cache)
    members = mixed.members[:8]
    population = population_of(members)
    for own, unpadded in zip(weights_of(population), mixed.before[:8], strict=True):
        assert same_bits(own, unpadded)  # the initial weights, bit for bit
    population, checkpoints = run(members, *epochs(80, END))
    assert population.runners[0].part.program.width == 24
    for own, unpadded in zip(weights_of(population), mixed.after[:8], strict=True):
        assert largest_difference(own, unpadded) < 2e-6
    for name, column in checkpoints[-1].records.items():
        theirs = mixed.checkpoints[-1].records[name][:8]
        if column.dtype.kind == "f":
            np.testing.assert_allclose(column, theirs, rtol=1e-4, atol=1e-6, err_msg=name)
    arrays, _ = population.weights()
    for name, width in (("hidden_1_kernel", (0,)), ("hidden_1_bias", (0,)), ("hidden_2_kernel", (0, 1))):
        for axis in width:
            padding = np.moveaxis(arrays[f"part-0/{name}"], axis + 1, 0)[17:]
            assert padding.shape[0] == 7 and not padding.any(), name
    assert not arrays["part-0/output_kernel"][..., 17:].any()


@pytest.mark.slow
def test_a_shared_data_order_is_one_order(mixed):
    """And a member's bits do not depend on with whom it shares it."""
    members = [Member(seed=seed, learning_rate=RATE, data_order="shared") for seed in range(6)]
    population, _ = run(members, *epochs(80, END))
    assert len(np.unique(np.asarray(population.runners[0].values.order).reshape(-1, 2), axis=0)) == 1
    assert len(np.unique(np.asarray(mixed.population.runners[0].values.order).reshape(-1, 2), axis=0)) == 16
    alone, _ = run(members[2:3], *epochs(80, END))
    assert same_bits(weights_of(population)[2], weights_of(alone)[0])


def supervised(member: Member) -> Supervised:
    """The regime of its program."""
    found = regime_of(program_of(member))
    assert isinstance(found, Supervised)
    return found


@functools.partial(jax.jit, static_argnums=(0, 1, 2, 3))
def draws(regime: Supervised, batch: int, train_rows: int, steps: int, values: MemberValues):
    """Row numbers [steps, batch] and gates [steps, depth, width, batch] of a member's first steps."""

    def at(step):
        gates = dropout_gates(regime.sites, values, step, batch)
        return batch_indices(values, step, batch, train_rows), jnp.stack([gates[site.name] for site in regime.sites])

    return jax.vmap(at)(jnp.arange(steps, dtype=jnp.uint32))


@jax.jit
def inputs_of(rows):
    return jax.vmap(features)(rows)


def batches_of(member: Member, dataset, steps: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Inputs, one-hot labels and dropout masks of a member's first steps, cut to its own batch and width."""
    program, regime = program_of(member), supervised(member)
    chosen, gates = draws(regime, program.batch, len(dataset.train), steps, values_of(member, dataset.content_hash))
    rows = dataset.train[np.asarray(chosen)[:, : member.batch_size].ravel()]
    inputs = np.asarray(inputs_of(jnp.asarray(rows))).reshape(steps, member.batch_size, -1)
    labels = np.eye(4, dtype=np.float32)[answers(rows)["label"]].reshape(steps, member.batch_size, 4)
    masks = np.asarray(gates)[:, :, : member.width, : member.batch_size].swapaxes(2, 3)
    return list(zip(inputs, labels, masks, strict=True))


@pytest.mark.parametrize("number", COMPARED)
def test_training_equals_the_plain_reference(mixed, dataset, number):
    """Two hundred steps (or four hundred at half the rate) of mean squared error, penalty, dropout and Keras' Adam."""
    member, before, after = mixed.members[number], mixed.before[number], mixed.after[number]
    steps = int(mixed.checkpoints[-1].records["step"][number])
    assert steps == (200 if member.learning_rate == RATE else 400)
    plain = reference.train(
        before,
        batches_of(member, dataset, steps),
        width=member.width,
        depth=member.depth,
        activation=member.activation,
        learning_rate=member.learning_rate,
        l2=member.l2,
    )
    assert largest_difference(before, after) > 0.5 * steps * member.learning_rate  # it did move
    # Nothing but rounding differs, of weights up to .7 (half a unit in the last place is 3e-8). Seen: 4e-7.
    assert largest_difference(plain, after) < 2e-6


@pytest.mark.parametrize("number", TWO_LAYERS)
def test_gradient_by_hand_in_float64(mixed, dataset, number):
    """On one step's batch with dropout and penalty. Float32 sums of a hundred terms; seen: 3e-7 of the largest."""
    member, weights = mixed.members[number], mixed.after[number]
    program, regime = program_of(member), supervised(member)

    @jax.jit
    def gradient_of(params, values, train):
        chosen = train[batch_indices(values, jnp.uint32(0), program.batch, len(train))]
        edit = dropout(regime.sites, values, jnp.uint32(0), program.batch)
        share = (jnp.arange(program.batch) < member.batch_size).astype(jnp.float32) / member.batch_size
        return jax.grad(regime.loss)(params, values, chosen, share, edit)

    found = gradient_of(weights, values_of(member, dataset.content_hash), jnp.asarray(dataset.train))
    [(inputs, labels, masks)] = batches_of(member, dataset, 1)
    expected = reference.gradient_by_hand(weights, inputs, labels, masks, member.l2)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=0, atol=2e-6 * np.abs(gradient).max(), err_msg=name)


def test_padding_rows_of_a_batch_have_no_say(mixed, dataset):
    """A batch of 20 in a program of 32: whatever the other 12 rows are, the gradient has the same bits."""
    member, weights = mixed.members[6], mixed.after[6]
    assert member.batch_size == 20 and program_of(member).batch == 32
    regime, values = supervised(member), values_of(member, dataset.content_hash)
    share = jnp.asarray([1 / 20] * 20 + [0.0] * 12, jnp.float32)

    @jax.jit
    def gradient_of(weights, rows):
        edit = dropout(regime.sites, values, jnp.uint32(0), 32)
        return jax.grad(regime.loss)(weights, values, rows, share, edit)

    rows, others = dataset.train[:32], dataset.train[100:132]
    gradient = gradient_of(weights, rows)
    same = gradient_of(weights, np.concatenate([rows[:20], others[20:]]))
    different = gradient_of(weights, np.concatenate([rows[:19], others[19:]]))
    assert all(np.array_equal(gradient[name], same[name]) for name in gradient)
    assert not any(np.array_equal(gradient[name], different[name]) for name in gradient)
