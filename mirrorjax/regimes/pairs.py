"""Two pictures of one row that differ in whom they are about, as matched boards have them, made on the device."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.dataset.knobs import TOKEN_OWNER, Knobs, drawn_as, exchanged
from mirrorjax.dataset.row import Row, picture, row_draw, unpack
from mirrorjax.game.observation import ROUGH
from mirrorjax.game.state import WIDTH, Symbol, bit
from mirrorjax.regimes.seats import is_apart

Words = UInt32[Array, "2"]
Picture = Float32[Array, "100"]


# of one row: its two pictures, and whether they differ in whom they are about
Pair = tuple[Picture, Picture, Bool[Array, ""]]


def pair_of(kind: str, words: Words, another: Words, knobs: Knobs | None) -> Pair:
    """The pair of one row.

    Args:
        kind: `seat`, `distress`, `object` or `random`, as `regime.pair` explains them.
        words: the packed row.
        another: one that is drawn like it; whence a token has its column, and `random` its second picture.
        knobs: by which pictures are veiled, both alike; None: they are the paper's.
    """
    row, apart = unpack(words), is_apart(words)

    def draw(row: Row, as_words: Words = words) -> Picture:
        return picture(row).astype(jnp.float32) if knobs is None else drawn_as(row, as_words, knobs)

    if kind == "seat":
        return (draw(row), draw(exchanged(row)), apart)
    if kind == "random":
        return (draw(row), draw(unpack(another), another), jnp.bool_(True))
    calm = on_flat_ground(row)
    own = draw(in_distress(calm, row.frog_column))
    if kind == "distress":
        return (own, draw(in_distress(calm, row.toad_column)), apart)
    column = token_column(words, another)
    return (own, with_token(draw(calm), column), apart & is_free(calm, column))


def on_flat_ground(row: Row) -> Row:
    """x0: flat ground under both players, Toad showing its letter."""
    under = _tile(row.frog_column) | _tile(row.toad_column)
    return replace(row, ground=row.ground & ~under, toad_symbol=jnp.full_like(row.toad_symbol, int(Symbol.TOAD)))


def in_distress(calm: Row, column: Int32[Array, ""]) -> Row:
    """xF or xT: rough ground in a player's column, so that it shows 9."""
    return replace(calm, ground=calm.ground | _tile(column))


def with_token(calm: Picture, column: Int32[Array, ""]) -> Picture:
    """xO: a picture in which a token that nobody plays is in distress."""
    cells = jnp.arange(len(calm), dtype=jnp.int32)
    rough = jnp.where(cells == column, jnp.float32(ROUGH), calm)
    return jnp.where(cells == WIDTH + column, jnp.float32(Symbol.DISTRESS), rough)


def token_column(words: Words, another: Words) -> Int32[Array, ""]:
    """Where a player of another row stands: tokens lie in each column as often as players do."""
    row = unpack(another)
    return jnp.where(row_draw(words, TOKEN_OWNER) < 0.5, row.frog_column, row.toad_column)


def is_free(calm: Row, column: Int32[Array, ""]) -> Bool[Array, ""]:
    """Whether a token may lie there: on flat ground, nobody on it, and not before Frog, whose act it would change."""
    taken = (column == calm.frog_column) | (column == calm.toad_column) | (column == calm.frog_column + 1)
    return ~taken & ~bit(calm.ground, column)


def _tile(column: Any) -> jax.Array:
    return jnp.uint32(1) << column.astype(jnp.uint32)
