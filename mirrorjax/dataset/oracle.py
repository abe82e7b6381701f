"""Scenario and right answer of a situation, read off a packed row or off a picture."""

import jax.numpy as jnp
from jaxtyping import Array, Int32

from mirrorjax.dataset.row import Row
from mirrorjax.game.observation import OWN_COLUMN, OWN_ENERGY, ROUGH
from mirrorjax.game.rule import (
    EDGE_COLUMN,
    EDGE_HELP,
    LABELS,
    RESCUE_COLUMN,
    RESCUE_HELP,
    SCENARIOS,
    Situation,
    help_kind,
    label,
    scenario,
)
from mirrorjax.game.state import WIDTH, Symbol, bit

__all__ = [
    "EDGE_COLUMN",
    "EDGE_HELP",
    "LABELS",
    "RESCUE_COLUMN",
    "RESCUE_HELP",
    "SCENARIOS",
    "Situation",
    "help_kind",
    "label",
    "scenario",
    "situation_of_picture",
    "situation_of_row",
]


def situation_of_row(row: Row) -> Situation:
    """What a packed row shows. Both players in one cell show Toad's symbol, and both count as showing it."""
    together = row.frog_column == row.toad_column
    frog_shown = jnp.where(together, row.toad_shown, row.frog_shown)
    return Situation(
        energy=row.energy,
        column=row.frog_column,
        frog_distress=frog_shown == int(Symbol.DISTRESS),
        toad_distress=row.toad_shown == int(Symbol.DISTRESS),
        next_rough=bit(row.ground, jnp.minimum(row.frog_column + 1, WIDTH - 1)),
        shows_frog=frog_shown == int(Symbol.FROG),
        shows_toad=row.toad_shown == int(Symbol.TOAD),
    )


def situation_of_picture(view: Int32[Array, "100"]) -> Situation:
    """What a picture shows, its own column (number 99) still in place.

    Frog stands in that column; Toad is the last other non-zero cell of the players' row, and if there is none,
    both are in Frog's cell and have its symbol.
    """
    column = view[OWN_COLUMN]
    cells = view[WIDTH : 2 * WIDTH]
    index = jnp.arange(WIDTH, dtype=jnp.int32)
    other = jnp.max(jnp.where((cells != 0) & (index != column), index, -1))
    frog_shown = cells[column]
    toad_shown = jnp.where(other >= 0, cells[jnp.maximum(other, 0)], frog_shown)
    return Situation(
        energy=view[OWN_ENERGY],
        column=column,
        frog_distress=frog_shown == int(Symbol.DISTRESS),
        toad_distress=toad_shown == int(Symbol.DISTRESS),
        next_rough=view[jnp.minimum(column + 1, WIDTH - 1)] == ROUGH,
        shows_frog=jnp.any(cells == int(Symbol.FROG)),
        shows_toad=jnp.any(cells == int(Symbol.TOAD)),
    )
