"""Which law a measure follows against a setting: candidates compared by AIC under one error model, that of the seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit, logit
from scipy.stats import chi2

from mirrorjax.errors import InputError
from mirrorjax.phases.law_shapes import IN_LOG_X, LAWS, Axis, Law, axis_of

ALIKE = 2.0  # ΔAIC below which two laws cannot be told apart (Burnham and Anderson 2002)
MISSES = 0.01  # a χ² less likely than this is more than seeds explain
_PRIOR = 4.0  # degrees of freedom that the pooled variance counts beside a point's own (as in Smyth 2004)
_EDGE = 0.002  # of a bounded search
_SEARCHES = 3  # from the best of the starts


@dataclass(frozen=True)
class Fit:
    """One law fitted to the points.

    Attributes:
        law: the candidate; `number` of its parameters.
        parameters: by name, as in the law's formula; `intervals` 95 % over resampled networks, where they were asked.
        chi_square: Σ (mean − law)² / variance of the mean.
        aic: corrected for few networks; nan if the law has as many parameters as there are points.
        delta: above the smallest AIC.
        at_edge: names of the parameters that ran into the bounds of their search: the points do not settle them.
    """

    law: Law
    number: int
    parameters: dict[str, float]
    chi_square: float
    aic: float
    delta: float
    at_edge: tuple[str, ...]
    axis: Axis = field(repr=False)
    _place: np.ndarray = field(repr=False)
    _linear: np.ndarray = field(repr=False)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the law."""
        return self.law.name

    def at(self, x: np.ndarray) -> np.ndarray:
        """The law's values at x."""
        return self.law.basis(np.log(x), _shape(self.law, self.axis, self._place), self.axis) @ self._linear


@dataclass(frozen=True)
class Laws:
    """All laws for one measure against one setting.

    Attributes:
        x, mean, error: of the points, rising in x; the error is the standard error of the mean.
        networks: of each point.
        fits: by rising AIC; those with too many parameters last, without an AIC.
        preferred: of those within ΔAIC 2 of the best, the one with fewest parameters; None if nothing can be preferred.
        alike: the others within ΔAIC 2.
        missing: why there is no comparison; empty when there is.
    """

    x: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    networks: np.ndarray
    fits: tuple[Fit, ...] = ()
    preferred: Fit | None = None
    alike: tuple[Fit, ...] = ()
    missing: str = ""

    def fit(self, name: str) -> Fit:
        """The fit of the law of this name."""
        return next(each for each in self.fits if each.name == name)

    @property
    def misfit(self) -> float:
        """How likely so large a χ² is if the preferred law holds and only seeds differ; nan without a preferred law."""
        if self.preferred is None:
            return np.nan
        return float(chi2.sf(self.preferred.chi_square, len(self.x) - self.preferred.number))


def fit_laws(
    x: np.ndarray, values: Sequence[np.ndarray] | np.ndarray, paired: bool = False, resamples: int = 200
) -> Laws:
    """Fits every candidate to the means over seeds by weighted least squares and compares them by AIC.

    The error model is the same for all: means are normal, with the variance over a point's seeds, drawn towards the
    pooled one where they are few. The sample size in AIC's correction is the number of networks.

    Args:
        x: the setting's value at each point, positive [points].
        values: the networks' values at each point, nan where there is none; arrays of any length.
        paired: the same networks at every point, in the same order: they are resampled together.
        resamples: of networks, for the intervals; their draws have a fixed seed. 0 for none.

    Returns:
        The laws. Fewer than three distinct places with values, or no two networks that differ, give `missing`.

    Raises:
        InputError: if lengths differ or x is not positive.
    """
    x = np.asarray(x, np.float64)
    if len(x) != len(values):
        raise InputError(f"fit_laws: {len(x)} places and values at {len(values)}; allowed: one array a place")
    if not np.all(np.isfinite(x) & (x > 0)):
        raise InputError(f"fit_laws: x is {x.tolist()}; allowed: numbers above 0, since laws are fitted over log x")
    rows = [np.asarray(values[place], np.float64) for place in range(len(x))]
    kept = [place for place in np.argsort(x, kind="stable") if np.isfinite(rows[place]).any()]
    x, rows = x[kept], [rows[place] for place in kept]
    networks = np.array([int(np.isfinite(row).sum()) for row in rows], np.int64)
    mean = np.array([np.nanmean(row) for row in rows])
    error = _errors(rows, networks)
    points = Laws(x, mean, error, networks)
    if len(np.unique(x)) < 3:
        return _without(points, f"values at {len(np.unique(x))} places only, and a law takes three at least")
    if not np.all(error > 0):
        return _without(points, "no two networks of a point differ, so that nothing says how far a law may miss")
    axis = axis_of(x)
    fits = _compared([_fit(law, axis, points) for law in LAWS])
    usable = [fit for fit in fits if fit.delta < ALIKE]
    preferred = min(usable, key=lambda fit: (fit.number, fit.aic))
    told = {fit.name for fit in (*usable, *(fit for fit in fits if fit.name == "power law"))} if resamples else set()
    drawn = _resampled_means(points, rows, paired, resamples) if told else np.empty((0, len(x)))
    fits = tuple(_with_intervals(fit, points, drawn) if fit.name in told else fit for fit in fits)
    best = next(fit for fit in fits if fit.name == preferred.name)
    alike = tuple(fit for fit in fits if fit.delta < ALIKE and fit is not best)
    return Laws(x, mean, error, networks, fits, best, alike)


def _without(points: Laws, missing: str) -> Laws:
    return Laws(points.x, points.mean, points.error, points.networks, missing=missing)


def _errors(rows: list[np.ndarray], networks: np.ndarray) -> np.ndarray:
    """Standard errors of the means."""
    free = networks - 1
    squares = np.array([np.nansum((row - np.nanmean(row)) ** 2) for row in rows])
    if not free.sum():
        return np.zeros(len(rows))
    pooled = squares.sum() / free.sum()
    return np.sqrt((squares + _PRIOR * pooled) / (free + _PRIOR) / networks)


def _shape(law: Law, axis: Axis, place: np.ndarray) -> np.ndarray:
    """Parameters of the shape at a place between their bounds, 0 to 1."""
    bounds = np.array(list(law.bounds(axis).values())).reshape(-1, 2)
    return bounds[:, 0] + place * (bounds[:, 1] - bounds[:, 0])


def _linear(law: Law, axis: Axis, place: np.ndarray, points: Laws, mean: np.ndarray) -> np.ndarray:
    """Level and amplitude by weighted least squares."""
    basis = law.basis(np.log(points.x), _shape(law, axis, place), axis)
    found = np.linalg.lstsq(basis / points.error[:, None], mean / points.error, rcond=None)[0]
    if law.positive and found[-1] < 0:
        return np.array([np.average(mean, weights=points.error**-2), 0.0])
    return found


def _residuals(law: Law, axis: Axis, place: np.ndarray, points: Laws, mean: np.ndarray) -> np.ndarray:
    basis = law.basis(np.log(points.x), _shape(law, axis, place), axis)
    return (mean - basis @ _linear(law, axis, place, points, mean)) / points.error


def _search(law: Law, axis: Axis, points: Laws, mean: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, float]:
    """The place of the smallest χ² and that χ²."""
    if not starts.shape[1]:
        return starts[0], float(np.sum(_residuals(law, axis, starts[0], points, mean) ** 2))
    misses = [np.sum(_residuals(law, axis, start, points, mean) ** 2) for start in starts]
    best, smallest = starts[0], np.inf
    for start in starts[np.argsort(misses, kind="stable")[:_SEARCHES]]:
        found = least_squares(
            lambda free: _residuals(law, axis, expit(free), points, mean), logit(start), method="lm", max_nfev=200
        )
        if 2 * found.cost < smallest:
            best, smallest = expit(found.x), 2 * float(found.cost)
    return best, smallest


def _fit(law: Law, axis: Axis, points: Laws) -> Fit:
    number = law.number(axis)
    place, chi_square = _search(law, axis, points, points.mean, law.starts(axis))
    linear = _linear(law, axis, place, points, points.mean)
    total = int(points.networks.sum())
    comparable = number < len(np.unique(points.x)) and total > number + 1
    aic = chi_square + 2 * number + 2 * number * (number + 1) / (total - number - 1) if comparable else np.nan
    edge = (place < _EDGE) | (place > 1 - _EDGE)
    at_edge = tuple(name for name, at in zip(law.bounds(axis), edge, strict=True) if at)
    parameters = _parameters(law, axis, place, linear)
    return Fit(law, number, parameters, chi_square, aic, np.nan, at_edge, axis, place, linear)


def _parameters(law: Law, axis: Axis, place: np.ndarray, linear: np.ndarray) -> dict[str, float]:
    """As in the law's formula."""
    names = dict(zip(law.bounds(axis), _shape(law, axis, place).tolist(), strict=True))
    found = {name: float(np.exp(value)) if name in IN_LOG_X else value for name, value in names.items()}
    if law.amplitude:
        # a power's shape is taken about the centre of the points
        sign = {"power law": 1, "power law with offset": 1, "plateau (power)": -1}.get(law.name, 0)
        found["amplitude"] = float(linear[-1] * np.exp(-sign * names.get("exponent", 0.0) * axis.centre))
    if law.level:
        found["level"] = float(linear[0])
    return found


def _compared(fits: list[Fit]) -> tuple[Fit, ...]:
    smallest = min(fit.aic for fit in fits if np.isfinite(fit.aic))
    known = [Fit(**{**_fields(fit), "delta": fit.aic - smallest}) for fit in fits]
    return tuple(sorted(known, key=lambda fit: (np.isnan(fit.aic), fit.aic, fit.number)))


def _fields(fit: Fit) -> dict[str, object]:
    return {name: getattr(fit, name) for name in fit.__dataclass_fields__}


def _resampled_means(points: Laws, rows: list[np.ndarray], paired: bool, resamples: int) -> np.ndarray:
    """Means of networks drawn with replacement [resamples, points], with the spread that few draws lack."""
    chance = np.random.default_rng(0)
    together = chance.integers(0, len(rows[0]), (resamples, len(rows[0]))) if paired else None
    drawn = []
    for mean, error, number, row in zip(points.mean, points.error, points.networks, rows, strict=True):
        if number == 1:
            drawn.append(mean + error * chance.standard_normal(resamples))
            continue
        known = row if paired else row[np.isfinite(row)]
        places = chance.integers(0, len(known), (resamples, len(known))) if together is None else together
        shift = np.nan_to_num(known[places] - mean).sum(axis=1) / np.maximum(np.isfinite(known[places]).sum(axis=1), 1)
        drawn.append(mean + shift * np.sqrt(number / (number - 1)))
    return np.column_stack(drawn)


def _with_intervals(fit: Fit, points: Laws, drawn: np.ndarray) -> Fit:
    start = np.clip(fit._place, 0.01, 0.99)[None]
    found = []
    for mean in drawn:
        place, _ = _search(fit.law, fit.axis, points, mean, start)
        found.append(_parameters(fit.law, fit.axis, place, _linear(fit.law, fit.axis, place, points, mean)))
    limits = {name: np.quantile([each[name] for each in found], [0.025, 0.975]) for name in fit.parameters}
    intervals = {name: (float(low), float(high)) for name, (low, high) in limits.items()}
    return Fit(**{**_fields(fit), "intervals": intervals})
