"""What a player sees: one hundred small integers."""

import jax.numpy as jnp
from jaxtyping import Array, Int32, Shaped

from mirrorjax.game.state import LETTER, WIDTH, Actor, GameState, Mask, Number, Player, Symbol, bit

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


def shown(player: Player, ground: Mask) -> Number:
    """A player's symbol as training rows have it: that of distress wherever the ground is rough."""
    return jnp.where(bit(ground, player.column), jnp.int32(Symbol.DISTRESS), player.symbol)


def view(state: GameState, who: Actor) -> Int32[Array, "100"]:
    """What a network is given in a seat: the hundred numbers of a training row, of this very situation.

    As in training, whoever is on rough ground is shown as 9, and own symbol, score and column are zero. Unlike in
    training, the flies are the real ones and the energy is the real one: networks were trained on six fixed skies and
    eleven energies. In Toad's seat the letters are exchanged, so that one's own is 4 in either; in one cell Toad is
    drawn over Frog for both.
    """
    frog, toad, zero = state.frog, state.toad, jnp.int32(0)
    players = player_cells(frog.column, shown(frog, state.ground), toad.column, shown(toad, state.ground))
    if who == Actor.TOAD:
        ours, theirs = LETTER[Actor.FROG], LETTER[Actor.TOAD]
        players = jnp.where(players == ours, theirs, jnp.where(players == theirs, ours, players))
    apart = jnp.stack([zero, state.player(who).energy, zero, zero])
    return jnp.concatenate([FLAT + mask_cells(state.ground), players, FLY * mask_cells(state.flies), apart])
