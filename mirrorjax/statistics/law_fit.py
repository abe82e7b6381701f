"""The laws that a measure may follow against a setting, and the fit of one to weighted means.

Each is a level and an amplitude times a shape: both are found in closed form, so only the one or two numbers of the
shape are searched for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import leastsq
from scipy.special import expit, logit

_STARTS = (0.03, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95)  # places between the bounds of a shape's parameter


@dataclass(frozen=True)
class LawAxis:
    """The points' places: `low` and `high` of log x, the smallest `gap` between neighbours, their `centre`."""

    low: float
    high: float
    gap: float
    centre: float


@dataclass(frozen=True)
class Law:
    """A candidate: level and amplitude are applied to its shape, of log x, the shape's parameters and the axis."""

    name: str  # as a reader knows it
    formula: str  # with the names of the parameters
    shape: Callable[[np.ndarray, np.ndarray, LawAxis], np.ndarray]
    bounds: Callable[[LawAxis], dict[str, tuple[float, float]]]  # of each parameter of the shape, by name, on this axis
    level: bool = True  # as `amplitude`: whether it has one
    amplitude: bool = True
    positive: bool = False  # whether the amplitude may not be negative


def _power(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.exp(shape[0] * (log_x - axis.centre))  # about 1, whatever the unit of x


def _positive(axis: LawAxis) -> dict[str, tuple[float, float]]:
    return {"exponent": (0.02, 6.0)}


# A steepness beyond the spacing of the points cannot be told from them, nor one far below their range from log x.
LAWS = (
    Law("constant", "level", lambda log_x, shape, axis: np.zeros_like(log_x), lambda axis: {}, amplitude=False),
    Law("power law", "amplitude · x^exponent", _power, lambda axis: {"exponent": (-6.0, 6.0)}, level=False),
    Law("power law with offset", "level + amplitude · x^exponent, exponent > 0", _power, _positive),
    Law(
        "plateau (power)",
        "level + amplitude · x^−exponent, exponent > 0",
        lambda log_x, shape, axis: _power(log_x, -shape, axis),
        _positive,
    ),
    Law(
        "plateau (exponential)",
        "level + amplitude · exp(−x / scale)",
        lambda log_x, shape, axis: np.exp(-np.exp(log_x - shape[0])),
        lambda axis: {"scale": (axis.low - 1.5, axis.high + 0.7)},
    ),
    Law(
        "logistic",
        "level + amplitude / (1 + exp(−log(x / centre) / width))",
        lambda log_x, shape, axis: 0.5 * (1 + np.tanh((log_x - shape[0]) / (2 * shape[1]))),
        lambda axis: {"centre": (axis.low, axis.high), "width": (axis.gap / 4, axis.high - axis.low)},
    ),
    Law(
        "bump",
        "level + amplitude · exp(−log²(x / centre) / 2 width²), amplitude > 0",
        lambda log_x, shape, axis: np.exp(-0.5 * ((log_x - shape[0]) / shape[1]) ** 2),
        lambda axis: {"centre": (axis.low, axis.high), "width": (axis.gap / 2, axis.high - axis.low)},
        positive=True,
    ),
)
IN_LOG_X = ("centre", "scale")  # parameters that are searched for as logarithms of x
_SEARCHES = 3  # from the best of the starts
_EDGE = 0.002  # of a bounded search
_POWERS = {"power law": 1, "power law with offset": 1, "plateau (power)": -1}  # sign of x's exponent


class Problem:
    """A law at places x, positive and not all equal, with given errors; the means are what changes between resamples.

    A place of the search is the shape's parameters between their bounds, each 0 to 1.
    """

    def __init__(self, law: Law, x: np.ndarray, error: np.ndarray):
        self.law, self.log_x, self.weight = law, np.log(x), 1 / error
        places = np.unique(self.log_x)
        low, high, gap = float(places[0]), float(places[-1]), float(np.diff(places).min())
        self.axis = LawAxis(low, high, gap, float(places.mean()))
        bounds = law.bounds(self.axis)
        self.names = tuple(bounds)
        self.low = np.array([low for low, _ in bounds.values()])
        self.span = np.array([high - low for low, high in bounds.values()])
        self.number = len(self.names) + law.level + law.amplitude  # of parameters
        self._level = self.weight / np.sqrt(np.sum(self.weight**2))

    def shape(self, place: np.ndarray) -> np.ndarray:
        """Its parameters."""
        return self.low + place * self.span

    def residuals(self, place: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """In standard errors, with the best level and amplitude."""
        left, amplitude, column = self._solved(place, mean)
        return left - amplitude * column

    def linear(self, place: np.ndarray, mean: np.ndarray) -> tuple[float, float]:
        """The best level and amplitude, 0 where the law has none."""
        _, amplitude, _ = self._solved(place, mean)
        if not self.law.level:
            return 0.0, amplitude
        curve = self.law.shape(self.log_x, self.shape(place), self.axis)
        return float(np.average(mean - amplitude * curve, weights=self.weight**2)), amplitude

    def _solved(self, place: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        """What is left without the level, the amplitude, and the shape without the level, all weighted."""
        left = self._without_level(mean * self.weight)
        if not self.law.amplitude:
            return left, 0.0, np.zeros_like(left)
        column = self._without_level(self.law.shape(self.log_x, self.shape(place), self.axis) * self.weight)
        size = float(column @ column)
        amplitude = float(column @ left) / size if size > 0 else 0.0
        return left, max(amplitude, 0.0) if self.law.positive else amplitude, column

    def _without_level(self, weighted: np.ndarray) -> np.ndarray:
        return weighted - self._level * (self._level @ weighted) if self.law.level else weighted

    def chi_square(self, place: np.ndarray, mean: np.ndarray) -> float:
        """Of the best level and amplitude there."""
        return float(np.sum(self.residuals(place, mean) ** 2))

    def search(self, mean: np.ndarray, starts: np.ndarray | None = None) -> np.ndarray:
        """The place of the smallest χ²; from all starts of the law without others."""
        if starts is None:  # always the same
            starts = np.array(list(product(_STARTS, repeat=len(self.names))))
        if not self.names:
            return starts[0]
        first = np.argsort([self.chi_square(start, mean) for start in starts], kind="stable")[:_SEARCHES]
        found = []
        for start in starts[first]:
            # full_output: without it a search that ends at a bound, slowly, warns
            free, *_ = leastsq(
                lambda free: self.residuals(expit(free), mean), logit(start), maxfev=200, full_output=True
            )
            found.append(expit(np.asarray(free)))
        return min(found, key=lambda place: self.chi_square(place, mean))

    def parameters(self, place: np.ndarray, mean: np.ndarray) -> dict[str, float]:
        """All of the law's, as in its formula."""
        shape = dict(zip(self.names, self.shape(place).tolist(), strict=True))
        found = {name: float(np.exp(value)) if name in IN_LOG_X else value for name, value in shape.items()}
        level, amplitude = self.linear(place, mean)
        if self.law.amplitude:  # a power's shape is taken about the centre of the points
            exponent = _POWERS.get(self.law.name, 0) * shape.get("exponent", 0.0)
            found["amplitude"] = float(amplitude * np.exp(-exponent * self.axis.centre))
        if self.law.level:
            found["level"] = level
        return found

    def at_edge(self, place: np.ndarray) -> tuple[str, ...]:
        """Names of the parameters that ran into their bounds."""
        return tuple(name for name, at in zip(self.names, place, strict=True) if not _EDGE < at < 1 - _EDGE)
