"""What a network can no longer do without a class of its first-layer units.

A set's activations are replaced by their means over the task's rows (`mean`), or by those on other rows (`resample`,
Chan et al. 2022, *Causal scrubbing*). The effect is the change of the share of right answers, each kind of right
answer apart: help at the edge looks at nobody, only the rescue is social. Random sets of the same size are what it is
to be held against, and whole sets rather than single units are ablated, since duplicates hide each other.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.dataset.row import features
from mirrorjax.measurement.activations import TRUTHS
from mirrorjax.measurement.battery.interventions import run_with
from mirrorjax.measurement.battery.responses import forward
from mirrorjax.regimes.supervised import Params, Supervised

MODES = ("mean", "resample")
_RANDOM_SETS = 8  # of each size, whose effects are averaged


@struct.dataclass
class TaskRows:
    """Rows of each kind of right answer, one kind after the other; padding has no weight."""

    words: UInt32[Array, "rows 2"]
    weight: Float32[Array, "truths rows"]  # of a row in the share of its kind; a row sums to one, or to zero if empty


def task_rows(words: np.ndarray, truths: np.ndarray, of_each: int) -> TaskRows:
    """The first rows of each kind.

    Args:
        words: packed rows [N, 2].
        truths: of each, an index into TRUTHS [N].
        of_each: rows of a kind at the most; a kind that has none has weight zero, so NaN effects.
    """
    chosen = [np.flatnonzero(truths == kind)[:of_each] for kind in range(len(TRUTHS))]
    picked = np.concatenate(chosen)
    weight = np.zeros((len(TRUTHS), len(TRUTHS) * of_each), np.float32)
    start = 0
    for kind, found in enumerate(chosen):
        weight[kind, start : start + len(found)] = 1 / max(1, len(found))
        start += len(found)
    padded = np.zeros((len(TRUTHS) * of_each, 2), np.uint32)
    padded[: len(picked)] = words[picked]
    return TaskRows(words=jnp.asarray(padded), weight=jnp.asarray(weight))


def random_sets(units: Bool[Array, " U"], among: Bool[Array, " U"], count: int) -> Bool[Array, "count U"]:
    """Random sets of the same size as `units`, of other units than those where there are enough."""
    size = jnp.sum(units & among)

    def one(key: jax.Array) -> jax.Array:
        draw = jax.random.uniform(key, units.shape) + jnp.where(units, 1.0, 0.0) + jnp.where(among, 0.0, 2.0)
        return (jnp.argsort(jnp.argsort(draw)) < size) & among

    return jax.vmap(one)(jax.random.split(jax.random.key(0), count))


def _right(outputs: Float32[Array, "4 rows"], rows: TaskRows) -> Float32[Array, " truths"]:
    """The share of right answers of each kind; NaN for a kind without rows."""
    answer = jnp.argmax(outputs, axis=0)
    kinds = jnp.minimum(jnp.arange(len(TRUTHS)), 3)  # both kinds of help are the fourth answer
    share = jnp.sum(jnp.where(answer[None, :] == kinds[:, None], rows.weight, 0.0), axis=-1)
    return jnp.where(rows.weight.sum(-1) > 0, share, jnp.nan)


def ablation(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    rows: TaskRows,
    sets: dict[str, Bool[Array, " U"]],
    alive: Bool[Array, " U"],
    order: Float32[Array, " U"],
) -> dict[str, Array]:
    """Effects of ablating sets of first-layer units.

    Args:
        regime, params, true_width: the member.
        rows: the task.
        sets: units by name; of each only those in the first layer are ablated.
        alive: units that a random set may have.
        order: first-layer units are ablated one after the other from the largest on, for the cumulative curve.

    Returns:
        `intact_KIND`; `ablate_SET_MODE_KIND` and `ablate_random_SET_MODE_KIND`, the change of the share of right
        answers, NaN for an empty set; and `cumulative` [width + 1, truths], the shares themselves (mean ablation).
    """
    inputs = jax.vmap(features, out_axes=-1)(rows.words)
    outputs, hidden = forward(regime, params, true_width, inputs)
    total = rows.weight.sum(0)
    instead = {
        "mean": jnp.sum(hidden * (total / total.sum())[None, :], axis=-1, keepdims=True),
        "resample": jnp.roll(hidden, hidden.shape[-1] // 2 + 1, axis=-1),
    }
    first_layer = jnp.arange(len(alive)) < regime.width
    intact = _right(outputs, rows)

    def effect(units: jax.Array, mode: str) -> jax.Array:
        changed = _right(run_with(regime, params, true_width, inputs, units & first_layer, instead[mode]), rows)
        return changed - intact

    columns: dict[str, Array] = {f"intact_{kind}": intact[i] for i, kind in enumerate(TRUTHS)}
    for name, units in sets.items():
        empty = ~jnp.any(units & first_layer)
        controls = random_sets(units & first_layer, alive & first_layer, _RANDOM_SETS)
        for mode in MODES:
            of_set = effect(units, mode)
            at_random = jax.lax.map(lambda each, mode=mode: effect(each, mode), controls).mean(0)
            for i, kind in enumerate(TRUTHS):
                columns[f"ablate_{name}_{mode}_{kind}"] = jnp.where(empty, jnp.nan, of_set[i])
                columns[f"ablate_random_{name}_{mode}_{kind}"] = jnp.where(empty, jnp.nan, at_random[i])
    rank = jnp.argsort(jnp.argsort(-jnp.where(first_layer, order, -jnp.inf)))
    numbers = jnp.arange(regime.width + 1)
    columns["cumulative"] = intact[None, :] + jax.lax.map(lambda number: effect(rank < number, "mean"), numbers)
    return columns
