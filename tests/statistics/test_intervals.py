"""Shares and means with their intervals, against the formula and values worked out by hand."""

import math

import numpy as np
import pytest

from mirrorjax.statistics.intervals import Interval, mean_interval, mean_interval_words, share, wilson


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


def test_mean_of_few_networks_has_students_interval():
    """The table's t of 2 degrees of freedom is 4.3027, of 6 2.4469."""
    values = np.array([-0.1, -0.2, np.nan, -0.3])
    half = 4.30265 * 0.1 / math.sqrt(3)
    assert mean_interval(values) == pytest.approx((-0.2 - half, -0.2, -0.2 + half), abs=1e-5)
    seven = np.arange(7.0)
    half = 2.44691 * math.sqrt(28 / 6) / math.sqrt(7)
    assert mean_interval(seven) == pytest.approx((3 - half, 3.0, 3 + half), abs=1e-4)


def test_mean_of_many_networks_has_a_bootstrap_interval():
    assert mean_interval(np.repeat([0.0, 1.0], 4)) == pytest.approx((0.125, 0.5, 0.875))  # an eighth is one network
    many = np.random.default_rng(1).normal(size=400)
    low, mean, high = mean_interval(many)
    error = many.std(ddof=1) / np.sqrt(400)
    assert (low, mean, high) == pytest.approx((mean - 1.96 * error, many.mean(), mean + 1.96 * error), abs=0.1 * error)
    assert mean_interval(many) == mean_interval(many)


@pytest.mark.parametrize("values", [[], [np.nan], [2.0], [2.0, 4.0]])
def test_two_networks_have_no_interval(values):
    low, mean, high = mean_interval(np.array(values))
    assert np.isnan(low) and np.isnan(high)
    assert mean == np.mean(values) if len(values) and np.isfinite(values).all() else np.isnan(mean)


@pytest.mark.parametrize("number", [3, 5, 7, 8, 12])
def test_intervals_of_means_hold_what_they_should(number):
    """Of 2,000 normal samples .95 for t; percentiles of 8 hold .89 or more: an eighth too few, and told below 8."""
    drawn = np.random.default_rng(number).normal(size=(2000 if number < 8 else 400, number))
    held = np.mean([low < 0 < high for low, _, high in map(mean_interval, drawn)])
    assert held > (0.935 if number < 8 else 0.86)


def test_words_name_what_was_used():
    assert "Student's t" in mean_interval_words(7) and "bootstrap" in mean_interval_words(7)
    assert mean_interval_words(8) == "95 % bootstrap intervals over networks"


def test_interval_holds_its_bounds():
    interval = Interval(np.array([0.1, 0.5]), np.array([0.2, 0.6]), np.array([0.4, 0.7]))
    np.testing.assert_array_equal(interval.holds(0.5), [False, True])
    np.testing.assert_array_equal(interval.holds(0.4), [True, False])
