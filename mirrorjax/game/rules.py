"""What a player can do: hop, jump, leap, help, and land. Each works on one player's view of one game."""

from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int32

from mirrorjax.game.state import FLY_ENERGY, HELP_ENERGY, LEAP, MAX_ENERGY, WIDTH, Flag, Mask, Player, Symbol, bit


def land(player: Player, ground: Mask) -> Player:
    """Rough ground costs one energy and shows distress."""
    rough = bit(ground, player.column)
    return replace(
        player,
        energy=jnp.where(rough, player.energy - 1, player.energy),
        symbol=jnp.where(rough, jnp.int32(Symbol.DISTRESS), player.symbol),
    )


def _move(player: Player, columns: int, ground: Mask) -> Player:
    return land(replace(player, column=jnp.minimum(player.column + columns, WIDTH - 1)), ground)


def _select(condition: Flag, then: Player, otherwise: Player) -> Player:
    return jax.tree.map(lambda yes, no: jnp.where(condition, yes, no), then, otherwise)


def hop(player: Player, letter: int, ground: Mask) -> Player:
    """One column on and one point, if there is energy and room; the symbol is the letter either way."""
    standing = replace(player, symbol=jnp.int32(letter))
    can = (player.energy > 0) & (player.column + 1 < WIDTH)
    return _select(can, _move(replace(standing, score=player.score + 1), 1, ground), standing)


def jump(player: Player, flies: Mask) -> Player:
    """Up; a fly in the own column is eaten. Needs no energy."""
    ate = bit(flies, player.column)
    fed = jnp.minimum(MAX_ENERGY, player.energy + FLY_ENERGY)
    return replace(player, energy=jnp.where(ate, fed, player.energy), symbol=jnp.int32(Symbol.JUMP))


def leap(player: Player, ground: Mask) -> Player:
    """Five columns on for one energy, or nothing at all."""
    can = (player.energy > 0) & (player.column + LEAP < WIDTH)
    leaping = replace(player, energy=player.energy - 1, symbol=jnp.int32(Symbol.LEAP))
    return _select(can, _move(leaping, LEAP, ground), player)


def help_other(player: Player, partner: Player, helped_leap: Flag, ground: Mask) -> tuple[Player, Player]:
    """A gift of energy where it fits, and perhaps a leap of the partner; needs energy.

    The gift is optional (a full partner takes none), the chance of the leap is not.
    """
    can = player.energy > 0
    room = can & (partner.column + LEAP < WIDTH)
    gift = room & (partner.energy < MAX_ENERGY)
    helper = replace(
        player,
        energy=jnp.where(gift, player.energy - 1, player.energy),
        symbol=jnp.where(can, jnp.int32(Symbol.HELP), player.symbol),
    )
    energy = jnp.where(gift, jnp.minimum(MAX_ENERGY, partner.energy + HELP_ENERGY), partner.energy)
    helped = replace(partner, energy=energy)
    return helper, _select(room & helped_leap, leap(helped, ground), helped)


def act(
    player: Player, partner: Player, action: Int32[Array, ""], letter: int, helped_leap: Flag, ground: Mask, flies: Mask
) -> tuple[Player, Player]:
    """The chosen act; returns the player and its partner afterwards."""
    hopped, jumped, leapt = hop(player, letter, ground), jump(player, flies), leap(player, ground)
    helper, helped = help_other(player, partner, helped_leap, ground)
    acted = _select(action == 0, hopped, _select(action == 1, jumped, _select(action == 2, leapt, helper)))
    return acted, _select(action == 3, helped, partner)
