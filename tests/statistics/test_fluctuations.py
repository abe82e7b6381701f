"""Fluctuations over networks, against distributions whose moments are known."""

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.statistics.fluctuations import fluctuations

CELLS = 400


def test_known_binder_values():
    """Exact of the values themselves: two equal heaps 2/3, even spread 1 − 1.8/3, one of four apart 1 − (7/3)/3."""
    spread = np.linspace(-1, 1, 2001)
    for values, binder in ((np.repeat([-2.0, 2.0], 8), 2 / 3), (spread, 0.4), (np.array([0.0, 0, 0, 1]), 2 / 9)):
        found = fluctuations(np.stack([values, 1000 + 7 * values]) if len(values) < 99 else values[None], 1.0)
        np.testing.assert_allclose(found.binder.value, binder, atol=2e-3)


def test_normal_cells():
    """Var 4 with n = 50: susceptibility 200; the Binder cumulant is 2/(N + 1) on average, and 95 of 100 means hold."""
    number = 32
    values = np.random.default_rng(2).normal(3, 2, (CELLS, number))
    found = fluctuations(values, 50.0)
    np.testing.assert_array_equal(found.networks, number)
    np.testing.assert_allclose(found.mean.value, values.mean(axis=1))
    np.testing.assert_allclose(found.susceptibility.value, 50 * values.var(axis=1, ddof=1))
    error = 200 * np.sqrt(2 / (number - 1) / CELLS)
    assert found.susceptibility.value.mean() == pytest.approx(200, abs=4 * error)
    np.testing.assert_allclose(found.binder_of_normal, 2 / 33)
    assert found.binder.value.mean() == pytest.approx(2 / 33, abs=4 * found.binder.value.std() / np.sqrt(CELLS))
    # percentile intervals of 32 networks hold the mean in a little less than 95 of 100
    assert 0.90 < found.mean.holds(3.0).mean() < 0.97
    assert (found.dip_p < 0.05).mean() < 0.05
    for low, value, high in (found.mean, found.susceptibility, found.binder):
        assert (low < high).all() and (low <= value).mean() > 0.99 and (value <= high).mean() > 0.97


def test_two_heaps_are_seen():
    rng = np.random.default_rng(3)
    values = rng.choice([-1.0, 1.0], (CELLS, 32)) + 0.1 * rng.normal(size=(CELLS, 32))
    found = fluctuations(values, 1.0)
    up = (values > 0).sum(axis=1)
    even = np.abs(up - 16) <= 4  # the smaller heap has a dip of at least 12/64 but for the heaps' own width
    assert even.sum() > 300 and (found.dip_p[even] < 0.01).all()
    share = up / 32  # the cumulant of two heaps: 1 − (1/(p(1 − p)) − 3)/3
    np.testing.assert_allclose(found.binder.value, 2 - 1 / (3 * share * (1 - share)), atol=0.05)


def test_nested_intervals_count_datasets():
    """Datasets differ as much as networks of one: eight of them with eight networks are no 64 replicates."""
    rng = np.random.default_rng(4)
    data = np.tile(np.repeat(np.arange(8), 8), (CELLS, 1))
    values = rng.normal(size=(CELLS, 8))[:, data[0]] + rng.normal(size=(CELLS, 64))
    nested, flat = fluctuations(values, 1.0, data), fluctuations(values, 1.0)
    assert nested.nested.all() and not flat.nested.any()
    assert flat.mean.holds(0.0).mean() < 0.75 < 0.85 < nested.mean.holds(0.0).mean() < 0.97
    np.testing.assert_array_equal(nested.mean.value, flat.mean.value)
    three = fluctuations(values, 1.0, data % 3)
    assert not three.nested.any()


def test_cells_stand_alone():
    """What a cell gets does not depend on the others, on where its gaps are, or on the order of its networks."""
    rng = np.random.default_rng(5)
    values, data = rng.normal(size=(3, 12)), np.tile(np.arange(12) % 4, (3, 1))
    values[1, [0, 5]] = np.nan
    values[2, 1:] = np.nan
    everything = fluctuations(values, [1.0, 2.0, 3.0], data)
    for cell in range(3):
        mixed = rng.permutation(12)
        alone = fluctuations(values[[cell]][:, mixed], cell + 1.0, data[[cell]][:, mixed])
        for name in ("mean", "susceptibility", "binder"):
            # networks of one dataset stand in another order, so that the draws differ but not the value
            together, own = getattr(everything, name).value[cell], getattr(alone, name).value[0]
            np.testing.assert_allclose(together, own, atol=1e-12)
    np.testing.assert_array_equal(everything.networks, [12, 10, 1])
    again = fluctuations(values, [1.0, 2.0, 3.0], data)
    np.testing.assert_array_equal(everything.binder, again.binder)


def test_cells_with_nothing_to_tell():
    values = np.array([[np.nan] * 6, [2.0] + [np.nan] * 5, [0.1] * 6])
    found = fluctuations(values, 10.0)
    np.testing.assert_allclose(found.mean.value, [np.nan, 2.0, 0.1], rtol=1e-15)
    assert np.isnan(found.mean.low).all(), "of six networks too"
    seven, eight = (fluctuations(np.arange(float(number))[None], 1.0) for number in (7, 8))
    assert all(np.isnan(each.low) & np.isnan(each.high) for each in (seven.mean, seven.susceptibility, seven.binder))
    assert all(np.isfinite(each.low) & (each.low < each.high) for each in (eight.mean, eight.susceptibility))
    np.testing.assert_array_equal(found.susceptibility.value, [np.nan, np.nan, 0.0])
    assert np.isnan(found.binder.value).all() and np.isnan(found.dip[:2]).all()


def test_refused():
    with pytest.raises(InputError, match="values"):
        fluctuations(np.zeros(3), 1.0)
    with pytest.raises(InputError, match="units"):
        fluctuations(np.zeros((3, 4)), np.ones(4))
