"""How a picture's codes become a network's inputs: as the paper's ordinal numbers, permuted, or one-hot."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.game.observation import FLAT, FLY, OBSERVATION_SIZE
from mirrorjax.game.state import WIDTH, Symbol

_CODES = [int(symbol) for symbol in sorted(Symbol)]
_PERMUTED = (7, 9, 5, 8, 4, 6)  # instead of 4 to 9: distress is no longer the largest, and no code is its own


@dataclass(frozen=True)
class Encoding:
    """A way to write pictures."""

    size: int  # numbers that the network is given
    # from pictures [100, batch] to inputs [size, batch]
    of: Callable[[Float32[Array, "100 batch"]], Float32[Array, "inputs batch"]]


def _permuted(pictures: Float32[Array, "100 batch"]) -> Float32[Array, "100 batch"]:
    """The players' codes exchanged; a code in between, of a veiled player, is in between again."""
    players = pictures[WIDTH : 2 * WIDTH]
    codes = jnp.asarray([0, *_CODES], jnp.float32)
    exchanged = jnp.asarray([0, *_PERMUTED], jnp.float32)
    return pictures.at[WIDTH : 2 * WIDTH].set(jnp.interp(players, codes, exchanged))


def _one_hot(pictures: Float32[Array, "100 batch"]) -> Float32[Array, "260 batch"]:
    """Rough ground, each code of a player and flies as a cell's own inputs; a veiled player is half a 4, half a 5."""
    ground, players, flies = (pictures[start : start + WIDTH] for start in (0, WIDTH, 2 * WIDTH))
    shares = [jnp.maximum(0.0, 1.0 - jnp.abs(players - code)) for code in _CODES]
    return jnp.concatenate([ground - FLAT, *shares, flies / FLY, pictures[3 * WIDTH :]])


ENCODINGS: dict[str, Encoding] = {
    "ordinal": Encoding(OBSERVATION_SIZE, lambda pictures: pictures),
    "permuted": Encoding(OBSERVATION_SIZE, _permuted),
    "one_hot": Encoding(OBSERVATION_SIZE + WIDTH * (len(_CODES) - 1), _one_hot),
}


def encoded(pictures: Float32[Array, "100 ..."], encoding: str) -> jax.Array:
    """Inputs [size, ...] of pictures, by an encoding's name."""
    return ENCODINGS[encoding].of(pictures)
