"""How alike a network takes its own seat and the other's: its units on a row, and on the same with places exchanged."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, UInt32

ASKED = 256  # rows whose exchange is looked for among as many; chance is one in this
FITTED = 2048  # others, on which the map from one view to the other is fitted
RIDGE = 1e-4  # of the mean square of the units: dead ones keep the map solvable
_FEWEST = 1e-6

Rows = UInt32[Array, "rows 2"]
View = Float32[Array, "units rows"]
Weight = Float32[Array, " rows"]
Value = Float32[Array, ""]


def seat_measures(units: Callable[[Rows], View], own: Rows, seen: Rows, weights: Weight) -> dict[str, Value]:
    """`seat_cka`, `seat_nmse` and `seat_recall` of one network's last site.

    `units` are of packed rows, `seen` the own rows with places exchanged; rows of weight 0 do not count.

    Returns:
        Linear CKA of both views (1: the same but for a rotation and a scale); their mean squared difference over the
        mean variance of all; Recall@1 of the exchange among ASKED rows after a ridge map fitted on others.
    """
    some = min(len(own), ASKED + FITTED)
    weight = weights[:some]
    views = units(own[:some]), units(seen[:some])
    first, second = (_centred(view, weight) for view in views)
    return {
        "seat_cka": _cka(first, second, weight),
        "seat_nmse": _nmse(*views, weight),
        "seat_recall": _recall(first, second, weight, min(ASKED, some // 2)),
    }


def _centred(h: View, weight: Weight) -> View:
    mean = (h @ weight) / jnp.maximum(jnp.sum(weight), 1.0)
    return h - mean[:, None]


def _cka(first: View, second: View, weight: Weight) -> Value:
    def product(a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.sum(((a * weight[None, :]) @ b.T) ** 2)

    size = jnp.sqrt(product(first, first) * product(second, second))
    return product(first, second) / jnp.maximum(size, _FEWEST)


def _nmse(first: View, second: View, weight: Weight) -> Value:
    number = jnp.maximum(jnp.sum(weight), 1.0)
    both, twice = jnp.concatenate([first, second], axis=1), jnp.concatenate([weight, weight])
    variance = jnp.sum(_centred(both, twice) ** 2 * twice[None, :]) / (2 * number)
    return jnp.sum((first - second) ** 2 * weight[None, :]) / number / jnp.maximum(variance, _FEWEST)


def _recall(first: View, second: View, weight: Weight, asked: int) -> Value:
    """The first `asked` rows are asked, the others fit the map."""
    h, other = first[:, asked:], second[:, asked:]
    weighed = h * weight[None, asked:]
    gram = weighed @ h.T
    ridge = RIDGE * jnp.trace(gram) / len(gram) + _FEWEST
    lower = jnp.linalg.cholesky(gram + ridge * jnp.eye(len(gram)))
    mapped = jax.scipy.linalg.cho_solve((lower, True), weighed @ other.T)
    guess = mapped.T @ first[:, :asked]
    apart = jnp.sum((guess[:, :, None] - second[:, None, :asked]) ** 2, axis=0)
    counts = weight[:asked] > 0
    nearest = jnp.argmin(jnp.where(counts[None, :], apart, jnp.inf), axis=1)
    found = (nearest == jnp.arange(asked)) & counts
    return jnp.sum(found.astype(jnp.float32)) / jnp.maximum(jnp.sum(counts.astype(jnp.float32)), 1.0)
