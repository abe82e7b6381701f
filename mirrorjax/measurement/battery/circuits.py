"""Circuits: through which units of the first site and which hubs of the second distress changes the answer.

For layered networks of two sites. The contribution of the path from unit i over hub j to output k, between x0 and xX,
is c_ijk = E[Δh_i · w_ij · g_j · w_jk] with g_j the secant slope of the hub's activation, (f(a^X) - f(a^0))/(a^X -
a^0), so that all paths sum to the change of the output. The share of a hub's drive that comes from a class of units
is that of the positive contributions to the hub's dominant output k, the one that its outgoing weight raises most: M
for mirror units, O for toad-only, S for frog-only ones.

A hub is of *self-preservation* if its dominant output is leap, M ≥ ½ between x0 and xF, and leap suffers from its
mean ablation; of *tactical help* if it is help, O ≥ .7 and M < .15 between x0 and xT; of *empathy-influenced help* if
it is help, M ≥ .15, O ≥ .15 and the change of the mirror units alone, through this hub, moves the output.
"""

import functools
import operator
from collections.abc import Mapping
from typing import cast

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.classes import UnitClasses
from mirrorjax.measurement.learnt import COMPARED
from mirrorjax.measurement.needs import needs
from mirrorjax.measurement.probe import Probe
from mirrorjax.models.base import Affine, Layered, Shown

OfHubs = Float32[Array, " n"]
MOVES = 0.05  # of the help output, by the mirror units alone
SUFFERS = 0.01  # of the share of right leaps
CRITERIA = {  # of each kind of hub: the output that it raises most, and what its columns must be
    "self-preservation": (Action.LEAP, [("share_mirror_frog", "≥", 0.5), ("leap_lost", ">", SUFFERS)]),
    "tactical help": (Action.HELP, [("share_toad", "≥", 0.7), ("share_mirror", "<", 0.15)]),
    "empathy-influenced help": (
        Action.HELP,
        [("share_mirror", "≥", 0.15), ("share_toad", "≥", 0.15), ("help_moved_by_mirror", ">", MOVES)],
    ),
}
KINDS = ("none", *CRITERIA)


@needs("circuits")
def paths(probe: Probe, before: Shown, after: Shown) -> Float32[Array, "m n 4"]:
    """Path contributions of a layered network of two sites, between what it is shown under two conditions.

    Of source i of the first site over hub j of the second to output k; their sum is the change of the outputs [4].
    """
    _, hub, output = _layers(probe)
    act = cast(Layered, probe.network).activate
    source_before, source_after = (_sources(probe, shown) for shown in (before, after))
    a_before, a_after = (hub.kernel @ source + hub.bias[:, None] for source in (source_before, source_after))
    moved = a_after - a_before
    still = jnp.abs(moved) < 1e-9
    slope = jnp.where(still, 0.0, (act(a_after) - act(a_before)) / jnp.where(still, 1.0, moved))
    joint = (source_after - source_before) @ slope.T / source_before.shape[-1]  # E[Δh_i g_j]
    return (joint * hub.kernel.T)[:, :, None] * output.kernel.T[None, :, :]


def _sources(probe: Probe, shown: Shown) -> Float32[Array, "m boards"]:
    return shown.units[probe.sites[0].name]


def _layers(probe: Probe) -> list[Affine]:
    return cast(Layered, probe.network).layers(probe.params)


def shares(positive: Float32[Array, "m n"], units: Bool[Array, " m"]) -> OfHubs:
    """Of each hub's positive drive [source, hub], what comes from some sources; 0 for a hub without any."""
    drive = jnp.maximum(positive, 0.0)
    whole = drive.sum(0)
    return jnp.where(whole > 0, jnp.where(units[:, None], drive, 0.0).sum(0) / jnp.where(whole > 0, whole, 1.0), 0.0)


def dominant_output(probe: Probe) -> Int32[Array, " n"]:
    """The output that each hub raises most."""
    return jnp.argmax(_layers(probe)[-1].kernel, axis=0)


def hub_drive(probe: Probe, contributions: Float32[Array, "m n 4"]) -> Float32[Array, "m n"]:
    """Contributions [source, hub] to each hub's dominant output."""
    return jnp.take_along_axis(contributions, dominant_output(probe)[None, :, None], axis=2)[:, :, 0]


def mirror_edges(probe: Probe, before: Shown, after: Shown, mirror: Bool[Array, " m"]) -> OfHubs:
    """How far the help output moves if only the edges from mirror units to one hub carry the change."""
    (_, hub, output), act = _layers(probe), cast(Layered, probe.network).activate
    source = _sources(probe, before)
    a_before = hub.kernel @ source + hub.bias[:, None]
    a_patched = a_before + jnp.where(mirror[None, :], hub.kernel, 0.0) @ (_sources(probe, after) - source)
    return (act(a_patched) - act(a_before)).mean(-1) * output.kernel[Action.HELP]


def kinds_of_hubs(dominant: Int32[Array, " n"], columns: Mapping[str, OfHubs]) -> Int32[Array, " n"]:
    """Each hub's kind, an index into KINDS, by the output that it raises most and the columns of `circuits`."""
    meets = []
    for output, limits in CRITERIA.values():
        met = [COMPARED[relation](columns[name], limit) for name, relation, limit in limits]
        meets.append(functools.reduce(operator.and_, met, dominant == output))
    return jnp.select(meets, [jnp.int32(number) for number in range(1, len(KINDS))], jnp.int32(0))


@needs("acts", "circuits")
def circuits(probe: Probe, boards: Boards, kinds: UnitClasses, leap_lost: OfHubs) -> dict[str, Array]:
    """What each unit of the second site is the hub of, and where its drive comes from, on rescue boards.

    `leap_lost` says by how much the share of right leaps falls when a hub is ablated.
    """
    at = {name: probe.show(boards.of_rescue(name)) for name in ("x0", "xF", "xT")}
    sources = slice(probe.sites[0].size)
    mirror, toad, frog = (kinds.are(name)[sources] for name in ("mirror", "toad only", "frog only"))
    own, others = (hub_drive(probe, paths(probe, at["x0"], at[name])) for name in ("xF", "xT"))
    columns = {
        "share_mirror_frog": shares(own, mirror),
        "share_mirror": shares(others, mirror),
        "share_toad": shares(others, toad),
        "share_frog": shares(others, frog),
        "leap_lost": leap_lost,
        "help_moved_by_mirror": mirror_edges(probe, at["x0"], at["xT"], mirror),
    }
    return {"hub": kinds_of_hubs(dominant_output(probe), columns), **columns}
