"""The first pass over all activations: are they finite, which units are alive, how large, and which are alike."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measurement.battery.responses import ALIKE, weight_of_alike
from mirrorjax.own.given import Given, Kind, say_what_is_wrong
from mirrorjax.own.population import sized
from mirrorjax.own.turns import in_turns

MOST_COMPARED = 5_000  # units of a site that are compared with each other; of more only those that projections put near
_PICTURES, _FEW_PICTURES = 2_048, 256  # that units are compared on, evenly spread over rows and conditions
_PROJECTIONS, _NEIGHBOURS = 4, 16
_weight_of_alike = jax.jit(weight_of_alike)
_SAME = (("self", "other"), ("object", "object_baseline"), ("none", "self"), ("none", "other"))


@dataclass(frozen=True)
class Sized:
    """A site's units.

    Attributes:
        alive: which ones [U].
        rms: root mean square over all conditions [U], 1 where not alive.
        weight: 1/k of each of k that are alike, 0 where not alive [U].
        kind: whether activations have no negative value.
        projected: whether alike ones were found by random projections.
    """

    alive: np.ndarray
    rms: np.ndarray
    weight: np.ndarray
    kind: Kind
    projected: bool

    @property
    def unique(self) -> float:
        """The weight of all units: how many unique ones are alive."""
        return float(self.weight.sum())


def first_pass(given: Given, seed: int, tell: Callable[[str], None] = lambda site: None) -> dict[str, Sized]:
    """Looks at all sites.

    Raises:
        InputError: a number is not finite, two conditions are the same, or a site has no unit that is alive.
    """
    found = {}
    for site in given.sites:
        found[site] = _site(given, site, seed)
        tell(site)
    return found


def _site(given: Given, site: str, seed: int) -> Sized:
    units, pictures = given.units(site), given.rows * len(given.conditions)
    projected = units > MOST_COMPARED
    kept = min(pictures, _FEW_PICTURES if projected else _PICTURES)
    places = np.unique(np.linspace(0, pictures - 1, kept).round().astype(np.int64)).astype(np.int32)
    pairs = [pair for pair in _SAME if {*pair} <= {*given.conditions}]
    order = None if given.is_sorted else np.argsort(given.groups, kind="stable").tolist()

    def looked_at(part: slice) -> tuple[tuple[np.ndarray, ...], float, list[bool]]:
        read = given.read(site, part)
        for name, values in read.items():
            say_what_is_wrong(site, name, values, order)
        same = [np.array_equal(read[one], read[other]) for one, other in pairs]
        return sized(read, places), min(float(values.min()) for values in read.values()), same

    parts, lowest, same = zip(*in_turns(looked_at, given.parts(site)), strict=True)
    given.forget(site)
    for one, other in (pair for pair, each in zip(pairs, zip(*same, strict=True), strict=True) if all(each)):
        if given.sites[site][one] is not given.sites[site][other]:
            raise InputError(f"site {site}: conditions {one} and {other} are the same numbers; expected what the "
                             "network does on different pictures")  # fmt: skip
    alive, rms, standard = (np.concatenate(each) for each in zip(*parts, strict=True))
    if not alive.any():
        raise InputError(f"site {site}: no unit is alive (above zero somewhere, and not constant); leave the site out")
    kind: Kind = given.kinds.get(site) or ("signed" if min(lowest) < 0 else "rate")
    weight = projected_weight(alive, standard, seed) if projected else _weight(alive, standard)
    return Sized(alive, rms, weight.astype(np.float64), kind, projected)


def _weight(alive: np.ndarray, standard: np.ndarray) -> np.ndarray:
    """As `unique_weight`, whose products take XLA twice as long."""
    return np.asarray(_weight_of_alike(alive, np.abs(standard @ standard.T) / np.float32(standard.shape[1]) > ALIKE))


def projected_weight(alive: np.ndarray, standard: np.ndarray, seed: int) -> np.ndarray:
    """1/k for each of k units that are alike, 0 for others [U]; only neighbours on random lines are compared.

    Units that are alike have nearly the same projection on any line, up to its sign.

    Args:
        alive: which units are [U].
        standard: their standardised activations [U, pictures].
        seed: of the lines.
    """
    units = np.flatnonzero(alive)
    values, count = standard[units], standard.shape[1]
    lines = np.random.default_rng([seed, 5]).normal(size=(count, _PROJECTIONS)).astype(np.float32)
    leader = np.arange(len(units))
    for place in np.abs(values @ lines).T:
        order = np.argsort(place, kind="stable")
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            alike = np.abs(np.einsum("up,up->u", values[one], values[other])) / count > ALIKE
            for a, b in zip(one[alike], other[alike], strict=True):
                _join(leader, int(a), int(b))
    roots = np.array([_root(leader, place) for place in range(len(units))], np.int64)
    weight = np.zeros(len(alive))
    weight[units] = 1 / np.bincount(roots, minlength=len(units))[roots]
    return weight


def _root(leader: np.ndarray, place: int) -> int:
    while leader[place] != place:
        leader[place] = leader[leader[place]]
        place = int(leader[place])
    return place


def _join(leader: np.ndarray, one: int, other: int) -> None:
    one, other = _root(leader, one), _root(leader, other)
    leader[max(one, other)] = min(one, other)
