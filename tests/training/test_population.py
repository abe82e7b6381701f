"""A member's bits are its own: whoever it is trained with, on however many devices, in whatever pieces."""

import numpy as np
import pytest

import mirrorjax.population.plan
from mirrorjax.population.members import Member
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


@pytest.mark.parametrize("number", [1, 6, 9], ids=["published", "batch of 20", "half the rate"])
def test_a_member_alone_equals_the_member_among_others(mixed, number):
    population, checkpoints = run([mixed.members[number]], *epochs(80, END))
    assert same_bits(weights_of(population)[0], mixed.after[number])
    for alone, among in zip(checkpoints, mixed.checkpoints, strict=True):
        for name, column in alone.records.items():  # mne_layer_3 and so on are the other members'
            assert np.array_equal(column[0], among.records[name][number]), name


def test_one_device_equals_two(mixed):
    """Blocks of two programs; the programs over two devices are compiled apart, and give the same bits."""
    chosen = [*range(16), *range(28, 40)]
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


def test_a_padded_member_is_the_unpadded_one(mixed, monkeypatch):
    """Width 17 compiled as 24: the same network, other code, so perhaps other roundings (2e-6 as in test_reference)."""
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


def test_a_shared_data_order_is_one_order(mixed):
    """And a member's bits do not depend on with whom it shares it."""
    members = [Member(seed=seed, learning_rate=RATE, data_order="shared") for seed in range(6)]
    population, _ = run(members, *epochs(80, END))
    assert len(np.unique(np.asarray(population.runners[0].values.order).reshape(-1, 2), axis=0)) == 1
    assert len(np.unique(np.asarray(mixed.population.runners[0].values.order).reshape(-1, 2), axis=0)) == 16
    alone, _ = run(members[2:3], *epochs(80, END))
    assert same_bits(weights_of(population)[2], weights_of(alone)[0])
