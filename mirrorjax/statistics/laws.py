"""Which law a measure follows against a setting: candidates compared by AIC under the seeds' own error."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import chi2

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import FEWEST_RESAMPLED
from mirrorjax.statistics.law_fit import LAWS, Law, Problem

ALIKE = 2.0  # ΔAIC below which two laws cannot be told apart (Burnham and Anderson 2002)
MISSES = 0.01  # a χ² less likely than this is more than seeds explain
_PRIOR = 4.0  # degrees of freedom that the pooled variance counts beside a point's own (as in Smyth 2004)


@dataclass(frozen=True)
class LawFit:
    """One law fitted to the points.

    `chi_square` is Σ (mean − law)² / variance of the mean; `aic` is corrected for few networks, and nan if the law has
    as many parameters as there are points, or networks nearly.
    """

    law: Law
    number: int  # of its parameters
    parameters: dict[str, float]  # by name, as in the law's formula
    chi_square: float
    aic: float
    delta: float  # above the smallest AIC
    at_edge: tuple[str, ...]  # parameters that ran into the bounds of their search: not settled by the points
    problem: Problem = field(repr=False)  # what it was fitted as
    place: np.ndarray = field(repr=False)  # where the search ended
    linear: tuple[float, float] = field(repr=False)  # level and amplitude there
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)  # 95 %, over resampled networks

    @property
    def name(self) -> str:
        """Of the law."""
        return self.law.name

    def at(self, x: np.ndarray) -> np.ndarray:
        """The law's values at x."""
        level, amplitude = self.linear
        return level + amplitude * self.law.shape(np.log(x), self.problem.shape(self.place), self.problem.axis)


@dataclass(frozen=True)
class Laws:
    """All laws for one measure against one setting.

    `x`, `mean` and its standard error are of the points, rising in x, as is the number of `networks`, of which each
    counts once in `total`. Fits are by rising AIC; those with too many parameters last, without an AIC. `missing` says
    why there is no comparison; empty when there is.
    """

    x: np.ndarray
    mean: np.ndarray
    error: np.ndarray
    networks: np.ndarray
    total: int
    fits: tuple[LawFit, ...] = ()
    missing: str = ""

    @property
    def preferred(self) -> LawFit | None:
        """Of those within ΔAIC 2 of the best, the one with fewest parameters; None if nothing can be preferred."""
        near = (fit for fit in self.fits if fit.delta < ALIKE)
        return min(near, key=lambda fit: (fit.number, fit.aic), default=None)

    @property
    def alike(self) -> tuple[LawFit, ...]:
        """The others within ΔAIC 2."""
        return tuple(fit for fit in self.fits if fit.delta < ALIKE and fit is not self.preferred)

    def fit(self, name: str) -> LawFit:
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
        resamples: of networks, for the intervals; their draws have a fixed seed. 0 for none, and there are none of
            fewer than 8 networks that are paired.

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
    points = Laws(x, mean, error, networks, int(networks.max(initial=0) if paired else networks.sum()))
    if len(np.unique(x)) < 3:
        return replace(points, missing=f"values at {len(np.unique(x))} places only, and a law takes three at least")
    if not np.all(error > 0):
        return replace(points, missing="no two networks of a point differ, so that nothing says how far a law may miss")
    fits = [_fit(law, points) for law in LAWS]
    comparable = [fit.aic for fit in fits if np.isfinite(fit.aic)]
    if len(comparable) < 2:
        return replace(points, missing=f"{points.total} networks are too few for an AIC")
    fits = [replace(fit, delta=fit.aic - min(comparable)) for fit in fits]
    fits.sort(key=lambda fit: (np.isnan(fit.aic), fit.aic, fit.number))
    found = replace(points, fits=tuple(fits))
    if not resamples or (paired and points.total < FEWEST_RESAMPLED):
        return found
    told = [fit.name for fit in (found.preferred, found.fit("power law")) if fit]
    drawn = _resampled_means(points, rows, paired, resamples)
    return replace(found, fits=tuple(_with_intervals(fit, drawn) if fit.name in told else fit for fit in fits))


def _errors(rows: list[np.ndarray], networks: np.ndarray) -> np.ndarray:
    """Standard errors of the means."""
    free = networks - 1
    squares = np.array([np.nansum((row - np.nanmean(row)) ** 2) for row in rows])
    if not free.sum():
        return np.zeros(len(rows))
    pooled = squares.sum() / free.sum()
    return np.sqrt((squares + _PRIOR * pooled) / (free + _PRIOR) / networks)


def _fit(law: Law, points: Laws) -> LawFit:
    problem = Problem(law, points.x, points.error)
    place = problem.search(points.mean)
    number, chi_square = problem.number, problem.chi_square(place, points.mean)
    comparable = number < len(np.unique(points.x)) and points.total > number + 1
    correction = 2 * number * (number + 1) / (points.total - number - 1) if comparable else np.nan
    aic, parameters = chi_square + 2 * number + correction, problem.parameters(place, points.mean)
    linear = problem.linear(place, points.mean)
    return LawFit(law, number, parameters, chi_square, aic, np.nan, problem.at_edge(place), problem, place, linear)


def _resampled_means(points: Laws, rows: list[np.ndarray], paired: bool, resamples: int) -> np.ndarray:
    """Means of networks drawn with replacement [resamples, points], with the spread that few draws lack.

    Of points with fewer than 8 networks normal draws with the means' standard errors, to which all points add.
    """
    chance = np.random.default_rng(0)
    together = chance.integers(0, len(rows[0]), (resamples, len(rows[0]))) if paired else None
    drawn = []
    for mean, error, number, row in zip(points.mean, points.error, points.networks, rows, strict=True):
        if not paired and number < FEWEST_RESAMPLED:
            drawn.append(mean + error * chance.standard_normal(resamples))
            continue
        known = row if paired else row[np.isfinite(row)]
        places = chance.integers(0, len(known), (resamples, len(known))) if together is None else together
        shift = np.nan_to_num(known[places] - mean).sum(axis=1) / np.maximum(np.isfinite(known[places]).sum(axis=1), 1)
        drawn.append(mean + shift * np.sqrt(number / (number - 1)))
    return np.column_stack(drawn)


def _with_intervals(fit: LawFit, drawn: np.ndarray) -> LawFit:
    start, problem = np.clip(fit.place, 0.01, 0.99)[None], fit.problem
    found = [problem.parameters(problem.search(mean, start), mean) for mean in drawn]
    limits = {name: np.quantile([each[name] for each in found], [0.025, 0.975]) for name in fit.parameters}
    return replace(fit, intervals={name: (float(low), float(high)) for name, (low, high) in limits.items()})
