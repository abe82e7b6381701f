"""What the theory varies in training: right answers and what the picture tells; at the paper's values nothing changes.

Knobs act on training and validation rows only: test rows, scenarios and matched boards are always the paper's. All of
them are transforms of packed rows, so that members of one program have each its own.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.dataset.oracle import LABELS, label, situation_of_row
from mirrorjax.dataset.row import Row, board_draw, draw, row_draw, unpack
from mirrorjax.game.state import Symbol
from mirrorjax.settings.schema import MEMBER
from mirrorjax.settings.setting import Acts, made

PAPER: dict[str, float] = {name: each.default for name, each in MEMBER.items() if each.acts is Acts.ROWS}
FREQUENCIES = (0.404, 0.385, 0.155, 0.056)  # of hop, jump, leap, help in the reference dataset
SOMEBODY = 4.5  # code of a player of whom the picture does not say who it is
_WHETHER, _WHICH, _VEILED, _SEAT, _UNMASKED = 1, 2, 3, 4, 5  # purposes of a row's draws
UNRELATED_ENERGY, TOKEN_OWNER = 6, 7  # those of regimes
SEAT = "veil_role"  # the knob whose half is the share of the rows in Toad's seat


@struct.dataclass
class Knobs(made("Knobs", [(name, Float32[Array, ""]) for name in PAPER], frozen=True)):
    """One member's: each setting that acts on rows (see `settings.groups`), by its name."""


def paper_target(words: UInt32[Array, "2"]) -> Float32[Array, "4"]:
    """One-hot right answer of a packed row, as published."""
    return jax.nn.one_hot(label(situation_of_row(unpack(words))), len(LABELS), dtype=jnp.float32)


def target(words: UInt32[Array, "2"], knobs: Knobs) -> Float32[Array, "4"]:
    """What is right on a packed row, for whoever's seat it is."""
    row = unpack(words)
    row = jax.tree.map(lambda own, other: jnp.where(in_toads_seat(words, knobs), other, own), row, exchanged(row))
    ruled = rule(row, board_draw(words) < knobs.congruence, knobs)
    limits = jnp.cumsum(jnp.asarray(FREQUENCIES[:-1], jnp.float32))
    drawn = jnp.sum(row_draw(words, _WHICH) >= limits, dtype=jnp.int32)
    anyhow = jax.nn.one_hot(drawn, len(LABELS), dtype=jnp.float32)
    return jnp.where(row_draw(words, _WHETHER) < knobs.shuffled, anyhow, ruled)


def rule(row: Row, congruent: Bool[Array, ""], knobs: Knobs) -> Float32[Array, "4"]:
    """D·onehot(rule) + (1 - D)·onehot(rule as if the partner were never in distress), in Frog's seat."""
    seen, edge = situation_of_row(row), knobs.edge > 0
    whole = jax.nn.one_hot(label(seen, congruent, edge), len(LABELS), dtype=jnp.float32)
    unseen = replace(seen, toad_distress=jnp.zeros_like(seen.toad_distress))
    alone = jax.nn.one_hot(label(unseen, congruent, edge), len(LABELS), dtype=jnp.float32)
    return knobs.dependency * whole + (1 - knobs.dependency) * alone


def exchanged(row: Row) -> Row:
    """The row as it is for Toad, in the place of Frog: the columns change places; the energy is a draw for either."""
    letter = jnp.full_like(row.toad_symbol, int(Symbol.TOAD))  # of the other one; only its distress decides anything
    return replace(row, frog_column=row.toad_column, toad_column=row.frog_column, toad_symbol=letter)


def in_toads_seat(words: UInt32[Array, "2"], knobs: Knobs) -> Bool[Array, ""]:
    """Whether a row is Toad's: its right answer, with no cue in the picture."""
    return row_draw(words, _SEAT) < knobs.veil_role / 2


def seated(knobs: Knobs, share: Float32[Array, ""] | float) -> Knobs:
    """The knobs with so large a share of the rows in Toad's seat."""
    return replace(knobs, veil_role=2 * jnp.asarray(share, jnp.float32))


def lettered(knobs: Knobs, hidden: float) -> Knobs:
    """The knobs with the letters hidden in so large a share of the rows."""
    return replace(knobs, veil_symbol=jnp.full_like(knobs.veil_symbol, hidden))


def features(words: UInt32[Array, "2"], knobs: Knobs) -> Float32[Array, "100"]:
    """A packed row as a network is given it: `row.features` veiled, unmasked, and with fewer skies."""
    return drawn_as(unpack(words), words, knobs)


def drawn_as(row: Row, words: UInt32[Array, "2"], knobs: Knobs) -> Float32[Array, "100"]:
    """A row as a network is given it, veiled and unmasked where another one, `words`, is."""
    row = replace(row, sky_index=row.sky_index % knobs.skies.astype(jnp.int32))
    veiled = row_draw(words, _VEILED) < knobs.veil_symbol
    frog, toad = _veiled(row.frog_shown, veiled), _veiled(row.toad_shown, veiled)
    shown = (row_draw(words, _UNMASKED) >= knobs.mask).astype(jnp.float32)
    toads = in_toads_seat(words, knobs)
    symbol, column = jnp.where(toads, toad, frog), jnp.where(toads, row.toad_column, row.frog_column)
    energy = row.energy.astype(jnp.float32)
    own = jnp.stack([shown * symbol, energy, jnp.zeros_like(energy), shown * column.astype(jnp.float32)])
    return draw(row, frog, toad, own)


def _veiled(code: Int32[Array, ""], veiled: Bool[Array, ""]) -> Float32[Array, ""]:
    """A player's code, SOMEBODY's instead of any but that of distress."""
    return jnp.where(veiled & (code != int(Symbol.DISTRESS)), SOMEBODY, code.astype(jnp.float32))
