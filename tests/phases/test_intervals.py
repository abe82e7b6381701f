"""Shares and means with their intervals, against the formula and values worked out by hand."""

import math

import numpy as np
import pytest

from mirrorjax.phases.intervals import Interval, bootstrap, share, wilson


def wilson_by_hand(count: int, number: int) -> tuple[float, float]:
    z, share = 1.959963984540054, count / number
    middle = share + z * z / (2 * number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return (middle - half) / (1 + z * z / number), (middle + half) / (1 + z * z / number)


@pytest.mark.parametrize(("count", "number"), [(0, 10), (3, 5), (10, 10), (20, 32), (184, 300)])
def test_wilson_is_the_formula(count, number):
    low, high = wilson(count, number)
    assert (float(low), float(high)) == pytest.approx(wilson_by_hand(count, number), abs=1e-12)


def test_wilson_known_values():
    low, high = wilson([0, 3, 0], [5, 5, 0])
    np.testing.assert_allclose(low[:2], [0.0, 0.23072], atol=1e-5)
    np.testing.assert_allclose(high[:2], [0.43448, 0.88238], atol=1e-5)
    assert np.isnan(low[2]) and np.isnan(high[2])


def test_share_is_between_its_bounds():
    low, value, high = share([0, 3, 0], [5, 5, 0])
    np.testing.assert_array_equal(value, [0, 0.6, np.nan])
    np.testing.assert_array_equal((low, high), wilson([0, 3, 0], [5, 5, 0]))


def test_bootstrap():
    values = np.array([-0.1, -0.2, np.nan, -0.3])
    # of the 27 equally likely draws one is all lowest: 3.7 %, more than 2.5 %
    assert bootstrap(values) == pytest.approx((-0.3, -0.2, -0.1))
    assert bootstrap(np.array([1.0, 2.0, 9.0]), np.median) == pytest.approx((1.0, 2.0, 9.0))
    assert bootstrap(values) == bootstrap(values)
    alone, none = bootstrap(np.array([2.0])), bootstrap(np.array([np.nan]))
    assert alone[1] == 2.0 and np.isnan([alone[0], alone[2], *none]).all()
    many = np.random.default_rng(1).normal(size=400)
    low, mean, high = bootstrap(many)
    error = many.std(ddof=1) / np.sqrt(400)
    assert (low, mean, high) == pytest.approx((mean - 1.96 * error, many.mean(), mean + 1.96 * error), abs=0.1 * error)


def test_interval_holds_its_bounds():
    interval = Interval(np.array([0.1, 0.5]), np.array([0.2, 0.6]), np.array([0.4, 0.7]))
    np.testing.assert_array_equal(interval.holds(0.5), [False, True])
    np.testing.assert_array_equal(interval.holds(0.4), [True, False])
