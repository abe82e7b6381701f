"""Tests over groups of rows: of a unit's contrasts one by one, of all of them, and of all units of a site.

Under the null a group's contrast d_g is as likely to have the other sign; z = Σd / √Σd² is then nearly normal (flips
of 20 groups and more). A unit is claimed where *all* of its contrasts are raised, so that its p is their largest
(intersection-union; Berger 1982): C4 = (S, T, S - O, T - O) for a mirror unit, C2 = (S, T) for a shared one, S, T and O
what self, other and object change. A site has one if Simes's p over its units is small (Simes 1986); which ones is
Benjamini and Hochberg's choice (1995). Units that are alike count once: each of k weighs 1/k.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

LEVEL = 0.05
STEEPEST = 100.0  # beyond which a factor is not looked for
Contrast = Mapping[str, float]  # what a contrast is made of: a factor for each change
SELF, OTHER = {"self": 1.0}, {"other": 1.0}
C2: tuple[Contrast, ...] = (SELF, OTHER)


def c4(self_factor: float = 1.0, other_factor: float = 1.0) -> tuple[Contrast, ...]:
    """C4, the object's change multiplied by a factor where self's, and where other's, is held against it."""
    return (*C2, {"self": 1.0, "object": -self_factor}, {"other": 1.0, "object": -other_factor})


@dataclass(frozen=True)
class Changes:
    """What the tests need of the changes of units: sums over groups of rows.

    Attributes:
        names: of the changes.
        total: their sums [changes, U].
        products: sums of their products by group [changes, changes, U].
    """

    names: tuple[str, ...]
    total: np.ndarray
    products: np.ndarray

    def z(self, contrast: Contrast) -> np.ndarray:
        """Of a contrast, by unit [U]; -inf where it never differs from zero."""
        factors = np.array([contrast.get(name, 0.0) for name in self.names])
        squares = np.einsum("c,d,cdu->u", factors, factors, self.products)
        size = np.sqrt(np.maximum(squares, 0.0))
        rounding = 1e-6 * np.sqrt(np.einsum("c,ccu->u", factors**2, self.products))
        known = size > rounding
        return np.where(known, factors @ self.total / np.where(known, size, 1.0), -np.inf)

    def p(self, contrasts: Sequence[Contrast]) -> np.ndarray:
        """That all contrasts of a unit are raised [U]."""
        return np.max([ndtr(-self.z(each)) for each in contrasts], axis=0)

    @classmethod
    def of(cls, names: tuple[str, ...], grouped: np.ndarray) -> "Changes":
        """Of changes by group [changes, G, U]."""
        count = len(names)
        products = np.zeros((count, count, grouped.shape[2]))
        for first in range(0, grouped.shape[1], 256):  # sums of so many in float32, and of these in float64
            block = grouped[:, first : first + 256]
            for one in range(count):
                for other in range(one + 1):
                    products[one, other] += np.einsum("gu,gu->u", block[one], block[other])
        upper = np.tril_indices(count, -1)
        products[upper[1], upper[0]] = products[upper]
        return cls(names, grouped.sum(1, dtype=np.float64), products)

    @classmethod
    def joined(cls, parts: "Sequence[Changes]") -> "Changes":
        """Of parts of a site."""
        total, products = ([getattr(each, name) for each in parts] for name in ("total", "products"))
        return cls(parts[0].names, np.concatenate(total, -1), np.concatenate(products, -1))


def simes(p: np.ndarray, weight: np.ndarray) -> float:
    """That some unit is one, from each unit's p [U], by weight; 1 without units."""
    order = np.argsort(p, kind="stable")
    share = np.cumsum(weight[order]) / max(float(np.sum(weight)), 1e-300)
    some = weight[order] > 0
    return float(min(1.0, np.min(p[order][some] / share[some], initial=1.0)))


def discovered(p: np.ndarray, weight: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Which units are ones at this false discovery rate [U], by weight."""
    order = np.argsort(p, kind="stable")
    share = np.cumsum(weight[order]) / max(float(np.sum(weight)), 1e-300)
    passing = p[order][(p[order] <= level * share) & (weight[order] > 0)]
    return (p <= passing.max(initial=-1.0)) & (weight > 0)


def holm(p: np.ndarray) -> np.ndarray:
    """p of each of several claims, as if all had been looked at (Holm 1979); nan is no claim."""
    p = np.asarray(p, np.float64)
    found, known = np.full(len(p), np.nan), np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    found[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return found


def tipping(changes: Changes, weight: np.ndarray) -> float:
    """The largest factor on the object's change at which the site still has a mirror unit (Simes at LEVEL).

    Below 1: not even at the object's own strength; nan: not without any object; inf: up to STEEPEST.
    """

    def holds(factor: float) -> bool:
        return simes(changes.p(c4(factor, factor)), weight) <= LEVEL

    grid = [0.0, *np.geomspace(1 / STEEPEST, STEEPEST, 41)]
    holding = [place for place, factor in enumerate(grid) if holds(factor)]
    if not holding:
        return float("nan")
    if holding[-1] == len(grid) - 1:
        return float("inf")
    low, high = grid[holding[-1]], grid[holding[-1] + 1]
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return float(low)
