"""How alike a network takes its own seat and the other's: its units on a row, and on the same with places exchanged."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.dataset.knobs import exchanged
from mirrorjax.dataset.row import pack, unpack
from mirrorjax.models.base import Params, Shown
from mirrorjax.population.members import MemberValues
from mirrorjax.regimes.base import HeldOut

ASKED = 256  # rows whose exchange is looked for among as many; chance is one in this
FITTED = 2048  # others, on which the map from one view to the other is fitted
RIDGE = 1e-4  # of the mean square of the units: dead ones keep the map solvable
_FEWEST = 1e-6

SEATS = ("seat_cka", "seat_nmse", "seat_recall", "seat_recall_right", "seat_recall_wrong")

Rows = UInt32[Array, "rows 2"]
View = Float32[Array, "units rows"]
Weight = Float32[Array, " rows"]
Value = Float32[Array, ""]


def seen(words: UInt32[Array, "2"]) -> UInt32[Array, "2"]:
    """A packed row with the players' places exchanged: what is right for oneself becomes right for the other."""
    return pack(exchanged(unpack(words)))


def is_apart(words: UInt32[Array, "2"]) -> Bool[Array, ""]:
    """Whether the players stand in different cells; else a row is its own exchange, and tells nothing of seats."""
    row = unpack(words)
    return row.frog_column != row.toad_column


def has_seats(regime: Any) -> bool:
    """Whether a regime has what `seat_scores` look at: pictures of rows, and their right answers."""
    return hasattr(regime, "pictures") and hasattr(regime, "targets")


def seat_scores(regime: Any, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Value]:
    """`seat_measures` of a member of a regime with right answers, on held-out rows of players apart and with energy."""
    rows = held.rows[0].reshape(-1, 2)
    last = regime.sites[-1].name

    def shown(rows: Rows) -> Shown:
        return regime.show(params, values, regime.pictures(rows, values.knobs))

    counts = jax.vmap(lambda words: is_apart(words) & (unpack(words).energy > 0))(rows)
    weights = jnp.where(counts, held.weight.ravel(), 0.0)
    asked = rows[:ASKED]
    answers, targets = regime.answer(shown(asked).outputs), regime.targets(asked, values.knobs)
    right = jnp.argmax(answers, axis=0) == jnp.argmax(targets, axis=0)
    return seat_measures(lambda rows: shown(rows).units[last], rows, jax.vmap(seen)(rows), weights, right)


def seat_measures(
    units: Callable[[Rows], View], own: Rows, seen: Rows, weights: Weight, right: Bool[Array, " asked"] | None = None
) -> dict[str, Value]:
    """`seat_cka`, `seat_nmse` and `seat_recall` of one network's last site.

    Args:
        units: of packed rows.
        own: rows, of which the first are used.
        seen: the same with places exchanged.
        weights: of each row; one of weight 0 does not count.
        right: whether each of the first ASKED rows is answered right; then the recall is told of either kind too.

    Returns:
        Linear CKA of both views (1: the same but for a rotation and a scale); their mean squared difference over the
        mean variance of all; Recall@1 of the exchange among ASKED rows after a ridge map fitted on others.
    """
    some = min(len(own), ASKED + FITTED)
    weight = weights[:some]
    views = units(own[:some]), units(seen[:some])
    first, second = (_centred(view, weight) for view in views)
    asked = min(ASKED, some // 2)
    found, counts = _found(first, second, weight, asked), weight[:asked] > 0
    kinds = {} if right is None else {"_right": right[:asked], "_wrong": ~right[:asked]}
    return {
        "seat_cka": _cka(first, second, weight),
        "seat_nmse": _nmse(*views, weight),
        "seat_recall": _share(found, counts),
        **{f"seat_recall{name}": _share(found, counts & kind) for name, kind in kinds.items()},
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


def _found(first: View, second: View, weight: Weight, asked: int) -> Bool[Array, " asked"]:
    """Which of the first `asked` rows find their other view among all of these; the other rows fit the map."""
    h, other = first[:, asked:], second[:, asked:]
    weighed = h * weight[None, asked:]
    gram = weighed @ h.T
    ridge = RIDGE * jnp.trace(gram) / len(gram) + _FEWEST
    lower = jnp.linalg.cholesky(gram + ridge * jnp.eye(len(gram)))
    mapped = jax.scipy.linalg.cho_solve((lower, True), weighed @ other.T)
    guess = mapped.T @ first[:, :asked]
    apart = jnp.sum((guess[:, :, None] - second[:, None, :asked]) ** 2, axis=0)
    nearest = jnp.argmin(jnp.where(weight[None, :asked] > 0, apart, jnp.inf), axis=1)
    return nearest == jnp.arange(asked)


def _share(found: Bool[Array, " asked"], counts: Bool[Array, " asked"]) -> Value:
    """Of the rows that count those that are found; NaN if there are none."""
    number = jnp.sum(counts.astype(jnp.float32))
    share = jnp.sum((found & counts).astype(jnp.float32)) / jnp.maximum(number, 1.0)
    return jnp.where(number > 0, share, jnp.nan)
