"""Does a decoder that learnt self's distress tell the other's, and better than one that learnt the object's?

Half of the groups train. A decoder of X is ridge regression's direction for the mean change: w = M⁻¹·mean(X). M is the
covariance of the activations in which nothing is changed, plus a ridge of its mean: it is the same for all decoders,
and what they are to tell apart is no part of it (with changed pictures in M the classes' means are whitened like any
noise, and all decoders do as well). On the other half the margin w·T has its mean over its spread. The statistic is
the margin of the decoder of S less that of O, and, the other way round, on S of those of T and O; under the null a
training group's (self, none) and (object, baseline) may be exchanged. Both ways must hold: p is the larger.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtr

from mirrorjax.own.patterns import Bounded

MOST = 512  # groups in each half: kernels grow with the square
_RIDGE = 1.0  # of the mean variance of a unit; with .01 what noise has in common makes 12 % of false claims
_UNCHANGED = ("none", "object_baseline")
Pair = tuple[str, str]  # a condition and what it is changed from
_OBJECT: Pair = ("object", "object_baseline")


@dataclass(frozen=True)
class Halves:
    """Which groups train and which are tested [groups], no group in both."""

    train: np.ndarray
    test: np.ndarray

    @classmethod
    def drawn(cls, groups: int, seed: int) -> "Halves":
        """At random, MOST of each at the most."""
        order = np.random.default_rng([seed, 1]).permutation(groups)
        half = groups // 2
        return cls(np.sort(order[:half][:MOST]), np.sort(order[half:][:MOST]))


@dataclass(frozen=True)
class Kernel:
    """Inner products over units: a sum over the parts of a site.

    Attributes:
        conditions: that were pictured.
        units: the weight of all units.
        train: of training pictures in which nothing is changed with all of them, conditions one after the other.
        tested: of test changes with all training pictures, by change [changes, test, n].
    """

    conditions: tuple[str, ...]
    units: float
    train: np.ndarray
    tested: np.ndarray

    def and_of(self, part: "Kernel") -> "Kernel":
        """With another part of the site's units."""
        sums = ((own.astype(np.float64) + more) for own, more in ((self.train, part.train), (self.tested, part.tested)))
        return Kernel(self.conditions, self.units + part.units, *sums)


def kernel(sums: dict[str, np.ndarray], sizes: np.ndarray, halves: Halves, factor: np.ndarray, units: float) -> Kernel:
    """Of sums of activations by group [G, U] and condition, of groups' sizes [G], each unit times its factor [U]."""
    factor, names = np.asarray(factor, np.float32), [name for name in sums if name != "both"]

    def mean(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
        return values[groups] * factor / sizes[groups, None].astype(np.float32)

    shown = np.stack([mean(sums[name], halves.train) for name in names])
    unchanged = np.concatenate([shown[place] for place, name in enumerate(names) if name in _UNCHANGED])
    changes = np.stack([mean(sums[name], halves.test) - mean(sums["none"], halves.test) for name in ("self", "other")])
    shown = shown.reshape(-1, len(factor))
    return Kernel((*names,), units, unchanged @ shown.T, changes @ shown.T)


@dataclass(frozen=True)
class Decoded:
    """What decoders tell, over both ways: accuracies are of telling a changed picture from its own unchanged one."""

    beyond_object: Bounded  # the difference of margins
    accuracy: float  # of self -> other and other -> self, mean
    accuracy_object: float  # of object -> other and object -> self, mean; nan without an object
    p_any: float  # that the direction says nothing of the other's change; larger of both ways


def decoded(found: Kernel, draws: int, seed: int) -> Decoded:
    """Trains and tests; without an object only the accuracies, against chance."""
    has_object = "object" in found.conditions
    count = found.train.shape[1] // len(found.conditions)
    random = np.random.default_rng([seed, 2])
    exchanged = np.concatenate([np.zeros((1, count), bool), random.random((draws, count)) < 0.5])
    learnt = [
        _coefficients(found.conditions, count, (name, "none"), _OBJECT if has_object else None, exchanged)
        for name in ("self", "other")
    ]
    ways = []
    for scores in _scores(found, count, learnt):
        ways.append(
            (scores[:, :-1], scores[:, :1] + scores[:, -1:] - scores[:, :-1])
        )  # what is exchanged stays, summed
    return _summed_up(ways, has_object)


def _scores(found: Kernel, count: int, learnt: list[np.ndarray]) -> list[np.ndarray]:
    """w·T of the other's changes under the decoders of one's own [test, 2 + draws], and the other way round.

    M = X'X + r, X the unchanged pictures less their mean, is as large as there are units; M⁻¹ = (1 - X'(XX' + r)⁻¹X)/r
    asks for inner products of pictures alone.
    """
    unchanged = np.isin(np.repeat(found.conditions, count), _UNCHANGED)
    with_all = found.train - found.train.mean(0)
    train = with_all[:, unchanged] - with_all[:, unchanged].mean(1, keepdims=True)
    ridge = _RIDGE * np.trace(train) / max(found.units, 1.0) + 1e-12
    factor = cho_factor(train + ridge * np.eye(len(train)), lower=True, overwrite_a=True)
    scores = []
    for place, own in enumerate(learnt):
        tested = found.tested[1 - place].astype(np.float64)  # of the change that is told
        with_train = tested[:, unchanged] - tested[:, unchanged].mean(1, keepdims=True)
        scores.append((tested @ own - with_train @ cho_solve(factor, with_all @ own)) / ridge)
    return scores


def _coefficients(
    conditions: tuple[str, ...], count: int, own: Pair, other: Pair | None, exchanged: np.ndarray
) -> np.ndarray:
    """The mean change of the first pair as a sum over training pictures [n, draws], where exchanged of the other one.

    The last column is the mean change of the other pair; without one, of the first.
    """
    found = np.zeros((len(conditions), count, len(exchanged) + 1))
    shares = np.concatenate([~exchanged, np.zeros((1, count), bool)]).T / count
    for (after, before), share in ((own, shares), (other or own, 1 / count - shares)):
        found[conditions.index(after)] += share
        found[conditions.index(before)] -= share
    return found.reshape(-1, len(exchanged) + 1)


def _margin(scores: np.ndarray) -> np.ndarray:
    """Mean over spread of test scores [test, ...]; 0 where they never vary."""
    spread = scores.std(0)
    return np.where(spread > 0, scores.mean(0) / np.where(spread > 0, spread, 1.0), 0.0)


def _summed_up(ways: list[tuple[np.ndarray, np.ndarray]], has_object: bool) -> Decoded:
    right, right_object, p, p_any, seen, left = [], [], [], [], [], []
    for own, thing in ways:
        right.append(float(np.mean((own[:, 0] > 0) + 0.5 * (own[:, 0] == 0))))
        right_object.append(float(np.mean((thing[:, 0] > 0) + 0.5 * (thing[:, 0] == 0))))
        p_any.append(_sign_p(own[:, 0]))
        difference = _margin(own) - _margin(thing)
        p.append((1 + np.sum(difference[1:] >= difference[0])) / len(difference))
        seen.append(float(difference[0]))
        left.append(_left_out(own[:, 0]) - _left_out(thing[:, 0]))
    if not has_object:
        return Decoded(Bounded(), float(np.mean(right)), np.nan, max(p_any))
    value, without = float(np.mean(seen)), np.mean(left, axis=0)
    count = len(without)
    reach = 1.645 * float(np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2)))
    beyond = Bounded(value, value - reach, value + reach, float(max(p)))
    return Decoded(beyond, float(np.mean(right)), float(np.mean(right_object)), max(p_any))


def _left_out(scores: np.ndarray) -> np.ndarray:
    """The margin without each test group [test]."""
    count = len(scores) - 1
    mean = (scores.sum() - scores) / count
    square = (np.sum(scores**2) - scores**2) / count
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return np.where(spread > 0, mean / np.where(spread > 0, spread, 1.0), 0.0)


def _sign_p(scores: np.ndarray) -> float:
    """One-sided, by flips of each group's sign."""
    size = float(np.sqrt(np.sum(scores**2)))
    return float(ndtr(-np.sum(scores) / size)) if size > 0 else 1.0
