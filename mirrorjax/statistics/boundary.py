"""Where P = 1/2: the boundary of a phase diagram, with its band, by logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import contourpy
import numpy as np
from scipy.special import expit
from scipy.stats import chi2

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import Interval, Z, share
from mirrorjax.statistics.logistic import Fit, log_likelihood
from mirrorjax.statistics.logistic import fit as fit_logistic

SURFACES = ("linear", "interaction", "quadratic")
_SIGNIFICANT = 0.05
_LEAST_P = 1e-30  # that is worth its digits
_SIMULATED = 1000


@dataclass(frozen=True)
class Boundary:
    """A fitted logistic surface logit P = β·terms(z), z the standardised coordinates [d].

    `lack_of_fit` is the p-value of the deviance, against that of counts drawn from the fit; small where the surface is
    too plain for the map, and band and boundary are not to be trusted. `separated` has, if d = 1 and a line parts the
    cells without a success from those without a failure, the two cells beside the gap. `middle` and `spread` [d] are
    mean and standard deviation of the cells' coordinates.
    """

    names: tuple[str, ...]  # of the coordinates, [d]
    surface: str  # `linear`; `interaction`, with products of two; `quadratic`, with squares too
    aic: dict[str, float]  # by surface, of those that the cells can tell apart
    exists: bool  # P crosses 1/2 among the cells, and differs between them
    why: str  # the reason, a sentence
    lack_of_fit: float
    separated: tuple[float, float] | None
    middle: np.ndarray
    spread: np.ndarray
    fit: Fit  # coefficients and covariance

    def probability(self, points: object) -> Interval[np.ndarray]:
        """P with its 95 % band, by the delta method on the logit.

        Args:
            points: [..., d], or [...] for d = 1.

        Returns:
            Arrays [...]: 1/(1 + e^−(η ± 1.96 √(tᵀVt))), t the terms of the point and η = β·t.
        """
        logit, error = self._logit(points)
        return Interval(expit(logit - Z * error), expit(logit), expit(logit + Z * error))

    def width(self, points: object) -> np.ndarray:
        """How uncertain it is on which side of the boundary a point lies: 0 (certain) to 1, [...].

        The height of the band of P where the band holds 1/2, and 0 where it does not. More networks, or, where the
        boundary is sharper than the grid, more points there make it smaller.
        """
        band = self.probability(points)
        return np.where(band.holds(0.5), band.high - band.low, 0.0)

    def band(self, points: object) -> np.ndarray:
        """Mask [...] of the points whose interval of P holds 1/2: the boundary may be there."""
        return self.probability(points).holds(0.5)

    def expecting(self, points: object, trials: object) -> "Boundary":
        """The same P with the band to be expected once points [..., d] have `trials` [...] further networks each."""
        terms = self._terms_at(points).reshape(-1, len(self.fit.coefficients))
        probability = expit(terms @ self.fit.coefficients)
        weights = np.asarray(trials, np.float64).ravel() * probability * (1 - probability)
        information = np.linalg.inv(self.fit.covariance) + (terms * weights[:, None]).T @ terms
        return replace(self, fit=replace(self.fit, covariance=np.linalg.inv(information)))

    def contour(self, grid_x: np.ndarray, grid_y: np.ndarray) -> list[np.ndarray]:
        """The fit's 50 % level on a grid of rising coordinates, d = 2: lines of points [points, 2].

        No line if the level is not on the grid. Drawn whether `exists` or not: ask that first.
        """
        self._must_have(2, "contour")
        logit, _ = self._logit(np.stack(np.meshgrid(grid_x, grid_y), axis=-1))
        return [np.asarray(line) for line in contourpy.contour_generator(grid_x, grid_y, logit).lines(0.0)]

    @property
    def centre(self) -> Interval[float]:
        """Where P = 1/2 for d = 1, with the interval of the points whose band holds 1/2 (Fieller 1954).

        Unbounded on the sides where the band never leaves 1/2. Cells that are separated leave the place in the gap
        between them open, so that the interval holds the gap.
        """
        self._must_have(1, "centre")
        (intercept, slope), covariance = self.fit.coefficients, self.fit.covariance
        square = slope**2 - Z**2 * covariance[1, 1]
        linear = intercept * slope - Z**2 * covariance[0, 1]
        constant = intercept**2 - Z**2 * covariance[0, 0]
        value, low, high = -intercept / slope if slope else np.nan, -np.inf, np.inf
        if square > 0:  # else the slope's interval holds 0, and no point can be left out for good
            root = np.sqrt(max(linear**2 - square * constant, 0.0))
            low, high = (-linear - root) / square, (-linear + root) / square
        low, value, high = (float(self.middle[0] + self.spread[0] * each) for each in (low, value, high))
        if self.separated:
            low, high = min(low, self.separated[0]), max(high, self.separated[1])
        return Interval(low, value, high)

    def _must_have(self, number: int, what: str) -> None:
        if len(self.names) != number:
            raise InputError(f"a boundary's {what} is of {number} coordinates; this one has {', '.join(self.names)}")

    def _terms_at(self, points: object) -> np.ndarray:
        places, number = np.asarray(points, np.float64), len(self.names)
        if number == 1 and (places.ndim == 0 or places.shape[-1] != 1):
            places = places[..., None]
        if places.shape[-1] != number:
            raise InputError(f"points have {places.shape[-1]} coordinates; the boundary has {', '.join(self.names)}")
        return _terms((places - self.middle) / self.spread, self.surface)

    def _logit(self, points: object) -> tuple[np.ndarray, np.ndarray]:
        terms = self._terms_at(points)
        variance = np.einsum("...i,ij,...j->...", terms, self.fit.covariance, terms)
        return terms @ self.fit.coefficients, np.sqrt(variance)


def fit(points: object, successes: object, trials: object, names: Sequence[str] = ()) -> Boundary:
    """Fits where P = 1/2 by a binomial logistic regression with Firth's penalty (see `logistic.fit`).

    For d ≥ 2 the surface is the one of lowest AIC among linear, with interactions, and quadratic. Networks of a cell
    count as independent given the dataset. Put a coordinate on the scale on which its effect is even (log of a size).

    Args:
        points: coordinates of the cells, [cells, d], or [cells] for d = 1.
        successes, trials: counts [cells]; cells without trials are left out.
        names: of the coordinates, for sentences.

    Raises:
        InputError: for shapes that do not fit, counts that are none, or cells that all lie on one line.
    """
    points, successes, trials = (np.asarray(each, np.float64) for each in (points, successes, trials))
    points = points[:, None] if points.ndim == 1 else points
    names = tuple(names) or tuple(f"x{place + 1}" for place in range(points.shape[1]))
    _check(points, successes, trials, names)
    some = trials > 0
    points, successes, trials = points[some], successes[some], trials[some]
    middle, spread = points.mean(0), points.std(0)
    places = (points - middle) / np.where(spread > 0, spread, 1.0)
    fits = {}
    for surface in SURFACES if points.shape[1] > 1 else SURFACES[:1]:
        terms = _terms(places, surface)
        # with as many coefficients as cells AIC has nothing to go by
        if np.linalg.matrix_rank(terms) == terms.shape[1] and (surface == "linear" or len(terms) > terms.shape[1]):
            fits[surface] = fit_logistic(terms, successes, trials)
    if not fits:
        raise InputError(f"points: {len(points)} cells that do not span {', '.join(names)}; give cells that vary each")
    surface = min(fits, key=lambda each: fits[each].aic)
    best = fits[surface]
    logit = _terms(places, surface) @ best.coefficients
    aic = {each: found.aic for each, found in fits.items()}
    exists, why = _verdict(logit, best, points, successes, trials, names)
    lack, gap = _lack_of_fit(logit, successes, trials), _gap(points[:, 0], successes, trials)
    separated = gap if len(names) == 1 else None
    return Boundary(names, surface, aic, exists, why, lack, separated, middle, spread, best)


def _check(points: np.ndarray, successes: np.ndarray, trials: np.ndarray, names: tuple[str, ...]) -> None:
    if points.ndim != 2 or successes.shape != points.shape[:1] or trials.shape != points.shape[:1]:
        raise InputError(
            f"points {points.shape}, successes {successes.shape}, trials {trials.shape}: these should be "
            "[cells, coordinates], [cells] and [cells]"
        )
    if len(names) != points.shape[1]:
        raise InputError(f"names: {len(names)} for {points.shape[1]} coordinates")
    if not np.isfinite(points).all():
        raise InputError("points: every coordinate of every cell should be a finite number")
    if not ((successes >= 0) & (successes <= trials) & np.isfinite(trials)).all():
        raise InputError("successes: should be from 0 to the cell's trials in every cell")
    if not (trials > 0).any():
        raise InputError("trials: no cell has any network")


def _terms(places: np.ndarray, surface: str) -> np.ndarray:
    """The design of standardised coordinates [..., d]: [..., k]."""
    columns = [np.ones(places.shape[:-1]), *np.moveaxis(places, -1, 0)]
    number = places.shape[-1]
    if surface != "linear":
        columns += [places[..., i] * places[..., j] for i, j in combinations(range(number), 2)]
    if surface == "quadratic":
        columns += [places[..., i] ** 2 for i in range(number)]
    return np.stack(columns, axis=-1)


def _verdict(
    logit: np.ndarray, best: Fit, points: np.ndarray, successes: np.ndarray, trials: np.ndarray, names: tuple[str, ...]
) -> tuple[bool, str]:
    total = share(successes.sum(), trials.sum())
    if logit.max() < 0 or logit.min() > 0:
        side, nearest = ("below", logit.argmax()) if logit.max() < 0 else ("above", logit.argmin())
        own = share(successes[nearest], trials[nearest])
        place = ", ".join(f"{name} = {value:.3g}" for name, value in zip(names, points[nearest], strict=True))
        return False, (
            f"no boundary: the fitted P stays {side} 1/2 in all {len(points)} cells; nearest to it at {place}, with "
            f"{successes[nearest]:.0f} of {trials[nearest]:.0f} networks ({own.low:.2f} to {own.high:.2f})"
        )
    odds = (successes.sum() + 0.5) / ((trials - successes).sum() + 0.5)
    flat = log_likelihood(np.full(len(trials), np.log(odds)), successes, trials)
    p = float(chi2.sf(2 * (best.log_likelihood - flat), len(best.coefficients) - 1))
    if p >= _SIGNIFICANT:
        return False, (
            f"no boundary: P does not differ between the cells (likelihood ratio test, p = {p:.2g}); it is "
            f"{total.value:.2f} ({total.low:.2f} to {total.high:.2f}) over all networks"
        )
    small = f"p = {p:.2g}" if p > _LEAST_P else f"p < {_LEAST_P:g}"
    return True, f"P crosses 1/2 among the cells and differs between them (likelihood ratio test, {small})"


def _lack_of_fit(logit: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float:
    """How often counts drawn from the fit have no smaller deviance; refitting each would make it a little smaller."""
    drawn = np.random.default_rng(0).binomial(trials.astype(np.int64), expit(logit), (_SIMULATED, len(logit)))
    deviances = _deviance(logit, np.vstack([successes, drawn]), trials)
    return float((1 + (deviances[1:] >= deviances[0]).sum()) / (1 + _SIMULATED))


def _deviance(logit: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    fitted = successes * logit - trials * np.logaddexp(0, logit)
    shares = successes / trials
    with np.errstate(divide="ignore", invalid="ignore"):
        saturated = np.where(shares > 0, successes * np.log(shares), 0.0)
        saturated += np.where(shares < 1, (trials - successes) * np.log1p(-shares), 0.0)
    return 2 * (saturated - fitted).sum(-1)


def _gap(places: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> tuple[float, float] | None:
    """The two places between which all networks change, if they do."""
    none, every = places[successes == 0], places[successes == trials]
    if len(none) + len(every) < len(places) or not len(none) or not len(every):
        return None
    if none.max() < every.min():
        return float(none.max()), float(every.min())
    return (float(every.max()), float(none.min())) if every.max() < none.min() else None
