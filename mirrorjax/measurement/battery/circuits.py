"""Circuits: through which first-layer units and which hubs of the second layer distress changes the answer.

For networks of two hidden layers. The contribution of the path from unit i over hub j to output k, between x0 and xX,
is c_ijk = E[Δh_i · w_ij · g_j · w_jk] with g_j the secant slope of the hub's activation, (f(a^X) - f(a^0))/(a^X -
a^0), so that all paths sum to the change of the output. The share of a hub's drive that comes from a class of units
is that of the positive contributions to the hub's dominant output k, the one that its outgoing weight raises most: M
for mirror units, O for toad-only, S for frog-only ones.

A hub is of *self-preservation* if its dominant output is leap, M ≥ ½ between x0 and xF, and leap suffers from its
mean ablation; of *tactical help* if it is help, O ≥ .7 and M < .15 between x0 and xT; of *empathy-influenced help* if
it is help, M ≥ .15, O ≥ .15 and the change of the mirror units alone, through this hub, moves the output.
"""

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.state import Action
from mirrorjax.models import ACTIVATIONS
from mirrorjax.regimes.supervised import Params

KINDS = ("none", "self-preservation", "tactical help", "empathy-influenced help")
MOVES = 0.05  # of the help output, by the mirror units alone
SUFFERS = 0.01  # of the share of right leaps


@struct.dataclass
class Paths:
    """Contributions between two conditions, width n: source i, hub j, output k."""

    contribution: Float32[Array, "n n 4"]
    change: Float32[Array, " 4"]  # of the outputs; the sum of all contributions


def paths(
    params: Params,
    activation: str,
    before: Float32[Array, "two n boards"],
    after: Float32[Array, "two n boards"],
) -> Paths:
    """Path contributions of a network of two hidden layers.

    Args:
        params: of one member.
        activation: of its hidden layers.
        before, after: hidden activations, layer by layer, under the two conditions.
    """
    kernel, bias = params["hidden_2_kernel"], params["hidden_2_bias"][:, None]
    act = ACTIVATIONS[activation]
    a_before, a_after = kernel @ before[0] + bias, kernel @ after[0] + bias
    moved = a_after - a_before
    still = jnp.abs(moved) < 1e-9
    slope = jnp.where(still, 0.0, (act(a_after) - act(a_before)) / jnp.where(still, 1.0, moved))
    joint = (after[0] - before[0]) @ slope.T / before.shape[-1]  # E[Δh_i g_j]
    contribution = (joint * kernel.T)[:, :, None] * params["output_kernel"].T[None, :, :]
    return Paths(contribution=contribution, change=contribution.sum((0, 1)))


def shares(positive: Float32[Array, "n n"], units: Bool[Array, " n"]) -> Float32[Array, " n"]:
    """Of each hub's positive drive [source, hub], what comes from some sources; 0 for a hub without any."""
    drive = jnp.maximum(positive, 0.0)
    whole = drive.sum(0)
    return jnp.where(whole > 0, jnp.where(units[:, None], drive, 0.0).sum(0) / jnp.where(whole > 0, whole, 1.0), 0.0)


def dominant_output(params: Params) -> Int32[Array, " n"]:
    """The output that each unit of the last hidden layer raises most."""
    return jnp.argmax(params["output_kernel"], axis=0)


def hub_drive(found: Paths, params: Params) -> Float32[Array, "n n"]:
    """Contributions [source, hub] to each hub's dominant output."""
    return jnp.take_along_axis(found.contribution, dominant_output(params)[None, :, None], axis=2)[:, :, 0]


def mirror_edges(
    params: Params,
    activation: str,
    before: Float32[Array, "two n boards"],
    after: Float32[Array, "two n boards"],
    mirror: Bool[Array, " n"],
) -> Float32[Array, " n"]:
    """How far the help output moves if only the edges from mirror units to one hub carry the change."""
    kernel, bias = params["hidden_2_kernel"], params["hidden_2_bias"][:, None]
    act = ACTIVATIONS[activation]
    a_before = kernel @ before[0] + bias
    a_patched = a_before + jnp.where(mirror[None, :], kernel, 0.0) @ (after[0] - before[0])
    return (act(a_patched) - act(a_before)).mean(-1) * params["output_kernel"][Action.HELP]


def kinds_of_hubs(
    params: Params,
    share: dict[str, Float32[Array, " n"]],
    leap_lost: Float32[Array, " n"],
    help_moved: Float32[Array, " n"],
) -> Int32[Array, " n"]:
    """Each hub's kind, an index into KINDS.

    Args:
        params: of one member.
        share: `mirror_frog` between x0 and xF; `mirror`, `toad` between x0 and xT.
        leap_lost: by which the share of right leaps falls when the hub is ablated.
        help_moved: by the mirror units' edges alone.
    """
    dominant = dominant_output(params)
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
