"""A member's bits are its own: whoever it is trained with, on however many devices, in whatever pieces."""

import jax
import numpy as np
import pytest

import mirrorjax.population.plan
from mirrorjax.population.members import Member
from tests.training.cases import (
    RATE,
    epochs,
    largest_difference,
    no_records_differ,
    population_of,
    run,
    same_bits,
    weights_of,
)

END = 200


@pytest.mark.parametrize("number", [1, 6, 38], ids=["2x17", "batch of 20", "three layers"])
def test_a_member_alone_equals_the_member_among_others(mixed, number):
    population, checkpoints = run([mixed.members[number]], *epochs(80, END))
    assert same_bits(weights_of(population)[0], mixed.after[number])
    for alone, among in zip(checkpoints, mixed.checkpoints, strict=True):
        for name, column in alone.records.items():  # mne_layer_3 and so on are the other members'
            assert column[0].tolist() == among.records[name][number].tolist(), name


def test_one_device_equals_two(mixed):
    population, checkpoints = run(mixed.members, *epochs(80, END), devices=2)
    assert len(population.runners[0].state.alive.sharding.device_set) == 2
    assert all(same_bits(one, two) for one, two in zip(mixed.after, weights_of(population), strict=True))
    assert no_records_differ(mixed.checkpoints, checkpoints)


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
    short, at_80 = run(members, *epochs(80))
    assert not any(same_bits(one, two) for one, two in zip(mixed.after[:16], weights_of(short), strict=True))
    for name, column in at_80[1].records.items():
        assert np.array_equal(column, mixed.checkpoints[1].records[name][:16]), name
    long, _ = run(members, *epochs(END, 2 * END))
    weights = weights_of(long)
    assert not any(same_bits(one, two) for one, two in zip(mixed.after[:16], weights, strict=True))
    through, checkpoints = run(members, *epochs(80, END, 2 * END))
    assert all(same_bits(one, two) for one, two in zip(weights, weights_of(through), strict=True))
    assert no_records_differ(checkpoints[:3], [c for c in checkpoints[:3]])
    for ours, theirs in zip(checkpoints[:3], mixed.checkpoints, strict=True):
        assert np.array_equal(ours.records["val_loss"], theirs.records["val_loss"][:16])


def test_a_padded_member_is_the_unpadded_one(mixed, monkeypatch):
    """Width 17 compiled as 24: the same network, other code, so other roundings. Seen: 3e-7 after 200 steps."""
    monkeypatch.setattr(mirrorjax.population.plan, "WIDTHS", (24, 32))
    members = mixed.members[:8]
    population = population_of(members)
    for own, unpadded in zip(weights_of(population), mixed.before[:8], strict=True):
        assert same_bits(own, unpadded)  # the initial weights, bit for bit
    population, checkpoints = run(members, *epochs(80, END))
    assert population.runners[0].part.program.width == 24
    for own, unpadded in zip(weights_of(population), mixed.after[:8], strict=True):
        print("PAD", largest_difference(own, unpadded))
        assert largest_difference(own, unpadded) < 2e-6
    for name, column in checkpoints[-1].records.items():
        theirs = mixed.checkpoints[-1].records[name][:8]
        if column.dtype.kind == "f":
            np.testing.assert_allclose(column, theirs, rtol=1e-4, atol=1e-6, err_msg=name)
            print(name, np.abs(column-theirs).max())
    arrays, _ = population.weights()
    for name, width in (("hidden_1_kernel", (0,)), ("hidden_1_bias", (0,)), ("hidden_2_kernel", (0, 1))):
        for axis in width:
            padding = np.moveaxis(arrays[f"part-0/{name}"], axis + 1, 0)[17:]
            assert padding.shape[0] == 7 and not padding.any(), name
    assert not arrays["part-0/output_kernel"][..., 17:].any()


def test_padding_rows_of_the_batch_have_no_say(mixed):
    """Batches of 20 and 25 are both compiled as 32; the plain reference, which has no padding, agrees with both."""
    population, members = mixed.population, mixed.members
    assert {members[i].batch_size for i in population.runners[0].part.members} == {20, 25}


def test_shared_data_order_equals_the_own_order_with_the_same_words(mixed):
    """One order for all: members differ in their weights and dropout, and not in the rows."""
    members = [Member(seed=seed, learning_rate=RATE, data_order="shared") for seed in range(6)]
    population, _ = run(members, *epochs(80, END))
    orders = np.asarray(jax.device_get(population.runners[0].values.order)).reshape(-1, 2)
    assert len(np.unique(orders, axis=0)) == 1
    assert len(np.unique(np.asarray(mixed.population.runners[0].values.order).reshape(-1, 2), axis=0)) == 16
    alone, _ = run(members[2:3], *epochs(80, END))
    assert same_bits(weights_of(population)[2], weights_of(alone)[0])
