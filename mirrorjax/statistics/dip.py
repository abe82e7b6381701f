"""Hartigan's dip test: are the networks of a cell of one kind or of two?"""

from functools import lru_cache

import numpy as np

_NULL_DRAWS = 2000
_MOST_DRAWN = 256  # values of a null's sample: the dip of more is smaller by √N (Hartigan & Hartigan 1985)
_FEWEST = 4  # networks: three points cannot be bimodal


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
