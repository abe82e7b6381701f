"""What a network can no longer do without a class of the units of its first site.

A set's activations are replaced by their means over the task's rows (`mean`), or by those on other rows (`resample`,
Chan et al. 2022, *Causal scrubbing*). The effect is the change of the share of right answers, each kind of right
answer apart: help at the edge looks at nobody, only the rescue is social. Random sets of the same size are what it is
to be held against, and whole sets rather than single units are ablated, since duplicates hide each other.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.measurement.battery.boards import TaskRows
from mirrorjax.measurement.battery.draws import uniform
from mirrorjax.measurement.battery.ranks import places
from mirrorjax.measurement.needs import needs
from mirrorjax.measurement.probe import Probe, pictures_of
from mirrorjax.measurement.stream import TRUTHS

Units = Bool[Array, " U"]  # which of all
MODES = ("mean", "resample")
_RANDOM_SETS = 8  # of each size, whose effects are averaged


def random_sets(units: Units, among: Units, count: int) -> Bool[Array, "count U"]:
    """Random sets of the same size as `units`, of other units than those where there are enough."""
    size = jnp.sum(units & among)

    def one(draw: Float32[Array, " U"]) -> jax.Array:
        order = draw + jnp.where(units, 1.0, 0.0) + jnp.where(among, 0.0, 2.0)
        return (places(order) < size) & among

    return jax.vmap(one)(jnp.asarray(uniform(count, *units.shape)))


def rank_at(order: Float32[Array, " U"], within: Bool[Array, " U"]) -> Int32[Array, " U"]:
    """Each unit's place, from 0, when those `within` are sorted from the largest on; the others come after them."""
    return places(-jnp.where(within, order, -jnp.inf))


def _right(outputs: Float32[Array, "4 rows"], rows: TaskRows) -> Float32[Array, " truths"]:
    """The share of right answers of each kind; NaN for a kind without rows."""
    answer = jnp.argmax(outputs, axis=0)
    kinds = jnp.minimum(jnp.arange(len(TRUTHS)), 3)  # both kinds of help are the fourth answer
    share = jnp.sum(jnp.where(answer[None, :] == kinds[:, None], rows.weight, 0.0), axis=-1)
    return jnp.where(rows.weight.sum(-1) > 0, share, jnp.nan)


@needs("acts")
def ablation(
    probe: Probe, rows: TaskRows, sets: Mapping[str, Units], alive: Units, order: Float32[Array, " U"]
) -> dict[str, Array]:
    """Effects of ablating sets of units, of each those at the first site; random sets have `alive` ones.

    For the cumulative curve these units are ablated one after the other, from the largest `order` on.

    Returns:
        `intact` [truths], the shares of right answers; `ablate` [sets, 2, modes, truths], their changes by each set
        and by random ones, NaN for an empty set; `cumulative` [n + 1, truths], the shares themselves (mean
        ablation); and `alone` [U, truths], the change by the mean ablation of each unit. `named` names them.
    """
    first = jnp.asarray(probe.site == 1)
    rank, numbers = rank_at(order, first), jnp.arange(probe.sites[0].size + 1)
    asked = {"cumulative": rank[None, :] < numbers[:, None], "alone": jnp.eye(len(alive), dtype=bool)}
    chosen = [units & first for units in sets.values()]
    drawn = [random_sets(units, alive & first, _RANDOM_SETS) for units in chosen]
    of_sets = jnp.concatenate([part for units, each in zip(chosen, drawn, strict=True) for part in (units[None], each)])
    masks = jnp.concatenate([*asked.values(), of_sets, of_sets])
    modes = jnp.arange(len(masks)) >= len(masks) - len(of_sets)  # an index into MODES
    intact, changes = _effects(probe, rows, masks, modes.astype(jnp.int32))  # in one loop
    cumulative, alone = changes[: len(numbers)], changes[len(numbers) : len(numbers) + len(alive)]
    effects = changes[len(numbers) + len(alive) :].reshape(len(MODES), len(sets), 1 + _RANDOM_SETS, len(TRUTHS))
    both = jnp.stack([effects[:, :, 0], effects[:, :, 1:].mean(2)], axis=2)  # [modes, sets, 2, truths]
    some = jnp.stack([jnp.any(units) for units in chosen])
    return {
        "intact": intact,
        "ablate": jnp.where(some[:, None, None, None], both.transpose(1, 2, 0, 3), jnp.nan),
        "cumulative": intact[None, :] + cumulative,
        "alone": alone,
    }


def named(found: Mapping[str, np.ndarray], sets: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns `intact_KIND`, `ablate_SET_MODE_KIND` and `ablate_random_SET_MODE_KIND` of members [members].

    `found` is what `ablation` gives, stacked over members; `sets` are names, in their order.
    """
    columns = {f"intact_{kind}": found["intact"][:, i] for i, kind in enumerate(TRUTHS)}
    names = product(sets, ("", "random_"), MODES, TRUTHS)
    for place, (name, drawn, mode, kind) in zip(np.ndindex(found["ablate"].shape[1:]), names, strict=True):
        columns[f"ablate_{drawn}{name}_{mode}_{kind}"] = found["ablate"][:, *place]
    return columns


def _effects(
    probe: Probe, rows: TaskRows, sets: Bool[Array, "K U"], modes: Int32[Array, " K"]
) -> tuple[Float32[Array, " truths"], Float32[Array, "K truths"]]:
    """The shares of right answers, and their changes by the ablation of each set in its mode, an index into MODES."""
    pictures = pictures_of(rows.words)
    shown = probe.show(pictures)
    hidden, total = probe.row(shown), rows.weight.sum(0)
    mean = jnp.sum(hidden * (total / total.sum())[None, :], axis=-1, keepdims=True)
    others = jnp.roll(hidden, hidden.shape[-1] // 2 + 1, axis=-1)
    instead = jnp.stack([jnp.broadcast_to(mean, hidden.shape), others])
    intact = _right(probe.answer(shown), rows)

    def effect(each: tuple[Array, Array]) -> Array:
        units, mode = each
        return _right(probe.answer(probe.show(pictures, probe.replacing(units, instead[mode]))), rows) - intact

    return intact, jax.lax.map(effect, (sets, modes))
