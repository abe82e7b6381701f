"""Planted laws are found again, with their parameters in the intervals; noise is a constant."""

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.report.words.findings import sentence
from mirrorjax.statistics.laws import fit_laws

SIZES = np.geomspace(500, 20_000, 8)


def planted(truth, seed: int, spread: float = 0.01, seeds: int = 16) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [value + spread * chance.standard_normal(seeds) for value in truth]


def holds(interval: tuple[float, float], truth: float) -> bool:
    """Whether the truth is within four standard errors, of which a 95 % interval spans 3.92."""
    low, high = interval
    return abs(truth - (low + high) / 2) < 4 * (high - low) / 3.92


def test_a_power_law_is_found_with_its_exponent():
    laws = fit_laws(SIZES, planted(3.0 * SIZES**-0.3, 1))
    assert laws.preferred is not None and laws.preferred.name == "power law"
    low, high = laws.preferred.intervals["exponent"]
    assert holds((low, high), -0.3) and high - low < 0.05
    assert holds(laws.preferred.intervals["amplitude"], 3.0)
    assert laws.misfit > 0.01
    assert laws.fit("constant").delta > 100
    assert "Preferred: power law" in sentence(laws) and "exponent -0.3" in sentence(laws)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """95 % intervals in 40 planted data sets: fewer than 33 covering has probability < .01 at a coverage of .92."""
    x, covered = SIZES[::2], 0
    for seed in range(40):
        laws = fit_laws(x, planted(2.0 * x**-0.25, 100 + seed, seeds=6), resamples=100)
        low, high = laws.fit("power law").intervals["exponent"]
        covered += low < -0.25 < high
    assert covered >= 33


def test_a_logistic_is_found_with_its_centre():
    truth = 0.2 + 0.6 / (1 + np.exp(-np.log(SIZES / 3000) / 0.25))
    laws = fit_laws(SIZES, planted(truth, 2))
    assert laws.preferred is not None and laws.preferred.name == "logistic"
    low, high = laws.preferred.intervals["centre"]
    assert holds((low, high), 3000) and high / low < 1.2
    assert holds(laws.preferred.intervals["level"], 0.2)


def test_a_bump_is_found_with_its_place():
    truth = 0.1 + 0.5 * np.exp(-0.5 * (np.log(SIZES / 2500) / 0.6) ** 2)
    laws = fit_laws(SIZES, planted(truth, 3))
    assert laws.preferred is not None and laws.preferred.name == "bump"
    low, high = laws.preferred.intervals["centre"]
    assert holds((low, high), 2500) and high / low < 1.2


@pytest.mark.parametrize(
    ("truth", "name"),
    [(0.9 - 0.7 * np.exp(-SIZES / 2500), "plateau (exponential)"), (0.9 - 8.0 * SIZES**-0.5, "plateau (power)")],
)
def test_a_plateau_is_found_with_its_limit(truth, name):
    laws = fit_laws(SIZES, planted(truth, 4, spread=0.005, seeds=64))
    assert laws.preferred is not None and laws.preferred.name == name
    low, high = laws.preferred.intervals["level"]
    assert holds((low, high), 0.9) and high - low < 0.1


def test_noise_is_a_constant():
    """With parsimony within ΔAIC 2 a false law takes a gain beyond 2: rarer than one in four, and never a sure one."""
    found = [fit_laws(SIZES, planted(np.full(8, 0.5), 1000 + seed), resamples=0) for seed in range(40)]
    names = [laws.preferred.name for laws in found if laws.preferred]
    assert names.count("constant") >= 28
    assert max(laws.fit("constant").delta for laws in found) < 12
    assert "No dependence is seen" in sentence(found[names.index("constant")])


def test_a_gap_below_two_cannot_be_told_apart():
    x = np.array([100.0, 200, 400, 800])
    laws = fit_laws(x, planted(1 - x**-0.5, 5, spread=0.05, seeds=8))
    assert laws.preferred is not None and laws.alike
    words = sentence(laws)
    assert "Cannot be told apart from it (ΔAIC < 2" in words
    assert all(fit.delta < 2 for fit in laws.alike) and all(fit.name in words for fit in laws.alike)


def test_a_law_with_as_many_parameters_as_points_is_never_preferred():
    x = np.array([100.0, 200, 400, 800])
    bump = planted([0.1, 0.9, 0.1, 0.1], 6, spread=0.001)
    laws = fit_laws(x, bump)
    assert np.isnan(laws.fit("bump").aic) and np.isnan(laws.fit("logistic").aic)
    assert laws.preferred is not None and laws.preferred.number < 4
    words = sentence(laws)
    assert "Not compared, for want of points or networks: logistic, bump" in words
    assert "more than seeds explain" in words


def test_aic_and_weights_are_those_of_the_formula():
    """A constant's χ² by hand: three points with 2 seeds each, variances drawn towards the pooled one."""
    laws = fit_laws(np.array([1.0, 2, 4]), [np.array([0.0, 2]), np.array([1.0, 3]), np.array([4.0, 8])], resamples=0)
    squares, pooled = np.array([2.0, 2, 8]), 4.0
    variance = (squares + 4 * pooled) / 5 / 2
    mean = np.average([1.0, 2, 6], weights=1 / variance)
    chi_square = np.sum((np.array([1.0, 2, 6]) - mean) ** 2 / variance)
    fit = laws.fit("constant")
    assert fit.chi_square == pytest.approx(chi_square)
    assert fit.aic == pytest.approx(chi_square + 2 + 4 / (6 - 2))


def test_the_same_networks_at_every_point_are_resampled_together():
    """A level that differs from seed to seed shifts all points at once: the exponent stays sharp."""
    chance = np.random.default_rng(7)
    factor = 1 + 0.1 * chance.standard_normal(32)
    values = 2.0 * SIZES[:, None] ** -0.3 * factor
    widths = []
    for paired in (True, False):
        low, high = fit_laws(SIZES, values, paired=paired).fit("power law").intervals["exponent"]
        assert low - 1e-6 <= -0.3 <= high + 1e-6
        widths.append(high - low)
    assert widths[0] < widths[1] / 100


def test_the_same_data_give_the_same_answer_and_the_order_of_points_is_none_of_its_business():
    values = planted(3.0 * SIZES**-0.3, 8)
    first, again = fit_laws(SIZES, values), fit_laws(SIZES, values)
    assert [fit.intervals for fit in first.fits] == [fit.intervals for fit in again.fits]
    turned = fit_laws(SIZES[::-1], values[::-1], resamples=0)
    np.testing.assert_allclose([fit.aic for fit in turned.fits], [fit.aic for fit in first.fits], rtol=1e-9)


def test_a_curve_is_that_of_its_parameters():
    laws = fit_laws(SIZES, planted(0.2 + 0.6 / (1 + (3000 / SIZES) ** 4), 2), resamples=0)
    a = {fit.name: fit.parameters for fit in laws.fits}
    x = np.array([700.0, 9000.0])
    expected = {
        "constant": np.full(2, a["constant"]["level"]),
        "power law": a["power law"]["amplitude"] * x ** a["power law"]["exponent"],
        "plateau (power)": a["plateau (power)"]["level"]
        + a["plateau (power)"]["amplitude"] * x ** -a["plateau (power)"]["exponent"],
        "plateau (exponential)": a["plateau (exponential)"]["level"]
        + a["plateau (exponential)"]["amplitude"] * np.exp(-x / a["plateau (exponential)"]["scale"]),
        "logistic": a["logistic"]["level"]
        + a["logistic"]["amplitude"] / (1 + np.exp(-np.log(x / a["logistic"]["centre"]) / a["logistic"]["width"])),
        "bump": a["bump"]["level"]
        + a["bump"]["amplitude"] * np.exp(-(np.log(x / a["bump"]["centre"]) ** 2) / 2 / a["bump"]["width"] ** 2),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(laws.fit(name).at(x), values, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("x", "values", "words"),
    [
        ([1.0, 2, 2], [[1.0, 2], [2.0, 3], [3.0, 4]], "values at 2 places only"),
        ([1.0, 2, 4], [[1.0], [2.0], [3.0]], "no two networks of a point differ"),
        ([1.0, 2, 4], [[1.0, 2], [np.nan, np.nan], [3.0, 5]], "values at 2 places only"),
    ],
)
def test_what_cannot_be_compared_says_why(x, values, words):
    laws = fit_laws(np.array(x), [np.array(each) for each in values])
    assert laws.preferred is None and words in laws.missing
    assert sentence(laws).startswith("No law can be compared: ")


def test_two_networks_are_too_few():
    laws = fit_laws(np.array([1.0, 2, 4]), np.array([[1.0, 2], [2.0, 4], [3.0, 5]]), paired=True)
    assert laws.preferred is None and laws.missing == "2 networks are too few for an AIC"


def test_places_must_be_positive_and_as_many_as_values():
    with pytest.raises(InputError, match="allowed: numbers above 0"):
        fit_laws(np.array([0.0, 1, 2]), [np.ones(2)] * 3)
    with pytest.raises(InputError, match="2 places and values at 3"):
        fit_laws(np.array([1.0, 2]), [np.ones(2)] * 3)
