"""What a player may be after, and how one that is noisily rational then acts.

Payoffs look one turn ahead. π_θ(a|s) ∝ exp(β q_θ(s, a)): at β = 0 acts are uniform, and say nothing of the goal.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.game.rollout import Turn
from mirrorjax.game.state import FLY_ENERGY, LEAP, MAX_ENERGY, WIDTH, GameState, Number, bit
from mirrorjax.randomness import uniform

GOALS = ("progress", "energy")


def payoffs(state: GameState) -> Float32[Array, "2 4"]:
    """q_θ(s, a) for each of GOALS and each act of the player whose turn it is.

    Progress: 1 for a hop that is possible. Energy: what the act gains or costs, chance left out: a landing on rough
    ground, a fly, a leap, a gift.
    """
    own, partner = state.player(state.actor), state.player(state.actor.partner)
    able = own.energy > 0
    room = partner.column + LEAP < WIDTH
    possible = own.column + 1 < WIDTH, own.column + LEAP < WIDTH, room & (partner.energy < MAX_ENERGY)
    hops, leaps, gives = ((able & each).astype(jnp.int32) for each in possible)

    def rough(columns: int) -> Number:
        return bit(state.ground, jnp.minimum(own.column + columns, WIDTH - 1)).astype(jnp.int32)

    eaten = jnp.where(bit(state.flies, own.column), jnp.minimum(FLY_ENERGY, MAX_ENERGY - own.energy), 0)
    progress = [hops, 0, 0, 0]
    energy = [-rough(1) * hops, eaten, -(1 + rough(LEAP)) * leaps, -gives]
    return jnp.stack([jnp.stack([jnp.asarray(q, jnp.float32) for q in goal]) for goal in (progress, energy)])


def log_policies(state: GameState, rationality: Float32[Array, ""] | float) -> Float32[Array, "2 4"]:
    """ln π_θ(a|s) for each of GOALS; `rationality` is β."""
    return jax.nn.log_softmax(rationality * payoffs(state), axis=-1)


def drawn(log_policy: Float32[Array, "4"], bits: Turn) -> Number:
    """An act with these logarithms of probabilities, by a random word."""
    passed = uniform(bits) >= jnp.cumsum(jnp.exp(log_policy))[:-1]
    return jnp.sum(passed.astype(jnp.int32))
