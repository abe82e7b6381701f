"""The measures that take longer, of one member: unit classes, geometry, ablation, patching, circuits."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.ablation import ablation, rank_at
from mirrorjax.measurement.battery.ablation import named as ablation_columns
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.circuits import KINDS, circuits
from mirrorjax.measurement.battery.classes import CLASSES, UnitClasses, classes
from mirrorjax.measurement.battery.geometry import geometry
from mirrorjax.measurement.battery.patching import patching
from mirrorjax.measurement.battery.responses import Responses, responses
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.stream import TRUTHS

_CONDITIONS = ("x0", "xF", "xT")
SETS: tuple[str, ...] = ("mirror", "toad_only", "frog_only", "largest_mns")  # of units at the first site: are ablated
LARGEST = 4  # units of a set that is chosen by rank, as the pilot chose mirror units


def caused(probe: Probe, boards: Boards, scores: Float32[Array, " U"]) -> tuple[dict[str, Array], dict[str, Array]]:
    """All causal measures of one member, as far as its network has what they need.

    `scores` are mirror neuron scores, for the set of the largest.

    Returns:
        What `named` makes columns of, and columns of the member's units [U].
    """
    found = responses(probe, boards.anywhere, _CONDITIONS)
    kinds = classes(found)
    columns: dict[str, Array] = geometry(found) if fits(geometry, probe.network) else {}
    of_class = kinds.kind[:, None] == jnp.arange(len(CLASSES))[None, :]
    at_site = [found.alive & (found.layer == number) for number in range(1, len(probe.sites) + 1)]
    columns["classes"] = jnp.stack([jnp.sum(of_class & here[:, None], axis=0) for here in at_site])
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
    if fits(ablation, probe.network):
        of_member, of_units = _acts(probe, boards, found, kinds, scores)
        columns |= of_member
        units |= of_units
    if fits(circuits, probe.network):
        hubs = circuits(probe, boards, kinds, -units["alone_leap"][probe.sites[0].size :])
        of_kind = hubs["hub"][:, None] == jnp.arange(len(KINDS))[None, :]
        columns["circuits"] = jnp.sum(of_kind & probe.own[probe.sites[0].size :, None], axis=0)
        units |= {name: _at_the_second(values, probe) for name, values in hubs.items()}
    return columns, units


def _acts(
    probe: Probe, boards: Boards, found: Responses, kinds: UnitClasses, scores: Float32[Array, " U"]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """What units of the first site do to the acts: ablation and patching, of the member and of its units [U]."""
    first = found.layer == 1
    largest = (rank_at(scores, first & found.alive) < LARGEST) & first & found.alive
    chosen = (kinds.are("mirror"), kinds.are("toad only"), kinds.are("frog only"), largest)
    sets = dict(zip(SETS, chosen, strict=True))
    order = jnp.minimum(kinds.d_frog, kinds.d_toad)
    columns = ablation(probe, boards.task, sets, found.alive, order)
    curve, alone = columns.pop("cumulative"), columns.pop("alone")
    columns |= patching(probe, {name: boards.of_rescue(name) for name in _CONDITIONS}, sets["mirror"])
    ablated = curve[jnp.minimum(rank_at(order, first) + 1, probe.sites[0].size)]
    ablated = jnp.where(first[:, None], ablated, jnp.nan)
    units = {f"alone_{kind}": alone[:, i] for i, kind in enumerate(TRUTHS)}
    return columns, units | {f"cumulative_{kind}": ablated[:, i] for i, kind in enumerate(TRUTHS)}


def named(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The first result of `caused`, stacked over members, as columns of one number a member."""
    columns = {name: values for name, values in found.items() if values.ndim == 1}
    if "ablate" in found:
        columns |= ablation_columns(found, SETS)
    for layer, kind in np.ndindex(found["classes"].shape[1:]):
        columns[f"units_{_plain(CLASSES[kind])}_{layer + 1}"] = found["classes"][:, layer, kind]
    if "circuits" in found:
        columns |= {f"circuits_{_plain(kind)}": found["circuits"][:, i] for i, kind in enumerate(KINDS)}
    return columns


def _plain(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _at_the_second(values: Array, probe: Probe) -> Array:
    """Values of the second site's units as those of all [U]: the first site's have none, NaN or -1."""
    none = -1 if values.dtype == jnp.int32 else jnp.nan
    return jnp.concatenate([jnp.full(probe.sites[0].size, none, values.dtype), values])
