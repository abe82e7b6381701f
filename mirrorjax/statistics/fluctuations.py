"""How an order parameter varies over the networks of each cell: mean, susceptibility, Binder cumulant, dip test."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import FEWEST_RESAMPLED, TAILS, Interval

FEWEST_DATA_SEEDS = 4  # with fewer, how datasets differ cannot be told and intervals are conditional on them
_RESAMPLES = 1000
_NULL_DRAWS = 2000
_MOST_DRAWN = 256  # values of a null's sample: the dip of more is smaller by √N (Hartigan & Hartigan 1985)
_FEWEST = 4  # networks: three points cannot be bimodal


@dataclass(frozen=True)
class Fluctuations:
    """Of every cell, arrays [cells]; nan where a cell has too few networks, or all of one value.

    Attributes:
        networks: with a finite value.
        mean: ⟨m⟩.
        susceptibility: n·Var(m), n the units and Var the unbiased variance over networks.
        binder: 1 − ⟨(m−⟨m⟩)⁴⟩ / (3⟨(m−⟨m⟩)²⟩²): 0 for a normal distribution, 2/3 for two equal heaps, below 0 for rare
            outliers (Binder 1981, Z. Phys. B 43, 119; centred, so that a mean off zero is no order).
        binder_of_normal: what `binder` is on average for normal values and this many networks, 2/(N + 1).
        dip, dip_p: the dip, and the p-value of one heap (see `dip_test`).
        nested: the intervals are over data seeds too; without, they are conditional on the dataset.
    """

    networks: np.ndarray
    mean: Interval[np.ndarray]
    susceptibility: Interval[np.ndarray]
    binder: Interval[np.ndarray]
    binder_of_normal: np.ndarray
    dip: np.ndarray
    dip_p: np.ndarray
    nested: np.ndarray


def fluctuations(values: object, units: object, data_seeds: object = None) -> Fluctuations:
    """Computes the fluctuations of every cell, with 95 % percentile bootstrap intervals over networks.

    A cell of fewer than 8 networks has no intervals. Where it has networks of 4 or more datasets the bootstrap is
    nested: datasets first, then their networks. The draws have a fixed seed. Variances and cumulants of few networks
    have intervals that are too narrow (16 normal values: 5 of 6 hold the variance).

    `values` are of the order parameter, [cells, seeds], nan where a cell has no such network; `units` n, of each cell
    [cells] or of all; `data_seeds` the dataset of each network, [cells, seeds], None if all had the same.

    Raises:
        InputError: if shapes do not fit.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2:
        raise InputError(f"values {values.shape}: should be [cells, seeds]")
    seeds = np.zeros(values.shape) if data_seeds is None else np.asarray(data_seeds, np.float64)
    if seeds.shape != values.shape or np.asarray(units).shape not in ((), values.shape[:1]):
        raise InputError(
            f"data_seeds {seeds.shape} and units {np.asarray(units).shape}: should be as values {values.shape}, and "
            "one number a cell"
        )
    known = np.isfinite(values)
    found = {name: np.full((3, len(values)), np.nan) for name in ("mean", "variance", "binder")}
    dips, nested = np.full((2, len(values)), np.nan), np.zeros(len(values), bool)
    for pattern, cells in _alike(known, seeds).items():
        number = len(pattern)
        if not number:
            continue
        # networks by dataset, so that cells of one pattern share the bootstrap's draws
        order = np.lexsort((seeds[cells], ~known[cells]))
        own = np.take_along_axis(values[cells], order, axis=1)[:, :number]
        for name, interval in _intervals(own, np.array(pattern)).items():
            found[name][:, cells] = interval
        dips[:, cells] = dip_test(own)
        nested[cells] = pattern[-1] + 1 >= FEWEST_DATA_SEEDS
    networks, found["variance"] = known.sum(axis=1), np.asarray(units, np.float64) * found["variance"]
    mean, susceptibility, binder = (Interval(*found[name]) for name in ("mean", "variance", "binder"))
    of_normal = np.where(networks > 1, 2 / (networks + 1), np.nan)
    return Fluctuations(networks, mean, susceptibility, binder, of_normal, dips[0], dips[1], nested)


def _alike(known: np.ndarray, seeds: np.ndarray) -> dict[tuple[int, ...], np.ndarray]:
    """Cells by the pattern of their networks' datasets, numbered from 0: most often one pattern for all."""
    patterns: dict[tuple[int, ...], list[int]] = {}
    for cell, mask in enumerate(known):
        pattern = tuple(np.unique(seeds[cell, mask], return_inverse=True)[1].tolist())
        patterns.setdefault(tuple(sorted(pattern)), []).append(cell)
    return {pattern: np.array(cells) for pattern, cells in patterns.items()}


def _intervals(values: np.ndarray, datasets: np.ndarray) -> dict[str, np.ndarray]:
    """Low, value, high of the statistics of full rows [cells, N]: each [3, cells]."""
    number = values.shape[1]
    middle, scale = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    equal = np.ptp(values, axis=1, keepdims=True) == 0  # rounding is no variance
    scale = np.where(equal, 1.0, scale)
    standard = np.where(equal, 0.0, (values - middle) / scale)
    weights = _weights(datasets)
    # of a resample only sums of powers are needed: one matrix product each, for all cells and resamples
    powers = [standard**power @ np.vstack([np.ones(number), weights]).T for power in range(1, 5)]
    totals = np.concatenate([[number], weights.sum(axis=1)])
    first, second, third, fourth = (power / totals for power in powers)
    variance = second - first**2
    fourth_moment = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    mean = middle + scale * first
    with np.errstate(divide="ignore", invalid="ignore"):
        unbiased = scale**2 * variance * (totals / (totals - 1))
        unbiased[equal[:, 0]] = 0.0 if number > 1 else np.nan
        binder = np.where(variance > 1e-12, 1 - fourth_moment / (3 * variance**2), np.nan)
    return {"mean": _bounds(mean, number), "variance": _bounds(unbiased, number), "binder": _bounds(binder, number)}


def _bounds(statistic: np.ndarray, number: int) -> np.ndarray:
    """Low, value, high [3, cells] of a statistic [cells, 1 + resamples]; few networks have no bounds."""
    value, drawn = statistic[:, 0], statistic[:, 1:]
    bounds = np.full((2, len(statistic)), np.nan)
    some = np.isfinite(value) & np.isfinite(drawn).any(axis=1) & (number >= FEWEST_RESAMPLED)
    if some.any():
        bounds[:, some] = np.nanquantile(drawn[some], TAILS, axis=1)
    return np.stack([bounds[0], value, bounds[1]])


def _weights(datasets: np.ndarray) -> np.ndarray:
    """How often each network is drawn, [resamples, N]; `datasets` numbers each network's, rising."""
    rng = np.random.default_rng(0)
    sizes = np.bincount(datasets)
    if len(sizes) < FEWEST_DATA_SEEDS:
        return rng.multinomial(len(datasets), np.full(len(datasets), 1 / len(datasets)), _RESAMPLES).astype(np.float64)
    chosen = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), _RESAMPLES)
    drawn = [rng.multinomial(chosen[:, k] * size, np.full(size, 1 / size)) for k, size in enumerate(sizes)]
    return np.concatenate(drawn, axis=1).astype(np.float64)


def dip_test(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The dips of samples [samples, N] and the p-values of unimodality, each [samples]; nan for N < 4.

    The null is the uniform distribution, as in the paper: its dips are nearly the greatest of unimodal ones, so that
    the test errs towards unimodality. They come from 2,000 draws with a fixed seed.
    """
    number = samples.shape[1]
    if number < _FEWEST:
        return np.full(len(samples), np.nan), np.full(len(samples), np.nan)
    dips, null = dip(samples), _uniform_dips(number)
    above = _NULL_DRAWS - np.searchsorted(null, dips * (1 - 1e-12))
    return dips, (1 + above) / (1 + _NULL_DRAWS)


@lru_cache(maxsize=64)
def _uniform_dips(number: int) -> np.ndarray:
    drawn = min(number, _MOST_DRAWN)
    null = dip(np.random.default_rng(0).random((_NULL_DRAWS, drawn)))
    return np.sort(null) * np.sqrt(drawn / number)


def dip(samples: np.ndarray) -> np.ndarray:
    """The dip of each sample, by the algorithm of Hartigan & Hartigan (1985, Ann. Statist. 13, 70) for all at once.

    D = min over unimodal distributions G of sup |F − G|, F the empirical distribution: from 1/(2N) for evenly spread
    values to 1/4 for two equal heaps. G is the greatest convex minorant of F left of a modal interval and the least
    concave majorant right of it; the interval is narrowed to where both are furthest apart, as long as that is further
    than F already is from G outside. Samples are finite values [samples, N], dips [samples].
    """
    x = np.sort(np.asarray(samples, np.float64), axis=-1)
    count, number = x.shape
    rows, places = np.arange(count), np.arange(number)
    below = np.broadcast_to(places / number, x.shape)
    upto = below + 1 / number
    convex_to = _predecessors(x, below)
    concave_to = number - 1 - _predecessors(-x[:, ::-1], 1 - upto[:, ::-1])[:, ::-1]
    low, high = np.zeros(count, np.intp), np.full(count, number - 1)
    twice = np.full(count, 1 / number)
    active = np.ones(count, bool)
    while active.any():
        minorant, before = _through(x, below, _chain(convex_to, high, low, -1))[:2]
        majorant, _, after = _through(x, upto, _chain(concave_to, low, high, 1))
        inside = (places >= low[:, None]) & (places <= high[:, None])
        vertex = inside & ((before == places) | (after == places))
        apart = np.where(vertex, majorant - minorant, -np.inf)
        widest = apart.argmax(axis=1)
        new_low, new_high = before[rows, widest], after[rows, widest]
        active &= apart[rows, widest] > twice * (1 + 1e-12)
        left = np.where((places >= low[:, None]) & (places < new_low[:, None]), upto - minorant, 0.0)
        right = np.where((places > new_high[:, None]) & (places <= high[:, None]), majorant - below, 0.0)
        outside = np.maximum(left.max(axis=1), right.max(axis=1))
        twice = np.where(active, np.maximum(twice, outside), twice)
        active &= (new_low != low) | (new_high != high)
        low, high = np.where(active, new_low, low), np.where(active, new_high, high)
    return twice / 2


def _predecessors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For every point, the vertex before it on the greatest convex minorant of the points up to it."""
    count, number = x.shape
    rows = np.arange(count)
    hull, top = np.zeros((count, number), np.intp), np.zeros(count, np.intp)
    before = np.zeros((count, number), np.intp)
    for m in range(1, number):
        while True:
            b, a = hull[rows, top], hull[rows, np.maximum(top - 1, 0)]
            turn = (x[rows, b] - x[rows, a]) * (y[:, m] - y[rows, a])
            turn -= (y[rows, b] - y[rows, a]) * (x[:, m] - x[rows, a])
            taken = (top > 0) & (turn <= 0)
            if not taken.any():
                break
            top = top - taken
        before[:, m] = hull[rows, top]
        top = top + 1
        hull[rows, top] = m
    return before


def _chain(to: np.ndarray, start: np.ndarray, stop: np.ndarray, way: int) -> np.ndarray:
    """Mask [samples, N] of the vertices from one place to another."""
    rows, at = np.arange(len(to)), start
    mask = np.zeros(to.shape, bool)
    mask[rows, at] = True
    while True:
        going = way * (stop - at) > 0
        if not going.any():
            return mask
        at = np.where(going, to[rows, at], at)
        mask[rows, at] = True


def _through(x: np.ndarray, y: np.ndarray, vertex: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The straight lines through vertices at every place, and the vertex at or before and at or after each place."""
    number = x.shape[1]
    places = np.arange(number)
    before = np.maximum.accumulate(np.where(vertex, places, 0), axis=1)
    after = np.minimum.accumulate(np.where(vertex, places, number - 1)[:, ::-1], axis=1)[:, ::-1]
    x_before, y_before = np.take_along_axis(x, before, 1), np.take_along_axis(y, before, 1)
    wide = np.take_along_axis(x, after, 1) - x_before
    rise = np.take_along_axis(y, after, 1) - y_before
    slope = np.divide(rise, wide, out=np.zeros_like(wide), where=wide > 0)
    return y_before + slope * (x - x_before), before, after
