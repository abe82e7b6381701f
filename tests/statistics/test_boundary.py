"""The boundary where P = 1/2, against planted ones."""

import numpy as np
import pytest
from scipy.special import expit, logit

from mirrorjax.errors import InputError
from mirrorjax.statistics import boundary, logistic

LINE = np.linspace(0, 1, 9)
GRID = np.stack(np.meshgrid(LINE, LINE), axis=-1).reshape(-1, 2)
FINE = np.linspace(0, 1, 41)
FINE_GRID = np.stack(np.meshgrid(FINE, FINE), axis=-1)


def planted(surface, networks: int, seed: int = 0) -> boundary.Boundary:
    successes = np.random.default_rng(seed).binomial(networks, expit(surface(GRID)))
    return boundary.fit(GRID, successes, np.full(len(GRID), networks), ["D", "I"])


def sum_surface(points):
    return 10 * (points[..., 0] + points[..., 1] - 1)


def product_surface(points):
    return 24 * (points[..., 0] * points[..., 1] - 0.3)


def disc_surface(points):
    return 30 * (0.12 - ((points - 0.5) ** 2).sum(-1))


def test_firth_of_two_cells_is_half_a_count_more_on_each_side():
    """A saturated logistic regression under Jeffreys' prior is that of (s + ½)/(n + 1)."""
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = logistic.fit(design, np.array([0.0, 7.0]), np.array([5.0, 7.0]))
    np.testing.assert_allclose(expit(design @ found.coefficients), [0.5 / 6, 7.5 / 8], rtol=1e-7)


def test_firth_of_much_data_is_the_plain_regression():
    trials = np.full(9, 1e7)
    found = logistic.fit(np.column_stack([np.ones(9), LINE]), trials * expit(8 * LINE - 3), trials)
    np.testing.assert_allclose(found.coefficients, [-3, 8], rtol=1e-5)


def test_interval_of_the_centre_holds_the_planted_one_in_about_95_of_100():
    truth, networks, repeats = 0.4, 16, 400
    rng = np.random.default_rng(1)
    counts = rng.binomial(networks, expit(8 * (LINE - truth)), (repeats, 9))
    centres = [boundary.fit(LINE, each, np.full(9, networks)).centre for each in counts]
    held = sum(bool(each.holds(truth)) for each in centres)
    assert abs(held / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)
    assert np.mean([each.value for each in centres]) == pytest.approx(truth, abs=4 * 0.03 / np.sqrt(repeats))


def test_centre_is_where_the_band_leaves_one_half():
    found = boundary.fit(LINE, np.round(16 * expit(8 * (LINE - 0.4))), np.full(9, 16))
    low, value, high = found.centre
    band = found.probability([low, value, high])
    np.testing.assert_allclose([band.high[0], band.value[1], band.low[2]], 0.5, atol=1e-9)
    np.testing.assert_array_equal(found.band([low - 1e-6, low + 1e-6, high - 1e-6, high + 1e-6]), [0, 1, 1, 0])


@pytest.mark.parametrize("networks", [4, 16, 64])
def test_separated_cells(networks):
    """Slopes are finite, the centre is mid-gap and its interval is no narrower than the gap that holds it."""
    found = boundary.fit(LINE, np.where(LINE > 0.45, networks, 0), np.full(9, networks), ["D"])
    assert found.exists and np.isfinite(found.fit.coefficients).all()
    assert found.separated == (0.375, 0.5)
    low, value, high = found.centre
    assert value == pytest.approx(0.4375, abs=1e-6) and low <= 0.375 and high >= 0.5
    # the other way round, and the coordinate in other units
    turned = boundary.fit(1000 * LINE, np.where(LINE > 0.45, 0, networks), np.full(9, networks), ["D"])
    np.testing.assert_allclose(turned.centre, np.multiply(1000, found.centre), rtol=1e-6)


def test_width_falls_with_networks_and_is_zero_where_the_side_is_certain():
    few, many = planted(sum_surface, 8), planted(sum_surface, 128)
    on, off = np.array([[0.5, 0.5]]), np.array([[0.0, 0.0], [1.0, 1.0]])
    # four times as narrow with sixteen times as many networks, as long as P is nearly linear in the logit
    assert few.width(on)[0] / many.width(on)[0] == pytest.approx(4, rel=0.1)
    np.testing.assert_array_equal(few.width(off), 0)
    assert 0 < many.width(FINE_GRID).max() < few.width(FINE_GRID).max() < 1


@pytest.mark.parametrize(
    ("surface", "name"), [(sum_surface, "linear"), (product_surface, "interaction"), (disc_surface, "quadratic")]
)
def test_planted_surfaces(surface, name):
    found = planted(surface, 64)
    assert found.exists and found.surface == name and min(found.aic, key=lambda each: found.aic[each]) == name
    assert found.lack_of_fit > 0.05
    lines = found.contour(FINE, FINE)
    assert len(lines) == 1
    np.testing.assert_allclose(found.probability(lines[0]).value, 0.5, atol=0.02)  # straight between grid points
    # the band is of half-width 1.96 errors: the planted line is within four of them from the fitted one
    low, _, high = found.probability(lines[0])
    assert np.abs(expit(surface(lines[0])) - 0.5).max() < 4 / 1.96 * np.max(high - low) / 2
    assert not found.band(FINE_GRID)[np.abs(surface(FINE_GRID)) > 2].any()


@pytest.mark.slow
def test_band_holds_points_of_the_planted_line_in_about_95_of_100():
    repeats, on = 300, np.array([[0.5, 0.5], [0.1, 0.9]])
    held = np.array([planted(sum_surface, 16, seed).band(on) for seed in range(repeats)])
    np.testing.assert_allclose(held.mean(0), 0.95, atol=4 * np.sqrt(0.95 * 0.05 / repeats))


def test_quadratic_surface_of_a_disc_is_closed():
    (line,) = planted(disc_surface, 64).contour(FINE, FINE)
    np.testing.assert_array_equal(line[0], line[-1])
    assert np.linalg.norm(line - 0.5, axis=1).mean() == pytest.approx(np.sqrt(0.12), rel=0.03)


def test_a_map_that_no_surface_fits_says_so():
    corner = np.where((GRID > 0.5).all(1), 0.95, 0.05)
    successes = np.random.default_rng(0).binomial(32, corner)
    assert boundary.fit(GRID, successes, np.full(81, 32)).lack_of_fit < 0.01


def test_no_boundary_where_p_is_low():
    successes = np.zeros(81)
    successes[80] = 2
    found = boundary.fit(GRID, successes, np.full(81, 16), ["D", "I"])
    assert not found.exists
    assert "stays below 1/2 in all 81 cells" in found.why and "D = 1, I = 1, with 2 of 16" in found.why
    above = boundary.fit(LINE, np.full(9, 16), np.full(9, 16))
    assert not above.exists and "above 1/2" in above.why


def test_no_boundary_where_p_is_one_half_everywhere():
    successes = np.array([8, 7, 9, 8, 9, 7, 8, 9, 8])
    found = boundary.fit(LINE, successes, np.full(9, 16), ["D"])
    assert not found.exists and "does not differ" in found.why
    assert (found.width(LINE) > 0).all()
    assert np.isinf([found.centre.low, found.centre.high]).all()


def test_three_coordinates_and_cells_without_networks():
    axes = np.linspace(0, 1, 5)
    points = np.stack(np.meshgrid(axes, axes, axes), axis=-1).reshape(-1, 3)
    probability = expit(6 * (points.sum(1) - 1.5))
    trials = np.where(points[:, 0] == 0.25, 0, 64)
    found = boundary.fit(points, np.round(trials * probability), trials, ["D", "I", "C"])
    assert found.exists and found.surface == "linear"
    np.testing.assert_allclose(logit(found.probability(points).value), 6 * (points.sum(1) - 1.5), atol=0.35)


def test_same_bits_again():
    first, again = planted(product_surface, 8), planted(product_surface, 8)
    np.testing.assert_array_equal(first.fit.coefficients, again.fit.coefficients)
    assert first.lack_of_fit == again.lack_of_fit


@pytest.mark.parametrize(
    ("points", "successes", "trials", "words"),
    [
        (LINE, np.zeros(8), np.ones(9), "points"),
        (LINE, np.full(9, 2), np.ones(9), "successes"),
        (np.full(9, np.nan), np.zeros(9), np.ones(9), "finite"),
        (LINE, np.zeros(9), np.zeros(9), "trials"),
        (np.column_stack([LINE, np.zeros(9)]), np.zeros(9), np.ones(9), "span"),
    ],
)
def test_refused(points, successes, trials, words):
    with pytest.raises(InputError, match=words):
        boundary.fit(points, successes, trials)


def test_a_line_has_no_contour_and_a_map_no_centre():
    line = boundary.fit(LINE, np.arange(9), np.full(9, 8))
    with pytest.raises(InputError, match="2 coordinates"):
        line.contour(LINE, LINE)
    with pytest.raises(InputError, match="1 coordinates"):
        _ = planted(sum_surface, 8).centre
