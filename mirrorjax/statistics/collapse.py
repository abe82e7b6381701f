"""A transition or a crossover along one knob: finite-size scaling against a smooth rise, by AIC."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import expit
from scipy.stats import chi2

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import FEWEST_RESAMPLED, TAILS, Interval, Z, mean_variances

ENOUGH_AIC = 10.0
_KNOTS = 6  # of the spline F
_FEWEST_SIZES, _FEWEST_PLACES = 3, 6
_SIGNIFICANT = 0.01
_RESAMPLES = 500

Basis = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # parameters, x, log n -> [cells, linear terms]


@dataclass(frozen=True)
class Collapse:
    """What the cells along one knob say.

    The intervals of x_c, ν and β of the scaling form are from its Hessian (of log ν for ν), and have a meaning for a
    transition only. `peak_growth` is the exponent of the susceptibility's peak over its flanks, in n; interval over
    networks.
    """

    verdict: str  # `transition`, `crossover` or `neither`
    why: str  # the reason, a sentence
    centre: Interval[float]
    nu: Interval[float]
    beta: Interval[float]
    delta_aic: float  # AIC of the best smooth rise less that of the scaling form; above 0 speaks for scaling
    peak_growth: Interval[float]
    smooth: str  # which of the smooth rises is the best, `logistic` or `spline`
    aic: dict[str, float]  # by form


def collapse(x: object, units: object, values: object, name: str = "the knob") -> Collapse:
    """Fits and compares both along a knob, for networks of several sizes n.

    Scaling: m = n^(−β/ν)·F((x − x_c)·n^(1/ν)) (Fisher & Barber 1972, Phys. Rev. Lett. 28, 1516). Smooth: a rise whose
    centre moves as log n and whose height is 1 + h·log n, but whose slope does not diverge, once as a logistic and once
    with the same F and as many parameters as scaling, so that the shape of F decides nothing. F is a natural cubic
    spline with 6 knots in arsinh of its argument. All by least squares weighted with the cells' errors; where even the
    best form leaves more than the errors, all χ² are divided by its χ² per degree of freedom (Burnham & Anderson 2002).
    Corrections to scaling are in no interval: to read exponents, give cells near the centre, and no very small sizes.

    `x` and `units` are of each cell, [cells], three sizes or more; `values` of the order parameter, [cells, seeds], nan
    where a cell has no such network, two or more finite in each; `name` of the knob, for the sentence.

    Raises:
        InputError: for too few sizes, places or networks.
    """
    x, units, values = (np.asarray(each, np.float64) for each in (x, units, values))
    _check(x, units, values)
    means, errors = np.nanmean(values, axis=1), np.sqrt(mean_variances(values))
    if not errors.any():
        raise InputError("values: the networks of every cell are all equal, which leaves no error to fit with")
    log_n = np.log(units / np.exp(np.log(units).mean()))
    growth = _peak_growth(x, units, values)
    p = _nothing_changes(units, means, errors)

    def fitted(form: str) -> OptimizeResult:
        def residuals(theta: np.ndarray) -> np.ndarray:
            return _projected(_FORMS[form](theta, x, log_n), means, errors)

        tried = [least_squares(residuals, at, bounds=(low, high), x_scale="jac") for at, low, high in _starts(x, form)]
        return min(tried, key=lambda each: each.cost)

    fits = {form: fitted(form) for form in _FORMS}
    parameters = {"scaling": 4 + _KNOTS, "spline": 4 + _KNOTS, "logistic": 6}
    squares = {form: 2 * found.cost for form, found in fits.items()}
    excess = max(1.0, min(squares[form] / max(len(x) - parameters[form], 1) for form in fits))
    aic = {form: squares[form] / excess + 2 * parameters[form] for form in fits}
    smooth = min(("logistic", "spline"), key=lambda form: aic[form])
    delta = aic[smooth] - aic["scaling"]
    found = fits["scaling"]
    half = Z * np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac) * excess))
    bounds = zip(found.x - half, found.x, found.x + half, strict=True)
    centre, log_nu, beta, _ = (Interval(*map(float, each)) for each in bounds)
    nu = Interval(*(float(np.exp(each)) for each in log_nu))
    verdict, why = _verdict(p, delta, growth, smooth, name)
    return Collapse(verdict, why, centre, nu, beta, float(delta), growth, smooth, aic)


def _verdict(p: float, delta: float, growth: Interval[float], smooth: str, name: str) -> tuple[str, str]:
    known = np.isfinite(growth.low)
    bounds = f"{growth.low:.2f} to {growth.high:.2f}" if known else f"fewer than {FEWEST_RESAMPLED} networks a cell"
    words = (
        f"ΔAIC {delta:+.1f} for scaling against a smooth rise ({smooth}), susceptibility peak over flanks growing as n "
        f"to the {growth.value:.2f} ({bounds})"
    )
    if p >= _SIGNIFICANT:
        return "neither", f"nothing changes along {name} at any size (χ² test, p = {p:.2g})"
    if delta > ENOUGH_AIC and growth.low > 0:
        return "transition", f"transition along {name}: {words}"
    grows = "the susceptibility's peak does not grow" if known else "whether the susceptibility's peak grows is open"
    lacking = "scaling is not clearly better" if delta <= ENOUGH_AIC else grows
    return "crossover", f"crossover along {name}, as {lacking}: {words}"


def _nothing_changes(units: np.ndarray, means: np.ndarray, errors: np.ndarray) -> float:
    """p-value of means that are equal along the knob at every size."""
    total = 0.0
    for size in np.unique(units):
        own = units == size
        middle = np.average(means[own], weights=errors[own] ** -2)
        total += float((((means[own] - middle) / errors[own]) ** 2).sum())
    return float(chi2.sf(total, len(means) - len(np.unique(units))))


def _peak_growth(x: np.ndarray, units: np.ndarray, values: np.ndarray) -> Interval[float]:
    """Slope of log(peak/flanks) of n·Var in log n; the peak is the highest mean of three neighbours.

    Without bounds for fewer than 8 networks a cell.
    """
    rng = np.random.default_rng(0)
    number = values.shape[1]
    weights = np.vstack([np.ones(number), rng.multinomial(number, np.full(number, 1 / number), _RESAMPLES)])
    known = np.isfinite(values)
    centred = np.where(known, values - np.nanmean(values, axis=1, keepdims=True), 0.0)
    totals = np.maximum(known @ weights.T, 1.0)
    variance = centred**2 @ weights.T / totals - (centred @ weights.T / totals) ** 2
    sizes = np.unique(units)
    logs = []
    for size in sizes:
        own = np.flatnonzero(units == size)
        along = variance[own[np.argsort(x[own])]]
        smoothed = (along[:-2] + along[1:-1] + along[2:]) / 3
        peak = smoothed.max(axis=0)
        flanks = (along.sum(axis=0) - 3 * peak) / (len(along) - 3)
        logs.append(np.log(np.maximum(peak, 1e-300) / np.maximum(flanks, 1e-3 * peak + 1e-300)))
    slopes = np.polyfit(np.log(sizes), np.array(logs), 1)[0]
    few = known.sum(axis=1).min() < FEWEST_RESAMPLED
    low, high = (np.nan, np.nan) if few else np.quantile(slopes[1:], TAILS)
    return Interval(float(low), float(slopes[0]), float(high))


def _starts(x: np.ndarray, form: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Starting values with their bounds: several, as χ² has several minima."""
    low, high = x.min(), x.max()
    span = high - low
    centres = low + span * np.array([0.3, 0.5, 0.7])
    wide = np.log(span / 10)
    if form == "scaling":  # x_c, log ν, β, log width
        bounds = np.array([low, np.log(0.2), -1.0, wide - 3]), np.array([high, np.log(50), 5.0, wide + 3])
        starts = [[centre, np.log(nu), 0.1, wide] for centre in centres for nu in (1.0, 2.0, 5.0)]
    else:  # centre, its slope in log n, h, log width
        room, reach = (0.0, 3) if form == "spline" else (span, 4)
        bounds = np.array([low - room, -span, -2.0, wide - reach]), np.array([high + room, span, 2.0, wide + reach])
        starts = [[centre, 0.0, 0.0, width] for centre in centres for width in (wide - 1, wide, wide + 1)]
    return [(np.array(start), *bounds) for start in starts]


def _scaling(theta: np.ndarray, x: np.ndarray, log_n: np.ndarray) -> np.ndarray:
    centre, log_nu, beta, wide = theta
    place = np.arcsinh((x - centre) * np.exp(log_n / np.exp(log_nu) - wide))
    return _spline(place) * np.exp(-beta / np.exp(log_nu) * log_n)[:, None]


def _smooth(theta: np.ndarray, x: np.ndarray, log_n: np.ndarray) -> np.ndarray:
    centre, drift, height, wide = theta
    place = np.arcsinh((x - centre - drift * log_n) * np.exp(-wide))
    return _spline(place) * (1 + height * log_n)[:, None]


def _logistic(theta: np.ndarray, x: np.ndarray, log_n: np.ndarray) -> np.ndarray:
    centre, drift, height, wide = theta
    rise = (1 + height * log_n) * expit((x - centre - drift * log_n) * np.exp(-wide))
    return np.column_stack([np.ones(len(x)), rise])


_FORMS: dict[str, Basis] = {"scaling": _scaling, "spline": _smooth, "logistic": _logistic}


def _spline(place: np.ndarray) -> np.ndarray:
    """Basis of natural cubic splines [cells, knots]; the knots go with the cells, half by number and half by place."""
    even = np.linspace(0, 1, _KNOTS)
    knots = 0.5 * np.quantile(place, even) + 0.5 * (place.min() + np.ptp(place) * even)
    return CubicSpline(knots, np.eye(_KNOTS), bc_type="natural")(place)


def _projected(basis: np.ndarray, means: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Residuals over errors with the best linear coefficients (Golub & Pereyra 1973)."""
    design, target = basis / errors[:, None], means / errors
    return design @ np.linalg.lstsq(design, target, rcond=None)[0] - target


def _check(x: np.ndarray, units: np.ndarray, values: np.ndarray) -> None:
    if values.ndim != 2 or x.shape != values.shape[:1] or units.shape != x.shape:
        raise InputError(
            f"x {x.shape}, units {units.shape}, values {values.shape}: should be [cells], [cells] and [cells, seeds]"
        )
    if (np.isfinite(values).sum(axis=1) < 2).any() or not (units > 0).all() or not np.isfinite(x).all():
        raise InputError(
            "values, units, x: every cell should have two finite values or more, units above 0, a finite x"
        )
    sizes, places = np.unique(units), [len(np.unique(x[units == size])) for size in np.unique(units)]
    if len(sizes) < _FEWEST_SIZES or min(places) < _FEWEST_PLACES:
        raise InputError(
            f"units: {len(sizes)} sizes with {min(places)} places or more each; a collapse needs "
            f"{_FEWEST_SIZES} sizes with {_FEWEST_PLACES} places"
        )
