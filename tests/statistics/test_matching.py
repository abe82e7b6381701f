"""Matching at equal excess error and at equal time, on trajectories worked out by hand."""

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.statistics.matching import at_epoch, at_excess, common_excess, compare

EPOCH = np.array([0.0, 1.0, 2.0, 4.0])
NAN = np.nan


def test_first_reach_between_checkpoints():
    excess = np.array([[0.8, 0.4, 0.2, 0.1], [0.8, 0.6, 0.5, 0.4], [0.1, 0.9, 0.1, 0.1], [0.8, 0.3, 0.9, 0.3]])
    measure = np.array([[0.0, 1.0, 3.0, 7.0]])
    found = at_excess(EPOCH, excess, measure, 0.3)
    # half way from .4 to .2; never; from the first on; exactly at a checkpoint, and the first one at that
    np.testing.assert_allclose(found.epoch, [1.5, NAN, 0.0, 1.0])
    np.testing.assert_allclose(found.value, [2.0, NAN, 0.0, 1.0])


def test_measures_taken_now_and_then_are_matched_among_their_own_checkpoints():
    excess = np.array([[0.8, 0.4, 0.2, 0.0], [NAN, 0.4, NAN, 0.2], [0.8, NAN, NAN, NAN]])
    measure = np.array([[10.0, NAN, NAN, 30.0], [0.0, 1.0, 3.0, 7.0], [NAN, NAN, NAN, NAN]])
    found = at_excess(EPOCH, excess, measure, 0.3)
    # from .8 at epoch 0 to 0 at epoch 4: 5/8 of the way
    np.testing.assert_allclose(found.epoch, [2.5, 2.5, NAN])
    np.testing.assert_allclose(found.value, [22.5, 4.0, NAN])


def test_values_at_an_error_are_between_those_beside_it():
    error = np.array([[0.4, 0.2, 0.1], [0.4, 0.3, 0.25], [0.8, 0.1, 0.1]])
    found = at_excess([[1.0, 2, 3]], error, [[1.0, 2, 3]], 0.2)
    np.testing.assert_allclose(found.value, [2, np.nan, 1 + 6 / 7])


def test_the_least_error_that_half_of_every_condition_reaches():
    quick = np.array([[0.8, 0.1], [0.8, 0.2], [0.8, 0.4]])
    slow = np.array([[0.9, 0.3, NAN], [0.9, 0.5, 0.6], [0.9, 0.7, 0.8], [NAN, NAN, NAN]])
    assert common_excess([quick, slow]) == pytest.approx(0.5)
    assert common_excess([quick]) == pytest.approx(0.2)
    found = [at_excess([np.arange(each.shape[1])], each, each, 0.5).value for each in (quick, slow)]
    np.testing.assert_allclose(found[0], 0.5)
    np.testing.assert_allclose(found[1], [0.5, 0.5, NAN, NAN])
    assert np.isnan(common_excess([quick, 10 * slow])), "one begins below what the other reaches"
    assert np.isnan(common_excess([quick, np.full((2, 2), NAN)]))


def test_at_epoch():
    measure = np.array([[0.0, 1.0, 3.0, 7.0], [0.0, NAN, 4.0, NAN], [NAN, NAN, 3.0, 7.0], [NAN] * 4])
    np.testing.assert_allclose(at_epoch(EPOCH, measure, 1.0), [1.0, 2.0, NAN, NAN])
    np.testing.assert_allclose(at_epoch(EPOCH, measure, 3.0), [5.0, NAN, 5.0, NAN])
    np.testing.assert_allclose(at_epoch(EPOCH, measure, 2.0 + 1e-12), [3.0, 4.0, 3.0, NAN])
    np.testing.assert_allclose(at_epoch(EPOCH, measure, 0.0), [0.0, 0.0, NAN, NAN])
    assert np.isnan(at_epoch(EPOCH, measure, 4.5)).all()
    each = np.stack([EPOCH, 2 * EPOCH])  # epochs of their own
    np.testing.assert_allclose(at_epoch(each, [[0.0, 1.0, 3.0, 7.0]], 3.0), [5.0, 2.0])


def test_a_condition_that_is_only_slower_is_equal_at_matched_excess():
    """Planted: the measure is 1 − excess error; one condition learns half as fast, one never gets there."""
    rng = np.random.default_rng(0)
    epoch = np.linspace(0, 20, 201)
    speed = np.repeat([1.0, 0.5, 0.0], 30) * rng.uniform(0.9, 1.1, 90)
    excess = np.exp(-speed[:, None] * epoch)
    names = np.repeat(["fast", "slow", "stuck"], 30)
    found = compare(names, epoch, excess, 1 - excess, excess_target=0.1, epoch_target=2.0)
    assert [(each.name, each.networks, each.never) for each in found] == [
        ("fast", 30, 0),
        ("slow", 30, 0),
        ("stuck", 30, 30),
    ]
    fast, slow, stuck = found
    assert fast.at_excess.value == pytest.approx(0.9, abs=1e-9) == slow.at_excess.value
    assert np.isnan(stuck.at_excess.value) and stuck.at_epoch.value == 0
    assert fast.at_epoch.low > slow.at_epoch.high  # at matched time they differ
    rates = speed[:30]
    assert fast.epoch.value == pytest.approx(np.mean(np.log(10) / rates), abs=0.01)
    assert fast.epoch.low < fast.epoch.value < fast.epoch.high


def test_networks_that_stopped_early_are_counted():
    measure = np.array([[0.0, 1.0, 2.0, 4.0], [0.0, 1.0, NAN, NAN]])
    (found,) = compare([7, 7], EPOCH, 1 - measure / 4, measure, excess_target=0.8, epoch_target=3.0)
    assert (found.name, found.absent, found.never) == (7, 1, 0)
    assert found.at_epoch.value == 3.0


def test_refused():
    with pytest.raises(InputError, match="checkpoints"):
        at_epoch(EPOCH, np.zeros((2, 3)), 1.0)
    with pytest.raises(InputError, match=r"\[3, checkpoints\]"):
        compare(["a"] * 3, EPOCH, np.zeros((2, 4)), np.zeros((2, 4)), excess_target=0.1, epoch_target=1.0)
