"""The measures that take longer, of one member: unit classes, geometry, ablation, patching, circuits."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.measurement.activations import TRUTHS
from mirrorjax.measurement.battery.ablation import ablation, rank_in_layer
from mirrorjax.measurement.battery.ablation import named as ablation_columns
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.circuits import KINDS, hub_drive, kinds_of_hubs, mirror_edges, paths, shares
from mirrorjax.measurement.battery.classes import CLASSES, UnitClasses, classes
from mirrorjax.measurement.battery.geometry import geometry
from mirrorjax.measurement.battery.patching import patching
from mirrorjax.measurement.battery.responses import forward, responses
from mirrorjax.regimes.supervised import Params, Supervised

_CONDITIONS = ("x0", "xF", "xT")
SETS: tuple[str, ...] = ("mirror", "toad_only", "frog_only", "largest_mns")  # of first-layer units, that are ablated
LARGEST = 4  # units of a set that is chosen by rank, as the pilot chose mirror units


def dear(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    boards: Boards,
    scores: Float32[Array, " U"],
) -> tuple[dict[str, Array], dict[str, Array]]:
    """All dear measures of one member.

    Args:
        regime, params, true_width: the member.
        boards: matched boards and task.
        scores: mirror neuron score of each hidden unit, for the set of the largest.

    Returns:
        What `named` makes columns of, and columns of the member's hidden units [U].
    """
    found = responses(regime, params, true_width, boards.anywhere, _CONDITIONS)
    kinds = classes(found)
    first = found.layer == 1
    rank = rank_in_layer(scores, first & found.alive)
    largest = (rank < LARGEST) & first & found.alive
    chosen = (kinds.are("mirror"), kinds.are("toad only"), kinds.are("frog only"), largest)
    sets = dict(zip(SETS, chosen, strict=True))
    order = jnp.minimum(kinds.d_frog, kinds.d_toad)
    columns = geometry(found)
    columns |= ablation(regime, params, true_width, boards.task, sets, found.alive, order)
    curve, alone = columns.pop("cumulative"), columns.pop("alone")
    place = list(CONDITIONS).index
    pictures = {name: boards.rescue[place(name)].astype(jnp.float32) for name in _CONDITIONS}
    columns |= patching(regime, params, true_width, pictures, sets["mirror"])
    of_class = kinds.kind[:, None] == jnp.arange(len(CLASSES))[None, :]
    columns["classes"] = (of_class & found.alive[:, None]).reshape(regime.depth, -1, len(CLASSES)).sum(1)
    units = {
        "unit_class": kinds.kind,
        "unique_weight": found.weight,
        "rms": found.rms,
        "d_prime_frog": kinds.d_frog,
        "d_prime_toad": kinds.d_toad,
        "p_frog": kinds.p_frog,
        "p_toad": kinds.p_toad,
        "delta_frog": found.change("xF"),
        "delta_toad": found.change("xT"),
    }
    ablated = jnp.where(first[:, None], curve[jnp.minimum(rank_in_layer(order, first) + 1, regime.width)], jnp.nan)
    for i, kind in enumerate(TRUTHS):
        units |= {f"alone_{kind}": alone[:, i], f"cumulative_{kind}": ablated[:, i]}
    if regime.depth == 2:
        of_hubs = _hubs(regime, params, true_width, boards, kinds, -alone[regime.width :, TRUTHS.index("leap")])
        of_kind = of_hubs["hub"][:, None] == jnp.arange(len(KINDS))[None, :]
        columns["circuits"] = jnp.sum(of_kind & (jnp.arange(regime.width) < true_width)[:, None], axis=0)
        units |= {name: _second_layer(values) for name, values in of_hubs.items()}
    return columns, units


def named(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first result of `dear`, stacked over members, as columns of one number a member."""
    single = {name: values for name, values in found.items() if values.ndim == 1}
    columns = {**single, **ablation_columns(found, SETS)}
    for (layer, kind), counts in zip(np.ndindex(found["classes"].shape[1:]), _last(found["classes"]), strict=True):
        columns[f"units_{_plain(CLASSES[kind])}_{layer + 1}"] = counts
    if "circuits" in found:
        columns |= {f"circuits_{_plain(kind)}": found["circuits"][:, i] for i, kind in enumerate(KINDS)}
    return columns


def _last(values: np.ndarray) -> np.ndarray:
    """[members, ...] as [all of ..., members]."""
    return values.reshape(len(values), -1).T


def _plain(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _hubs(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    boards: Boards,
    kinds: UnitClasses,
    lost: Float32[Array, " n"],
) -> dict[str, Array]:
    """What each unit of the second layer is the hub of, and where its drive comes from, on rescue boards.

    `lost` is by how much right leaps become fewer when the unit is ablated.
    """
    n, place = regime.width, list(CONDITIONS).index

    def layers(name: str) -> jax.Array:
        _, hidden = forward(regime, params, true_width, boards.rescue[place(name)])
        return hidden.reshape(2, n, -1)

    at = {name: layers(name) for name in _CONDITIONS}
    mirror, toad, frog = (kinds.are(name)[:n] for name in ("mirror", "toad only", "frog only"))
    own = hub_drive(paths(params, regime.activation, at["x0"], at["xF"]), params)
    others = hub_drive(paths(params, regime.activation, at["x0"], at["xT"]), params)
    share = {
        "mirror_frog": shares(own, mirror),
        "mirror": shares(others, mirror),
        "toad": shares(others, toad),
        "frog": shares(others, frog),
    }
    moved = mirror_edges(params, regime.activation, at["x0"], at["xT"], mirror)
    return {
        "hub": kinds_of_hubs(params, share, lost, moved),
        **{f"share_{name}": values for name, values in share.items()},
        "leap_lost": lost,
        "help_moved_by_mirror": moved,
    }


def _second_layer(values: Array) -> Array:
    """Values of the second layer's units as those of all [U]: the first layer has none, NaN or -1."""
    none = -1 if values.dtype == jnp.int32 else jnp.nan
    return jnp.concatenate([jnp.full(values.shape, none, values.dtype), values])
