"""The rule of the right answer: what it looks at in a situation, and what it says."""

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Int32

from mirrorjax.game.state import LEAP, WIDTH, Action

SCENARIOS = ("none", "frog", "toad", "both")  # who is in distress: frog + 2 * toad
LABELS = tuple(action.name.lower() for action in Action)
RESCUE_COLUMN = 26  # from here on, a partner in distress is worth more than a step
EDGE_COLUMN = WIDTH - 1
EDGE_HELP, RESCUE_HELP = 1, 2  # kinds of help labels; 0 is any other label


@struct.dataclass
class Situation:
    """What the rules of the right answer look at. Scalars."""

    energy: Int32[Array, ""]
    column: Int32[Array, ""]  # Frog's
    frog_distress: Bool[Array, ""]
    toad_distress: Bool[Array, ""]
    next_rough: Bool[Array, ""]  # the tile after Frog's; anything at the edge
    shows_frog: Bool[Array, ""]  # a letter 4 is on the board
    shows_toad: Bool[Array, ""]  # a letter 5 is on the board


def scenario(seen: Situation) -> Int32[Array, ""]:
    """Index into SCENARIOS: frog + 2 * toad."""
    return seen.frog_distress.astype(jnp.int32) + 2 * seen.toad_distress.astype(jnp.int32)


def label(
    seen: Situation, congruent: Bool[Array, ""] | None = None, edge: Bool[Array, ""] | None = None
) -> Int32[Array, ""]:
    """The right answer, an index into LABELS (as the published code decides it).

    Args:
        seen: the situation.
        congruent: whether anybody's distress makes *help* right here, unless Frog has no energy; None: it never does.
        edge: whether *help* is right at the edge, whoever is in distress; None: it is.
    """
    starved = seen.energy <= 0
    stepping = jnp.where(
        seen.next_rough & (seen.column + LEAP < EDGE_COLUMN), jnp.int32(Action.LEAP), jnp.int32(Action.HOP)
    )
    helps = help_kind(seen, edge) != 0
    if congruent is not None:
        helps |= congruent & (seen.frog_distress | seen.toad_distress)
    helping = jnp.where(helps, jnp.int32(Action.HELP), stepping)
    return jnp.where(starved, jnp.int32(Action.JUMP), helping)


def help_kind(seen: Situation, edge: Bool[Array, ""] | None = None) -> Int32[Array, ""]:
    """Why help is right: EDGE_HELP (nowhere to go, looks at nobody), RESCUE_HELP (Toad's distress), or 0."""
    at_edge = seen.column == EDGE_COLUMN
    if edge is not None:
        at_edge &= edge
    rescue = (seen.column >= RESCUE_COLUMN) & ~seen.frog_distress & seen.toad_distress
    kind = jnp.where(at_edge, jnp.int32(EDGE_HELP), jnp.where(rescue, jnp.int32(RESCUE_HELP), jnp.int32(0)))
    return jnp.where(seen.energy <= 0, jnp.int32(0), kind)
