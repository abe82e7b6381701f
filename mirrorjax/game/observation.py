"""What a player sees: one hundred small integers."""

import jax.numpy as jnp
from jaxtyping import Array, Int32, Shaped, UInt32

from mirrorjax.game.state import WIDTH, Actor, GameState

OBSERVATION_SIZE = 3 * WIDTH + 4
FLAT, ROUGH, FLY = 1, 2, 3  # codes in the picture
OWN_SYMBOL, OWN_ENERGY, OWN_SCORE, OWN_COLUMN = 96, 97, 98, 99  # the columns after the three rows of cells


def mask_cells(mask: UInt32[Array, ""]) -> Int32[Array, "32"]:
    """The 32 bits of a mask, column by column."""
    return ((mask >> jnp.arange(WIDTH, dtype=jnp.uint32)) & 1).astype(jnp.int32)


def player_cells(
    frog_column: Int32[Array, ""],
    frog_symbol: Shaped[Array, ""],
    toad_column: Int32[Array, ""],
    toad_symbol: Shaped[Array, ""],
) -> Shaped[Array, "32"]:
    """The players' row: 0, or a symbol; Toad is drawn over Frog."""
    columns = jnp.arange(WIDTH, dtype=jnp.int32)
    return jnp.where(columns == toad_column, toad_symbol, jnp.where(columns == frog_column, frog_symbol, 0))


def observe(state: GameState, who: Actor) -> Int32[Array, "100"]:
    """One player's view: ground, players, flies, own symbol, energy, score and column.

    The partner's energy is not seen.
    """
    own = state.player(who)
    frog, toad = state.frog, state.toad
    return jnp.concatenate(
        [
            FLAT + mask_cells(state.ground),
            player_cells(frog.column, frog.symbol, toad.column, toad.symbol),
            FLY * mask_cells(state.flies),
            jnp.stack([own.symbol, own.energy, own.score, own.column]),
        ]
    )
