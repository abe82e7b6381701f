"""What a player sees: one hundred small integers."""

import jax.numpy as jnp
from jaxtyping import Array, Int32, Shaped

from mirrorjax.game.state import WIDTH, Actor, GameState, Mask, Number

OBSERVATION_SIZE = 3 * WIDTH + 4
FLAT, ROUGH, FLY = 1, 2, 3  # codes in the picture
OWN_SYMBOL, OWN_ENERGY, OWN_SCORE, OWN_COLUMN = 96, 97, 98, 99  # the columns after the three rows of cells


def mask_cells(mask: Mask) -> Int32[Array, "32"]:
    """The 32 bits of a mask, column by column."""
    return ((mask >> jnp.arange(WIDTH, dtype=jnp.uint32)) & 1).astype(jnp.int32)


def player_cells(
    frog_column: Number, frog_symbol: Shaped[Array, ""], toad_column: Number, toad_symbol: Shaped[Array, ""]
) -> Shaped[Array, "32"]:
    """The players' row: 0, or a symbol; Toad is drawn over Frog."""
    columns = jnp.arange(WIDTH, dtype=jnp.int32)
    return jnp.where(columns == toad_column, toad_symbol, jnp.where(columns == frog_column, frog_symbol, 0))


def observe(state: GameState, who: Actor) -> Int32[Array, "100"]:
    """One player's view: ground, players, flies, own symbol, energy, score and column.

    The partner's energy is not seen.
    """
    own, frog, toad = state.player(who), state.frog, state.toad
    players = player_cells(frog.column, frog.symbol, toad.column, toad.symbol)
    apart = jnp.stack([own.symbol, own.energy, own.score, own.column])
    return jnp.concatenate([FLAT + mask_cells(state.ground), players, FLY * mask_cells(state.flies), apart])
