"""The vocabulary of the game: who plays, what can be done, what a state, a turn's draws and the parameters are."""

from dataclasses import replace
from enum import IntEnum

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Int32, UInt32

from mirrorjax.settings.groups import GameConfig

Mask = UInt32[Array, ""]  # of the board: bit i is column i
Number = Int32[Array, ""]
Flag = Bool[Array, ""]

WIDTH = 32  # columns of the board
START_COLUMNS = (15, 16)  # Frog, Toad
MAX_ENERGY = 20
CENTRE = 16  # the column that the camera keeps the players' midpoint at
LEAP = 5  # columns
FLY_ENERGY = 4
HELP_ENERGY = 2
MAX_SCROLL = 15  # tiles: both players at the right edge
PLAY_SCROLL = 3  # tiles: the most that a game played from its start scrolls in one turn (see `rollout`)


class Actor(IntEnum):
    """Whose turn it is. Frog plays first."""

    FROG = 0
    TOAD = 1

    @property
    def partner(self) -> "Actor":
        return Actor(1 - self)


class Action(IntEnum):
    """What a player can do, and the order of a network's four outputs."""

    HOP = 0
    JUMP = 1
    LEAP = 2
    HELP = 3


class Symbol(IntEnum):
    """How a player is drawn: its letter, or its last act; `DISTRESS` on rough ground."""

    FROG = 4
    TOAD = 5
    JUMP = 6
    LEAP = 7
    HELP = 8
    DISTRESS = 9


LETTER = {Actor.FROG: int(Symbol.FROG), Actor.TOAD: int(Symbol.TOAD)}


@struct.dataclass
class Player:
    """One player. Energy has no lower bound (-1 occurs); every test of it is `> 0`."""

    column: Number
    energy: Number
    score: Number
    symbol: Number


@struct.dataclass
class GameState:
    """One game between two turns.

    `actor` is part of the type, not a value: the compiled code of a turn is that of the player whose turn it is.
    """

    ground: Mask  # 1 = rough
    flies: Mask  # 1 = a fly
    queue: Number  # upcoming tiles, 0..5: all rough but the last, which is flat
    rate_steps: Number  # obstacle rate in steps of params.obstacle_rate_step
    frog: Player
    toad: Player
    actor: Actor = struct.field(pytree_node=False, default=Actor.FROG)

    def player(self, who: Actor) -> Player:
        return self.frog if who == Actor.FROG else self.toad

    def with_player(self, who: Actor, player: Player) -> "GameState":
        return replace(self, frog=player) if who == Actor.FROG else replace(self, toad=player)


@struct.dataclass
class GameParams:
    """The numbers of the game that experiments vary; the defaults are the paper's code."""

    obstacle_rate_max: float = GameConfig.obstacle_rate  # obstacles a new tile
    obstacle_rate_step: float = 0.005  # growth at each scroll
    obstacle_width_max: int = GameConfig.obstacle_width  # tiles, uniform from 1
    help_leap_probability: float = GameConfig.help_leap_probability
    fly_probability: float = struct.field(pytree_node=False, default=GameConfig.fly_probability)  # a cell and turn
    # D: how far the camera follows Toad; 1 as far as Frog
    scroll: float = struct.field(pytree_node=False, default=GameConfig.scroll)

    @property
    def play_scroll(self) -> int:
        """The most tiles that a game played from its start scrolls in one turn."""
        return PLAY_SCROLL if self.scroll == 1 else LEAP


@struct.dataclass
class Draws:
    """All the chance of one turn, as data. Shapes for one game; T is the most tiles a turn may scroll.

    Tiles are a tuple, not an axis: stacked, they would be the contiguous axis of a batch and nothing would vectorise.
    """

    fly_placed: Mask  # a fly appears
    fly_left: Mask  # a fly here would move left
    fly_right: Mask  # a fly here would move right (never both)
    helped_leap: Flag  # the partner leaps if it is helped
    obstacle_chance: tuple[UInt32[Array, ""], ...]  # [T]; an obstacle starts where this is below rate * 65536
    obstacle_width: tuple[Number, ...]  # [T]; 1..obstacle_width_max rough tiles


def initial_state(fly_placed: Mask) -> GameState:
    """A game before its first turn; `fly_placed` is the one placement pass that it starts with."""
    zero = jnp.int32(0)
    frog, toad = (
        Player(jnp.int32(START_COLUMNS[who]), jnp.int32(MAX_ENERGY), zero, jnp.int32(LETTER[who])) for who in Actor
    )
    return GameState(jnp.uint32(0), jnp.asarray(fly_placed, jnp.uint32), zero, zero, frog, toad)


def bit(mask: Mask, column: Number) -> jax.Array:
    """Whether `column`'s bit is set."""
    return ((mask >> column.astype(jnp.uint32)) & 1) == 1
