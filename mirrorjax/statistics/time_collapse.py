"""Whether training runs at different rates or batch sizes are one curve once time is lr · steps.

At places of the clock that all have, the spread between the conditions' mean curves is held against what it would be
if networks belonged to conditions by chance alone (permutation of whole networks).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measures import label

LEVEL = 0.05
BY_ERROR = label("excess_error")  # the clock that runs as the error falls
_DRAWS = 1000


@dataclass(frozen=True)
class TimeCondition:
    """Networks trained alike: the values of a measure [networks, checkpoints], nan where there is none.

    `clocks` has by name (`epoch`, `step`, BY_ERROR) the time of each value [networks or 1, checkpoints]. A clock may
    run forwards only, so of the excess error its fall counts (`fallen`). Conditions with the same seeds are permuted
    within seeds.
    """

    name: str  # for readers, such as `lr 1e-4`
    values: np.ndarray
    clocks: dict[str, np.ndarray]
    seeds: np.ndarray  # of the networks


@dataclass(frozen=True)
class TimeCollapse:
    """The test against one clock.

    `means` are [conditions, places], at places of the clock that rise, `noise` [places] is the standard deviation
    between networks of one condition. `spread` is between the conditions' means, as the root of its mean square over
    places in units of `noise`; `widest` is the place, and which two conditions, where means differ most in these units.
    """

    clock: str
    places: np.ndarray
    means: np.ndarray
    noise: np.ndarray
    spread: float
    expected: tuple[float, float]  # of it, if networks belonged to conditions by chance: median and .95 quantile
    p_value: float  # share of permutations with at least that spread
    widest: tuple[int, int, int]
    names: tuple[str, ...]
    networks: tuple[int, ...]  # of each condition
    missing: str = ""  # why nothing can be said; empty when it can

    @property
    def refuted(self) -> bool:
        """Whether the conditions differ by more than networks of one do; False too where nothing can be said."""
        return not self.missing and self.p_value < LEVEL


def fallen(error: np.ndarray) -> np.ndarray:
    """A clock out of errors [networks, checkpoints]: minus the logarithm of the smallest so far, which never falls."""
    with np.errstate(divide="ignore", invalid="ignore"):
        positive = np.where(error > 0, error, np.nan)
    return -np.log(np.fmin.accumulate(positive, axis=1))


def time_collapse(conditions: Sequence[TimeCondition], clock: str) -> TimeCollapse:
    """Tests whether conditions, two or more, are one curve on one of their clocks.

    Networks with a value that is not finite are left out. Between checkpoints values are interpolated linearly; where
    conditions were measured at the same places, nothing is.

    Raises:
        InputError: for fewer than two conditions.
    """
    if len(conditions) < 2:
        raise InputError(f"{len(conditions)} conditions; allowed: two or more, since they are compared")
    names = tuple(each.name for each in conditions)
    whole = [_whole(each, clock) for each in conditions]
    networks = tuple(len(values) for _, values, _ in whole)
    if min(networks) < 2:
        few = names[int(np.argmin(networks))]
        return _nothing(clock, names, networks, f"{few} has fewer than two networks with all values")
    places = _common_places([times for times, _, _ in whole])
    if len(places) < 2:
        return _nothing(clock, names, networks, "the conditions have no stretch in common")
    curves = [
        np.array([np.interp(places, *own) for own in zip(times, values, strict=True)]) for times, values, _ in whole
    ]
    means = np.array([curve.mean(axis=0) for curve in curves])
    noise = _noise(curves)
    if not np.all(noise > 0):
        return _nothing(clock, names, networks, "networks of one condition do not differ")
    measured = _spread(means, noise)
    drawn = _permuted(curves, [seeds for _, _, seeds in whole])
    p_value = (1 + np.sum(drawn >= measured * (1 - 1e-12))) / (1 + len(drawn))
    expected = (float(np.median(drawn)), float(np.quantile(drawn, 0.95)))
    widest = _widest(means, noise)
    return TimeCollapse(clock, places, means, noise, measured, expected, float(p_value), widest, names, networks)


def _nothing(clock: str, names: tuple[str, ...], networks: tuple[int, ...], missing: str) -> TimeCollapse:
    empty, nan = np.empty(0), np.nan
    return TimeCollapse(clock, empty, empty, empty, nan, (nan, nan), nan, (0, 0, 0), names, networks, missing)


def _whole(condition: TimeCondition, clock: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values and seeds of the networks with all values, without checkpoints that none has."""
    values = np.asarray(condition.values, np.float64)
    times = np.broadcast_to(np.asarray(condition.clocks[clock], np.float64), values.shape)
    seen = (np.isfinite(values) & np.isfinite(times)).any(axis=0)
    values, times = values[:, seen], times[:, seen]
    kept = (np.isfinite(values) & np.isfinite(times)).all(axis=1)
    return times[kept], values[kept], np.asarray(condition.seeds)[kept]


def _common_places(times: list[np.ndarray]) -> np.ndarray:
    """The checkpoints of the condition with fewest, within the stretch that every network has."""
    first = max(float(each[:, 0].max()) for each in times)
    last = min(float(each[:, -1].min()) for each in times)
    clocks = [np.median(each, axis=0) for each in times]
    inside = [np.unique(each[(each >= first - 1e-9) & (each <= last * (1 + 1e-9))]) for each in clocks]
    coarsest = min(inside, key=len)
    ends = [first, last] if len(coarsest) < 2 and last > first else []
    return np.unique(np.concatenate([coarsest, ends]))


def _noise(curves: list[np.ndarray]) -> np.ndarray:
    squares = sum(((curve - curve.mean(axis=0)) ** 2).sum(axis=0) for curve in curves)
    return np.sqrt(squares / sum(len(curve) - 1 for curve in curves))


def _spread(means: np.ndarray, noise: np.ndarray) -> float:
    return float(np.sqrt(np.mean(means.var(axis=0, ddof=1) / noise**2)))


def _permuted(curves: list[np.ndarray], seeds: list[np.ndarray]) -> np.ndarray:
    """The spread under permutations of networks, within seeds where all conditions have the same."""
    chance = np.random.default_rng(0)
    same = all(sorted(own.tolist()) == sorted(seeds[0].tolist()) for own in seeds)
    paired = same and len(set(seeds[0].tolist())) == len(seeds[0])
    ordered = [curve[np.argsort(own, kind="stable")] for curve, own in zip(curves, seeds, strict=True)]
    stacked, found = np.concatenate(ordered), []
    bounds = np.cumsum([len(curve) for curve in ordered])[:-1]
    places = np.arange(len(stacked)).reshape(len(curves) if paired else 1, -1)
    for _ in range(_DRAWS):
        drawn = chance.permuted(places, axis=0).ravel() if paired else chance.permutation(len(stacked))
        parts = np.split(stacked[drawn], bounds)
        found.append(_spread(np.array([part.mean(axis=0) for part in parts]), _noise(parts)))
    return np.array(found)


def _widest(means: np.ndarray, noise: np.ndarray) -> tuple[int, int, int]:
    pairs = [
        (abs(means[one, place] - means[other, place]) / noise[place], place, one, other)
        for one, other in combinations(range(len(means)), 2)
        for place in range(means.shape[1])
    ]
    _, place, one, other = max(pairs)
    return place, one, other
