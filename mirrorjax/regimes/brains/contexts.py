"""What a picture of the game is to a brain: who is in distress there, if anybody is, and where one looks.

It looks at who is in distress, at oneself first; where nobody is, at nobody, with one's own place in view. Were calm
players seen too, what they fire would be taken from self's and other's change and not from an object's, and SSI be .3
of brains that learnt nothing. A context is the place in view and the day: rough ground on either side, a quarter of
the board, one's own energy, the sky. There are 288, and 4 situations: all that a brain can make of pictures is a table.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32, UInt32

from mirrorjax.dataset.row import SKY_CELLS, unpack
from mirrorjax.game.observation import FLY, OWN_ENERGY, ROUGH
from mirrorjax.game.state import WIDTH, Symbol, bit
from mirrorjax.regimes.brains.empathy import FEELINGS, WHO

SITUATIONS = (*((who, "distress") for who in WHO), ("", "calm"))  # who is looked at, and what is felt
FELT = np.array([FEELINGS.index(feeling) for _, feeling in SITUATIONS], np.int32)
FEATURES = {"rough before": 2, "rough behind": 2, "quarter": 4, "energy": 3, "sky": len(SKY_CELLS)}  # and their values
SIZES = tuple(FEATURES.values())
CONTEXTS = int(np.prod(SIZES))
_PLENTY = 8  # beyond which energy is plenty; 0 is none

Context = Int32[Array, "5"]  # a value of each of FEATURES


def of_row(words: UInt32[Array, "2"], column: Int32[Array, ""]) -> Context:
    """The context of a packed row with a column in view."""
    row = unpack(words)
    beside = [bit(row.ground, jnp.clip(column + side, 0, WIDTH - 1)) & (column != edge) for side, edge in _SIDES]
    return _context(beside, column, row.energy, row.sky_index)


def of_picture(picture: Int32[Array, "100"]) -> tuple[Int32[Array, ""], Int32[Array, ""]]:
    """Its place in SITUATIONS, and the number of its context: see `number_of`."""
    tiles, players, flies = (picture[start : start + WIDTH] for start in (0, WIDTH, 2 * WIDTH))
    own, nine = players == int(Symbol.FROG), players == int(Symbol.DISTRESS)
    others = (players >= int(Symbol.TOAD)) & (players <= int(Symbol.HELP))
    who = jnp.select([~nine.any(), ~own.any(), ~others.any()], [jnp.int32(3), jnp.int32(0), jnp.int32(1)], 2)
    in_view = jnp.where(nine.any(), nine, jnp.where(own.any(), own, others))
    column = jnp.argmax(in_view).astype(jnp.int32)
    rough = tiles == ROUGH
    beside = [rough[jnp.clip(column + side, 0, WIDTH - 1)] & (column != edge) for side, edge in _SIDES]
    sky = jnp.argmax(jnp.sum((flies == FLY)[None, :] == jnp.asarray(SKY_CELLS), axis=1))
    return who, number_of(_context(beside, column, picture[OWN_ENERGY], sky))


_SIDES = ((1, WIDTH - 1), (-1, 0))  # and the column that has none


def _context(beside: list[jax.Array], column: jax.Array, energy: jax.Array, sky: jax.Array) -> Context:
    quarter = column // (WIDTH // FEATURES["quarter"])
    some = jnp.sum(energy > jnp.array([0, _PLENTY], energy.dtype), dtype=jnp.int32)
    return jnp.stack([jnp.asarray(each, jnp.int32) for each in (*beside, quarter, some, sky)])


def number_of(context: Context) -> Int32[Array, ""]:
    """Among CONTEXTS."""
    return jnp.ravel_multi_index(tuple(context), SIZES, mode="clip").astype(jnp.int32)


def context_of(number: Int32[Array, ""]) -> Context:
    """The inverse of `number_of`."""
    return jnp.stack(jnp.unravel_index(number, SIZES)).astype(jnp.int32)
