"""The measures that take longer, of one member: unit classes, geometry, ablation, patching, circuits."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.dataset.row import features
from mirrorjax.measurement.activations import TRUTHS
from mirrorjax.measurement.battery.ablation import TaskRows, ablation
from mirrorjax.measurement.battery.cheap import Boards
from mirrorjax.measurement.battery.circuits import KINDS, hub_drive, kinds_of_hubs, mirror_edges, paths, shares
from mirrorjax.measurement.battery.classes import CLASSES, UnitClasses, classes
from mirrorjax.measurement.battery.geometry import geometry
from mirrorjax.measurement.battery.interventions import run_with
from mirrorjax.measurement.battery.patching import patching
from mirrorjax.measurement.battery.responses import forward, responses
from mirrorjax.regimes.supervised import Params, Supervised

_CONDITIONS = ("x0", "xF", "xT")
LARGEST = 4  # units of a set that is chosen by rank, as the pilot chose mirror units


def dear(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    boards: Boards,
    rows: TaskRows,
    scores: Float32[Array, " U"],
) -> tuple[dict[str, Array], dict[str, Array]]:
    """All dear measures of one member.

    Args:
        regime, params, true_width: the member.
        boards: matched boards.
        rows: of each kind of right answer.
        scores: mirror neuron score of each hidden unit, for the set of the largest.

    Returns:
        Columns of the member, and columns of its hidden units [U].
    """
    found = responses(regime, params, true_width, boards.anywhere, _CONDITIONS)
    kinds = classes(found)
    first = found.layer == 1
    rank = jnp.argsort(jnp.argsort(-jnp.where(first & found.alive, scores, -jnp.inf)))
    sets = {
        "mirror": kinds.are("mirror"),
        "toad_only": kinds.are("toad only"),
        "frog_only": kinds.are("frog only"),
        "largest_mns": (rank < LARGEST) & first & found.alive,
    }
    order = jnp.minimum(kinds.d_frog, kinds.d_toad)
    columns = geometry(found)
    columns |= ablation(regime, params, true_width, rows, sets, found.alive, order)
    place = list(CONDITIONS).index
    pictures = {name: boards.rescue[place(name)].astype(jnp.float32) for name in _CONDITIONS}
    columns |= patching(regime, params, true_width, pictures, sets["mirror"])
    for layer in range(1, regime.depth + 1):
        for name in CLASSES:
            number = jnp.sum(kinds.are(name) & (found.layer == layer) & found.alive)
            columns[f"units_{name.replace(' ', '_')}_{layer}"] = number
    units = {
        "class": kinds.kind,
        "alive": found.alive,
        "weight": found.weight,
        "rms": found.rms,
        "d_prime_frog": kinds.d_frog,
        "d_prime_toad": kinds.d_toad,
        "p_frog": kinds.p_frog,
        "p_toad": kinds.p_toad,
        "delta_frog": found.change("xF"),
        "delta_toad": found.change("xT"),
    }
    if regime.depth == 2:
        of_hubs = _hubs(regime, params, true_width, boards, rows, kinds)
        columns |= {
            f"circuits_{name.replace(' ', '_').replace('-', '_')}": jnp.sum(of_hubs["hub"] == i)
            for i, name in enumerate(KINDS)
        }
        nothing = jnp.zeros(regime.width, jnp.float32)
        units |= {name: jnp.concatenate([nothing.astype(values.dtype), values]) for name, values in of_hubs.items()}
    return columns, units


def _hubs(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    boards: Boards,
    rows: TaskRows,
    kinds: UnitClasses,
) -> dict[str, Array]:
    """What each unit of the second layer is the hub of, and where its drive comes from, on rescue boards."""
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
    inputs = jax.vmap(features, out_axes=-1)(rows.words)
    _, hidden = forward(regime, params, true_width, inputs)
    leap, kind = TRUTHS.index("leap"), rows.weight
    means = jnp.sum(hidden * (kind.sum(0) / kind.sum())[None, :], axis=-1, keepdims=True)

    def leaps(units: jax.Array) -> jax.Array:
        answer = jnp.argmax(run_with(regime, params, true_width, inputs, units, means), axis=0)
        return jnp.sum(jnp.where(answer == leap, rows.weight[leap], 0.0))

    each = jnp.eye(2 * n, dtype=bool)[n:]
    lost = leaps(jnp.zeros(2 * n, bool)) - jax.lax.map(leaps, each)
    moved = mirror_edges(params, regime.activation, at["x0"], at["xT"], mirror)
    return {
        "hub": kinds_of_hubs(params, share, lost, moved),
        **{f"share_{name}": values for name, values in share.items()},
        "leap_lost": lost,
        "help_moved_by_mirror": moved,
    }
