"""A member of a population is trained as a plain, single, unpadded network is: step by step the same weights."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.row import features
from mirrorjax.population.members import Member, MemberValues
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.descent import batch_indices, dropout, dropout_gates
from mirrorjax.regimes.supervised import Supervised
from tests.networks import values_of
from tests.training import reference
from tests.training.cases import RATE, largest_difference

COMPARED = (1, 6, 9, 25, 35)  # of the mixed members
TWO_LAYERS = (1, 6, 9)


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
    edit = dropout(regime.sites, values, jnp.uint32(0), 32)
    share = (jnp.arange(32) < 20).astype(jnp.float32) / 20
    gradient_of = jax.jit(jax.grad(lambda weights, rows: regime.loss(weights, values, rows, share, edit)))
    rows, others = jnp.asarray(dataset.train[:32]), jnp.asarray(dataset.train[100:132])
    gradient = gradient_of(weights, rows)
    same = gradient_of(weights, rows.at[20:].set(others[20:]))
    different = gradient_of(weights, rows.at[19:].set(others[19:]))
    assert all(np.array_equal(gradient[name], same[name]) for name in gradient)
    assert not any(np.array_equal(gradient[name], different[name]) for name in gradient)
