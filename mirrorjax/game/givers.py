"""Players who give energy: to whom a gift fits, to whoever has less than they, or by chance alone."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.players import Policy
from mirrorjax.game.rollout import Turn
from mirrorjax.game.state import FLY_ENERGY, HELP_ENERGY, LEAP, MAX_ENERGY, WIDTH, Action, GameState, Number, bit
from mirrorjax.randomness import uniform


def reached(state: GameState) -> Bool[Array, ""]:
    """Whether the partner stands where help reaches it: it could leap."""
    return state.player(state.actor.partner).column + LEAP < WIDTH


def giver() -> Policy:
    """Hops, eats flies in passing, gives whenever a whole gift fits, and never leaps or helps for its own sake."""

    def policy(state: GameState, bits: Turn) -> Number:
        own, partner = state.player(state.actor), state.player(state.actor.partner)
        hungry = bit(state.flies, own.column) & (own.energy <= MAX_ENERGY - FLY_ENERGY)
        gives = (partner.energy <= MAX_ENERGY - HELP_ENERGY) & reached(state)
        going = jnp.where(gives, jnp.int32(Action.HELP), jnp.int32(Action.HOP))
        return jnp.where((own.energy <= 0) | hungry, jnp.int32(Action.JUMP), going)

    return policy


def reciprocal(below: Int32[Array, ""] | int) -> Policy:
    """Helps whom help reaches, who has at most `below` and is no richer than itself; else hops."""

    def policy(state: GameState, bits: Turn) -> Number:
        own, partner = state.player(state.actor), state.player(state.actor.partner)
        gives = (own.energy >= partner.energy) & (partner.energy <= below) & reached(state)
        return jnp.where(gives, jnp.int32(Action.HELP), jnp.int32(Action.HOP))

    return policy


def blind(share: Float32[Array, ""] | float) -> Policy:
    """Helps in that share of its turns, whatever it sees; else hops."""

    def policy(state: GameState, bits: Turn) -> Number:
        return jnp.where(uniform(bits) < share, jnp.int32(Action.HELP), jnp.int32(Action.HOP))

    return policy
