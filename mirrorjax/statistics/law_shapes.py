"""The laws that a measure may follow against a setting: each a level and an amplitude times a shape.

All are linear in level and amplitude, so only the one or two numbers of the shape are searched for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

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
    """A candidate.

    Attributes:
        name: as a reader knows it.
        formula: with the names of the parameters.
        shape: (log x, shape parameters, axis) to the curve that level and amplitude are applied to.
        bounds: of each parameter of the shape, by name, on this axis.
        level, amplitude: whether it has them; `positive`: the amplitude may not be negative.
    """

    name: str
    formula: str
    shape: Callable[[np.ndarray, np.ndarray, LawAxis], np.ndarray]
    bounds: Callable[[LawAxis], dict[str, tuple[float, float]]]
    level: bool = True
    amplitude: bool = True
    positive: bool = False

    def number(self, axis: LawAxis) -> int:
        """Of parameters."""
        return int(self.level) + int(self.amplitude) + len(self.bounds(axis))

    def starts(self, axis: LawAxis) -> np.ndarray:
        """Where the search begins, always the same: places between the bounds, [starts, shape parameters]."""
        return np.array(list(product(_STARTS, repeat=len(self.bounds(axis)))))


def axis_of(x: np.ndarray) -> LawAxis:
    """Describes where the points are; x are positive and not all equal."""
    log_x = np.unique(np.log(x))
    return LawAxis(float(log_x[0]), float(log_x[-1]), float(np.diff(log_x).min()), float(log_x.mean()))


def _no_shape(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.zeros_like(log_x)


def _power(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.exp(shape[0] * (log_x - axis.centre))  # about 1, whatever the unit of x


def _approach(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.exp(-shape[0] * (log_x - axis.centre))


def _exponential(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.exp(-np.exp(log_x - shape[0]))


def _logistic(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return 0.5 * (1 + np.tanh((log_x - shape[0]) / (2 * shape[1])))


def _bump(log_x: np.ndarray, shape: np.ndarray, axis: LawAxis) -> np.ndarray:
    return np.exp(-0.5 * ((log_x - shape[0]) / shape[1]) ** 2)


def _range(axis: LawAxis) -> float:
    return axis.high - axis.low


# A steepness beyond the spacing of the points cannot be told from them, nor one far below their range from log x.
LAWS = (
    Law("constant", "level", _no_shape, lambda axis: {}, amplitude=False),
    Law("power law", "amplitude · x^exponent", _power, lambda axis: {"exponent": (-6.0, 6.0)}, level=False),
    Law(
        "power law with offset",
        "level + amplitude · x^exponent, exponent > 0",
        _power,
        lambda axis: {"exponent": (0.02, 6.0)},
    ),
    Law(
        "plateau (power)",
        "level + amplitude · x^−exponent, exponent > 0",
        _approach,
        lambda axis: {"exponent": (0.02, 6.0)},
    ),
    Law(
        "plateau (exponential)",
        "level + amplitude · exp(−x / scale)",
        _exponential,
        lambda axis: {"scale": (axis.low - 1.5, axis.high + 0.7)},
    ),
    Law(
        "logistic",
        "level + amplitude / (1 + exp(−log(x / centre) / width))",
        _logistic,
        lambda axis: {"centre": (axis.low, axis.high), "width": (axis.gap / 4, _range(axis))},
    ),
    Law(
        "bump",
        "level + amplitude · exp(−log²(x / centre) / 2 width²), amplitude > 0",
        _bump,
        lambda axis: {"centre": (axis.low, axis.high), "width": (axis.gap / 2, _range(axis))},
        positive=True,
    ),
)
IN_LOG_X = ("centre", "scale")  # parameters that are searched for as logarithms of x
