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

from typing import cast

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.classes import UnitClasses
from mirrorjax.measurement.needs import needs
from mirrorjax.measurement.probe import Probe
from mirrorjax.models.base import Affine, Layered, Shown

KINDS = ("none", "self-preservation", "tactical help", "empathy-influenced help")
MOVES = 0.05  # of the help output, by the mirror units alone
SUFFERS = 0.01  # of the share of right leaps


@struct.dataclass
class Paths:
    """Contributions between two conditions: source i of the first site, hub j of the second, output k."""

    contribution: Float32[Array, "m n 4"]
    change: Float32[Array, " 4"]  # of the outputs; the sum of all contributions


@needs("circuits")
def paths(probe: Probe, before: Shown, after: Shown) -> Paths:
    """Path contributions of a layered network of two sites, between what it is shown under two conditions."""
    hub, output = _into_hubs(probe), _into_outputs(probe)
    act = cast(Layered, probe.network).activate
    source_before, source_after = (_sources(probe, shown) for shown in (before, after))
    a_before, a_after = (hub.kernel @ source + hub.bias[:, None] for source in (source_before, source_after))
    moved = a_after - a_before
    still = jnp.abs(moved) < 1e-9
    slope = jnp.where(still, 0.0, (act(a_after) - act(a_before)) / jnp.where(still, 1.0, moved))
    joint = (source_after - source_before) @ slope.T / source_before.shape[-1]  # E[Δh_i g_j]
    contribution = (joint * hub.kernel.T)[:, :, None] * output.kernel.T[None, :, :]
    return Paths(contribution=contribution, change=contribution.sum((0, 1)))


def _sources(probe: Probe, shown: Shown) -> Float32[Array, "m boards"]:
    return shown.units[probe.sites[0].name]


def _into_hubs(probe: Probe) -> Affine:
    return cast(Layered, probe.network).layers(probe.params)[1]


def _into_outputs(probe: Probe) -> Affine:
    return cast(Layered, probe.network).layers(probe.params)[2]


def shares(positive: Float32[Array, "m n"], units: Bool[Array, " m"]) -> Float32[Array, " n"]:
    """Of each hub's positive drive [source, hub], what comes from some sources; 0 for a hub without any."""
    drive = jnp.maximum(positive, 0.0)
    whole = drive.sum(0)
    return jnp.where(whole > 0, jnp.where(units[:, None], drive, 0.0).sum(0) / jnp.where(whole > 0, whole, 1.0), 0.0)


def dominant_output(probe: Probe) -> Int32[Array, " n"]:
    """The output that each hub raises most."""
    return jnp.argmax(_into_outputs(probe).kernel, axis=0)


def hub_drive(probe: Probe, found: Paths) -> Float32[Array, "m n"]:
    """Contributions [source, hub] to each hub's dominant output."""
    return jnp.take_along_axis(found.contribution, dominant_output(probe)[None, :, None], axis=2)[:, :, 0]


def mirror_edges(probe: Probe, before: Shown, after: Shown, mirror: Bool[Array, " m"]) -> Float32[Array, " n"]:
    """How far the help output moves if only the edges from mirror units to one hub carry the change."""
    hub, act = _into_hubs(probe), cast(Layered, probe.network).activate
    source = _sources(probe, before)
    a_before = hub.kernel @ source + hub.bias[:, None]
    a_patched = a_before + jnp.where(mirror[None, :], hub.kernel, 0.0) @ (_sources(probe, after) - source)
    return (act(a_patched) - act(a_before)).mean(-1) * _into_outputs(probe).kernel[Action.HELP]


def kinds_of_hubs(
    dominant: Int32[Array, " n"],
    share: dict[str, Float32[Array, " n"]],
    leap_lost: Float32[Array, " n"],
    help_moved: Float32[Array, " n"],
) -> Int32[Array, " n"]:
    """Each hub's kind, an index into KINDS.

    Args:
        dominant: the output that it raises most.
        share: `mirror_frog` between x0 and xF; `mirror`, `toad` between x0 and xT.
        leap_lost: by which the share of right leaps falls when the hub is ablated.
        help_moved: by the mirror units' edges alone.
    """
    helps = dominant == Action.HELP
    return jnp.select(
        [
            (dominant == Action.LEAP) & (share["mirror_frog"] >= 0.5) & (leap_lost > SUFFERS),
            helps & (share["toad"] >= 0.7) & (share["mirror"] < 0.15),
            helps & (share["mirror"] >= 0.15) & (share["toad"] >= 0.15) & (help_moved > MOVES),
        ],
        [jnp.int32(1), jnp.int32(2), jnp.int32(3)],
        jnp.int32(0),
    )


@needs("acts", "circuits")
def circuits(probe: Probe, boards: Boards, kinds: UnitClasses, leap_lost: Float32[Array, " n"]) -> dict[str, Array]:
    """What each unit of the second site is the hub of, and where its drive comes from, on rescue boards.

    `leap_lost` says by how much the share of right leaps falls when a hub is ablated.
    """
    at = {name: probe.show(boards.of_rescue(name)) for name in ("x0", "xF", "xT")}
    sources = slice(probe.sites[0].size)
    mirror, toad, frog = (kinds.are(name)[sources] for name in ("mirror", "toad only", "frog only"))
    own, others = (hub_drive(probe, paths(probe, at["x0"], at[name])) for name in ("xF", "xT"))
    share = {
        "mirror_frog": shares(own, mirror),
        "mirror": shares(others, mirror),
        "toad": shares(others, toad),
        "frog": shares(others, frog),
    }
    moved = mirror_edges(probe, at["x0"], at["xT"], mirror)
    return {
        "hub": kinds_of_hubs(dominant_output(probe), share, leap_lost, moved),
        **{f"share_{name}": values for name, values in share.items()},
        "leap_lost": leap_lost,
        "help_moved_by_mirror": moved,
    }
