"""Means over units of a rectified response, with an interval that does not flatter.

A mean of max(0, g) is biased upwards by noise, and a bootstrap does not see it. So the groups are halved: on one half
it is said which units have g > 0, on the other how large it is: Ê = mean of ½(1[g_a > 0]·g_b + 1[g_b > 0]·g_a), g a
unit's smallest contrast. E[min] ≤ min E, so that Ê is not above the truth on average; its lower end is Ê - 1.645·se.
The upper end, which is no claim, is the larger of the plain mean's percentile and basic ends. `floor` is the plain
mean where the signs of groups are flipped: what noise alone gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FLOORS = 20  # flips that the floor is a mean of
_SIDE = 1.645


@dataclass(frozen=True)
class Resamples:
    """How groups are halved, drawn again and flipped: the same for all units of a network.

    Attributes:
        half: which groups are in the first half [G].
        weights: how often each group is drawn [1 + draws, G]; the first draw is all of them, once.
        signs: -1 or 1 [FLOORS, G].
    """

    half: np.ndarray
    weights: np.ndarray
    signs: np.ndarray

    @classmethod
    def drawn(cls, groups: int, draws: int, seed: int) -> "Resamples":
        """Of a seed; groups are drawn within their half."""
        random = np.random.default_rng([seed, 3])
        half = np.zeros(groups, bool)
        half[random.permutation(groups)[: groups // 2]] = True
        weights = np.ones((1 + draws, groups), np.float32)
        for part in (half, ~half):
            count = int(part.sum())
            weights[1:, part] = random.multinomial(count, np.full(count, 1 / count), size=draws)
        return cls(half, weights, random.choice(np.array([-1.0, 1.0], np.float32), size=(FLOORS, groups)))

    @cached_property
    def halves(self) -> list[np.ndarray]:
        """The weights of each half's groups, and below them their signs [1 + draws + FLOORS, groups of the half]."""
        both = np.concatenate([self.weights, self.signs])
        return [np.ascontiguousarray(both[:, part]) for part in (self.half, ~self.half)]


@dataclass(frozen=True)
class Means:
    """Sums over a part's units, by weight, for each draw [1 + draws]; flipped ones [FLOORS]."""

    fitted: np.ndarray
    plain: np.ndarray
    flipped: np.ndarray
    units: float

    @classmethod
    def joined(cls, parts: "Sequence[Means]") -> "Means":
        """Of a whole site."""
        arrays = (np.sum([getattr(each, name) for each in parts], axis=0) for name in ("fitted", "plain", "flipped"))
        return cls(*arrays, units=sum(each.units for each in parts))


@dataclass(frozen=True)
class CrossFit:
    """A mean over units with its bounds."""

    value: float  # the plain mean
    low: float
    high: float
    floor: float


def summed_up(means: Means) -> CrossFit:
    """Value, bounds and floor of a site."""
    fitted, plain, flipped = (each / max(means.units, 1e-300) for each in (means.fitted, means.plain, means.flipped))
    upper, lower = np.quantile(plain[1:], [0.95, 0.05])
    high = max(float(upper), float(2 * plain[0] - lower))
    low = float(fitted[0] - _SIDE * fitted[1:].std(ddof=1)) if len(fitted) > 2 else float("nan")
    return CrossFit(float(plain[0]), low, high, float(flipped.mean()))


def rectified(
    draws: Resamples, sums: Mapping[str, np.ndarray], sizes: np.ndarray, rms: np.ndarray, weight: np.ndarray
) -> dict[str, Means]:
    """`d_prime_mni`, `cf_mni` and, with an object, `mni_star` of a part's units.

    Args:
        draws: the resamples.
        sums: sums by group [G, U] of the activations under each condition, by its name, of their squares, as
            `NAME_squared`, and of the changes, as `change_NAME`.
        sizes: rows of each group [G].
        rms: of each unit [U].
        weight: of each unit [U].
    """
    drawn, turned = [], []
    for part, weights in zip((draws.half, ~draws.half), draws.halves, strict=True):
        each = {name: weights @ values[part] for name, values in (*sums.items(), ("rows", sizes.astype(np.float32)))}
        drawn.append({name: values[:-FLOORS] for name, values in each.items()})
        turned.append({name: values[-FLOORS:] for name, values in each.items() if name.startswith("change_")})
    both = {name: drawn[0][name] + drawn[1][name] for name in drawn[0]}
    flipped = {name: turned[0][name] + turned[1][name] for name in turned[0]}
    flipped |= {name: values[:1] for name, values in both.items() if not name.startswith("change_")}
    a, b, whole, noise = (_smallest(each, rms) for each in (*drawn, both, flipped))
    return {name: _means(a[name], b[name], whole[name], noise[name], weight) for name in a}


def _means(a: np.ndarray, b: np.ndarray, plain: np.ndarray, flipped: np.ndarray, weight: np.ndarray) -> Means:
    fitted = (np.where(a > 0, b, 0.0) + np.where(b > 0, a, 0.0)) / 2
    return Means(fitted @ weight, np.maximum(plain, 0) @ weight, np.maximum(flipped, 0) @ weight, float(weight.sum()))


def _smallest(sums: Mapping[str, np.ndarray], rms: np.ndarray) -> dict[str, np.ndarray]:
    """The smallest contrast of each unit [draws, U], by measure."""
    rows = np.asarray(sums["rows"], np.float32)[:, None]
    change = {name.removeprefix("change_"): sums[name] / rows for name in sums if name.startswith("change_")}
    variance = {}
    for name in ("none", "self", "other"):
        mean = sums[name] / rows
        variance[name] = np.maximum(sums[f"{name}_squared"] / rows - mean * mean, 0.0)
    d = []
    for name in ("self", "other"):
        spread = np.sqrt((variance["none"] + variance[name]) / 2)
        d.append(np.where(spread > 0, change[name] / np.where(spread > 0, spread, 1.0), 0.0))
    social = np.minimum(change["self"], change["other"])
    found = {"d_prime_mni": np.minimum(*d), "cf_mni": social / rms}
    if "object" in change:
        thing = change["object"]
        found["mni_star"] = np.minimum(social, social - thing) / rms
    return found
