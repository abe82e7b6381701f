"""Shares and means over networks, each with its 95 % interval."""

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from statsmodels.stats.proportion import proportion_confint

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
TAILS = (0.025, 0.975)
_MOST_DRAWN = 2_000_000  # networks in all resamples of one bootstrap


Value = TypeVar("Value", float, np.ndarray)


class Interval(NamedTuple, Generic[Value]):
    """A value between the bounds of its 95 % interval; numbers, or arrays of one shape."""

    low: Value
    value: Value
    high: Value

    def holds(self, number: float) -> np.ndarray:
        """True where the bounds have the number between them."""
        return (np.asarray(self.low) <= number) & (number <= np.asarray(self.high))


def wilson(count: object, number: object) -> tuple[np.ndarray, np.ndarray]:
    """Wilson 95 % interval of a share count/number; nan where number is 0 (Wilson 1927, J. Am. Stat. Assoc. 22)."""
    count, number = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(number, np.float64))
    low, high = np.full(count.shape, np.nan), np.full(count.shape, np.nan)
    some = number > 0
    if np.any(some):
        low[some], high[some] = proportion_confint(count[some], number[some], alpha=0.05, method="wilson")
    return low, high


def share(count: object, number: object) -> Interval[np.ndarray]:
    """The share count/number with its Wilson 95 % interval, arrays; nan where number is 0."""
    low, high = wilson(count, number)
    count, number = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(number, np.float64))
    return Interval(low, np.divide(count, number, out=np.full(count.shape, np.nan), where=number > 0), high)


def bootstrap(values: np.ndarray, statistic: Callable[..., np.ndarray] = np.mean) -> Interval[float]:
    """A mean (or `np.median`) over networks with its percentile 95 % bootstrap interval (Efron 1979).

    Args:
        values: of networks; those that are not finite are left out.
        statistic: takes `axis`.

    Returns:
        Low, value, high: nan without any value, and without bounds for less than two. The draws have a fixed seed.
    """
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return Interval(np.nan, float(values[0]) if len(values) else np.nan, np.nan)
    drawn = statistic(values[_resamples(len(values))], axis=1)
    low, high = np.quantile(drawn, TAILS)
    return Interval(float(low), float(statistic(values, axis=0)), float(high))


@lru_cache(maxsize=4)
def _resamples(number: int) -> np.ndarray:
    """Places of networks [resamples, number], drawn with replacement; fewer times where there are very many."""
    draws = int(np.clip(_MOST_DRAWN // number, 200, 2000))
    return np.random.default_rng(0).integers(0, number, (draws, number), dtype=np.int32)
