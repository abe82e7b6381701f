"""Patterns over units: are self's and other's mean changes more alike than either is like the object's?

Two mean changes of the same rows have noise in common: S and T both hold the activations of `none`. So inner products
are taken over *different* groups of rows, K_ab = Σ_{g≠h} ⟨a_g, b_h⟩ over their number of pairs, which no noise of one
group biases (Walther et al. 2016). SSI = cos(S, T) - ½[cos(S, O) + cos(T, O)] with cosines of K; overlap beyond the
object is |S - O|² - |S - T|² = K_OO - K_TT - 2·K_SO + 2·K_ST. Errors are a jackknife's over groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

THERE = 0.01  # p at which a change is taken to be there at all; without, SSI is undefined


@dataclass(frozen=True)
class Bounded:
    """A number with its one-sided 95 % bounds, and p that it is not above zero."""

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan


@dataclass(frozen=True)
class Products:
    """Inner products over units, by weight: sums over the parts of a site.

    Attributes:
        names: of the changes.
        units: the weight of all units.
        sizes: rows of each group [G].
        own: ⟨a_g, b_g⟩ [changes, changes, G].
        with_all: ⟨a_g, Σb⟩ [changes, changes, G].
    """

    names: tuple[str, ...]
    units: float
    sizes: np.ndarray
    own: np.ndarray
    with_all: np.ndarray

    @classmethod
    def of(cls, names: tuple[str, ...], grouped: np.ndarray, factor: np.ndarray, units: float, sizes: np.ndarray):
        """Of changes by group [changes, G, U], each unit multiplied by its factor [U]."""
        scaled = grouped * np.asarray(factor, np.float32)
        total = scaled.sum(1, dtype=np.float64)
        own = np.empty((len(names), len(names), scaled.shape[1]))
        for one in range(len(names)):
            for other in range(one + 1):
                own[one, other] = own[other, one] = np.einsum("gu,gu->g", scaled[one], scaled[other])
        with_all = np.einsum("cgd->cdg", scaled @ np.asarray(total.T, np.float32)).astype(np.float64)
        return cls(names, units, sizes, own, with_all)

    @classmethod
    def joined(cls, parts: "Sequence[Products]") -> "Products":
        """Of a whole site."""
        first = parts[0]
        own, with_all = (np.sum([getattr(each, name) for each in parts], axis=0) for name in ("own", "with_all"))
        return cls(first.names, sum(each.units for each in parts), first.sizes, own, with_all)

    def place(self, name: str) -> int:
        """Of a change."""
        return self.names.index(name)

    def k(self) -> tuple[np.ndarray, np.ndarray]:
        """K [changes, changes], a mean over units, and K without each group [changes, changes, G]."""
        rows, squares = float(self.sizes.sum()), float((self.sizes.astype(float) ** 2).sum())
        whole, diagonal = self.with_all.sum(-1), self.own.sum(-1)
        pairs = rows**2 - squares
        left = (rows - self.sizes) ** 2 - (squares - self.sizes.astype(float) ** 2)
        crossed = self.with_all + self.with_all.transpose(1, 0, 2)
        without = whole[..., None] - crossed + self.own - (diagonal[..., None] - self.own)
        units = max(self.units, 1e-300)
        return (whole - diagonal) / pairs / units, without / left / units


def jackknifed(of_k: Callable[[np.ndarray], np.ndarray], k: np.ndarray, without: np.ndarray) -> Bounded:
    """A function of K [changes, changes, ...] with the jackknife's t interval; nan where it is not defined."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value, left = float(of_k(k)), of_k(without)
    count = len(left)
    error = float(np.sqrt((count - 1) / count * np.sum((left - left.mean()) ** 2)))
    if not np.isfinite(value) or not np.isfinite(error):
        return Bounded()
    reach = float(student.ppf(0.95, count - 1)) * error
    p = float(student.sf(value / error, count - 1)) if error > 0 else float(value <= 0)
    return Bounded(value, value - reach, value + reach, p)


@dataclass(frozen=True)
class Patterns:
    """What is said of a site's mean changes; what cannot be measured has nan."""

    there: dict[str, Bounded]  # K_aa of each change
    ssi: Bounded = Bounded()
    overlap: Bounded = Bounded()
    additivity: Bounded = Bounded()
    # √(K_SS/K_OO), √(K_TT/K_OO): how much stronger than the object
    strength_self: float = np.nan
    strength_other: float = np.nan

    def is_there(self, name: str) -> bool:
        """Whether a change is there at all."""
        return name in self.there and self.there[name].p < THERE


def patterns(products: Products) -> Patterns:
    """Of the changes that there are."""
    k, without = products.k()
    names = products.names
    place = {name: number for number, name in enumerate(names)}
    there = {name: jackknifed(lambda x, i=i: x[i, i], k, without) for name, i in place.items()}
    found: dict[str, object] = {}
    if {"self", "other", "object"} <= {*names}:
        s, t, o = (place[name] for name in ("self", "other", "object"))
        found["overlap"] = jackknifed(lambda x: x[o, o] - x[t, t] - 2 * x[s, o] + 2 * x[s, t], k, without)
        if all(there[name].p < THERE for name in ("self", "other", "object")):
            found["ssi"] = jackknifed(lambda x: _ssi(x, s, t, o), k, without)
        if k[o, o] > 0:
            for name, i in (("strength_self", s), ("strength_other", t)):
                found[name] = float(np.sqrt(max(k[i, i], 0.0) / k[o, o]))
    if {"self", "other", "both"} <= {*names} and all(there[name].p < THERE for name in ("self", "other")):
        s, t, b = (place[name] for name in ("self", "other", "both"))
        found["additivity"] = jackknifed(
            lambda x: (x[b, s] + x[b, t]) / (x[s, s] + 2 * x[s, t] + x[t, t]), k, without
        )  # fmt: skip
    return Patterns(there, **found)  # pyright: ignore[reportArgumentType]


def _ssi(k: np.ndarray, s: int, t: int, o: int) -> np.ndarray:
    def cosine(one: int, other: int) -> np.ndarray:
        return k[one, other] / np.sqrt(k[one, one] * k[other, other])

    return cosine(s, t) - (cosine(s, o) + cosine(t, o)) / 2
