"""Shares and means over networks, each with its 95 % interval."""

from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
TAILS = (0.025, 0.975)
FEWEST_RESAMPLED = 8  # networks: percentiles of resamples of fewer are far too narrow (of 3: 3 of 4 hold the mean)
FEWEST = 3  # networks with an interval at all: of two the t interval is nine times as wide as they are apart
PRIOR_NETWORKS = 4  # weight of the pooled variance in a cell's own
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


def mean_interval(values: np.ndarray) -> Interval[float]:
    """A mean over networks with the 95 % interval that so many of them allow; those that are not finite are left out.

    From 8 networks on the percentile bootstrap (Efron 1979), with draws of a fixed seed, from 3 on Student's t, which
    takes networks as scattering normally; none, nan, below. All is nan without any value.
    """
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    number = len(values)
    if not number:
        return Interval(np.nan, np.nan, np.nan)
    mean = float(values.mean())
    if number < FEWEST:
        return Interval(np.nan, mean, np.nan)
    if number < FEWEST_RESAMPLED:
        half = float(student.ppf(TAILS[1], number - 1) * values.std(ddof=1) / np.sqrt(number))
        return Interval(mean - half, mean, mean + half)
    low, high = np.quantile(values[_resamples(number)].mean(axis=1), TAILS)
    return Interval(float(low), mean, float(high))


def mean_variances(values: np.ndarray) -> np.ndarray:
    """The variance [...] of each cell's mean over its networks, drawn towards that of all; zeros if nothing varies.

    As if each cell had four more networks of the pooled variance (Smyth 2004, for few replicates), so that a cell whose
    networks happen to agree has no boundless weight. `values` are [..., networks], nan where a cell has no such
    network; two or more finite in every cell.
    """
    number, own = np.isfinite(values).sum(axis=-1), np.nanvar(values, axis=-1, ddof=1)
    pooled = ((number - 1) * own).sum() / (number - 1).sum()
    return ((number - 1) * own + PRIOR_NETWORKS * pooled) / (number - 1 + PRIOR_NETWORKS) / number


def mean_interval_words(fewest: int) -> str:
    """Names the intervals of means where the fewest networks behind one are so many."""
    if fewest >= FEWEST_RESAMPLED:
        return "95 % bootstrap intervals over networks"
    return (
        f"95 % intervals over networks: bootstrap from {FEWEST_RESAMPLED} networks on, Student's t below (rough: it "
        f"takes networks as scattering normally), none below {FEWEST}"
    )


@lru_cache(maxsize=4)
def _resamples(number: int) -> np.ndarray:
    """Places of networks [resamples, number], drawn with replacement; fewer times where there are very many."""
    draws = int(np.clip(_MOST_DRAWN // number, 200, 2000))
    return np.random.default_rng(0).integers(0, number, (draws, number), dtype=np.int32)
