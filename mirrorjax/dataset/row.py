"""A training row in 64 bits, and the hundred numbers that a network sees of it.

A row is a board (ground, both columns, Toad's symbol) with an energy for Frog and one of six skies. It is kept as
two uint32 words, [ground, rest], and unpacked on the device: eight bytes instead of four hundred.
"""

from typing import Any, cast

import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32, Shaped, UInt32

from mirrorjax.game.observation import FLAT, FLY, mask_cells, player_cells
from mirrorjax.game.state import WIDTH, Mask, Number, Symbol, bit
from mirrorjax.randomness import uniform, word

ENERGIES = (0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18)
SKIES = (  # the columns that hold a fly
    (0, 1, 10, 15, 16, 21, 26),
    (0, 3, 5, 8, 13, 18, 19, 24, 28),
    (1, 3, 13, 19, 23, 27, 28, 31),
    (1, 4, 12, 19, 26),
    (1, 5, 12, 14, 18, 29),
    (1, 6, 12, 14, 17, 23, 24, 28),
)
SKY_CELLS = np.array([[column in sky for column in range(WIDTH)] for sky in SKIES])
_SKY_MASKS = tuple(sum(1 << column for column in sky) for sky in SKIES)

# The second word, from the lowest bit: Frog's column, Toad's column, Toad's symbol - 5, energy, sky.
_TOAD, _SYMBOL, _ENERGY, _SKY = 5, 10, 13, 17
BOARD_BITS = 0x1FFF  # of the second word: the board without energy and sky


@struct.dataclass
class Row:
    """One labelled situation, at the start of Frog's turn. Scalars."""

    ground: Mask  # 1 = rough
    frog_column: Number
    toad_column: Number
    toad_symbol: Number  # 5..9
    energy_index: Number  # into ENERGIES
    sky_index: Number  # into SKIES

    @property
    def energy(self) -> Number:
        """Frog's energy."""
        return jnp.asarray(ENERGIES, jnp.int32)[self.energy_index]

    @property
    def frog_shown(self) -> Number:
        """Frog's symbol: 9 on rough ground, else its letter."""
        return jnp.where(bit(self.ground, self.frog_column), jnp.int32(Symbol.DISTRESS), jnp.int32(Symbol.FROG))

    @property
    def toad_shown(self) -> Number:
        """Toad's symbol: 9 on rough ground, whatever it did, else its last act or letter."""
        return jnp.where(bit(self.ground, self.toad_column), jnp.int32(Symbol.DISTRESS), self.toad_symbol)


def pack_board(ground: Mask, frog_column: Number, toad_column: Number, toad_symbol: Number) -> UInt32[Array, "2"]:
    """A board in two words; distress is in the ground, so a Toad on rough ground is stored as showing 9."""
    shown = jnp.where(bit(ground, toad_column), jnp.int32(Symbol.DISTRESS), toad_symbol)
    rest = frog_column | (toad_column << _TOAD) | ((shown - int(Symbol.TOAD)) << _SYMBOL)
    return jnp.stack([ground, rest.astype(jnp.uint32)])


def add_energy_and_sky(board: UInt32[Array, "2"], energy_index: Number, sky_index: Number) -> UInt32[Array, "2"]:
    """The row of a board with a given energy and sky."""
    added = (energy_index << _ENERGY) | (sky_index << _SKY)
    return jnp.stack([board[0], board[1] | added.astype(jnp.uint32)])


def pack(row: Row) -> UInt32[Array, "2"]:
    """A row in two words."""
    board = pack_board(row.ground, row.frog_column, row.toad_column, row.toad_symbol)
    return add_energy_and_sky(board, row.energy_index, row.sky_index)


def unpack(words: UInt32[Array, "2"]) -> Row:
    """The inverse of `pack`."""
    rest = words[1].astype(jnp.int32)
    return Row(
        ground=words[0],
        frog_column=rest & 31,
        toad_column=(rest >> _TOAD) & 31,
        toad_symbol=((rest >> _SYMBOL) & 7) + int(Symbol.TOAD),
        energy_index=(rest >> _ENERGY) & 15,
        sky_index=(rest >> _SKY) & 7,
    )


def unpack_all(words: np.ndarray) -> Row:
    """Many rows [N, 2] at once, on the host: each field is a NumPy array [N]."""
    return unpack(cast(Any, words.T))  # its arithmetic serves arrays of rows, and NumPy's, as well


def picture(row: Row) -> Int32[Array, "100"]:
    """The hundred numbers of a row as a network is given them.

    Ground, players, flies, then own symbol, energy, score and column, of which only the energy is left: the other
    three are zero in training, so that the network must find itself on the board.
    """
    zero = jnp.zeros_like(row.energy)
    return draw(row, row.frog_shown, row.toad_shown, jnp.stack([zero, row.energy, zero, zero]))


def draw(row: Row, frog_shown: Array, toad_shown: Array, own: Shaped[Array, "4"]) -> Shaped[Array, "100"]:
    """A picture of a row's board and sky, in the type of `own`: symbol, energy, score and column, as shown apart."""
    sky = jnp.asarray(_SKY_MASKS, jnp.uint32)[row.sky_index]
    players = player_cells(row.frog_column, frog_shown, row.toad_column, toad_shown)
    parts = (FLAT + mask_cells(row.ground), players, FLY * mask_cells(sky), own)
    return jnp.concatenate([part.astype(own.dtype) for part in parts])


def board_draw(words: UInt32[Array, "2"]) -> Float32[Array, ""]:
    """A number in [0, 1) that belongs to a row's board, whatever its energy and sky."""
    return uniform(word((words[0], words[1] & jnp.uint32(BOARD_BITS)), jnp.uint32(0)))


def row_draw(words: UInt32[Array, "2"], purpose: int) -> Float32[Array, ""]:
    """A number in [0, 1) that belongs to a row, energy and sky included; another one for each purpose."""
    return uniform(word((words[0], words[1]), jnp.uint32(purpose)))


def features(words: UInt32[Array, "2"]) -> Float32[Array, "100"]:
    """A packed row as the network's input: raw numbers, not normalised."""
    return picture(unpack(words)).astype(jnp.float32)


def row_keys(words: np.ndarray) -> np.ndarray:
    """Packed rows [N, 2] as single uint64 keys [N], on the host."""
    return (words[:, 0].astype(np.uint64) << np.uint64(32)) | words[:, 1].astype(np.uint64)


def board_keys(keys: np.ndarray) -> np.ndarray:
    """The boards of rows, as keys [N]: the rows' keys without energy and sky."""
    return keys & np.uint64(0xFFFFFFFF00000000 | BOARD_BITS)


def words_of(keys: np.ndarray) -> np.ndarray:
    """The inverse of `row_keys`: [N, 2] uint32."""
    return np.stack([(keys >> np.uint64(32)).astype(np.uint32), keys.astype(np.uint32)], axis=-1)
