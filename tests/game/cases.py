"""Between the plain boards of the reference and stacked game states, and where test boards come from."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.game.state import MAX_SCROLL, WIDTH, Actor, Draws, GameParams, GameState, Player
from mirrorjax.game.turn import turn
from tests.game.reference import Board, Chance


@cache
def compiled_turn():
    """`turn` of many games at once, compiled once a test session and actor."""
    return jax.jit(jax.vmap(turn, in_axes=(0, 0, 0, None)))


def play_all(boards: list[Board], actions: list[int], chances: list[Chance]) -> GameState:
    """The states after one turn of the game's own rules; all boards have the same actor."""
    return compiled_turn()(states_of(boards), jnp.asarray(actions, jnp.int32), draws_of(chances), GameParams())


def mask(cells: list[bool]) -> int:
    """Cells as bits, the first the lowest."""
    return sum(1 << column for column, cell in enumerate(cells) if cell)


def cells(bits: int) -> list[bool]:
    """The inverse of `mask`."""
    return [bool(bits >> column & 1) for column in range(WIDTH)]


def states_of(boards: list[Board]) -> GameState:
    """The boards as one stacked state."""

    def player(who: int) -> Player:
        fields = (b.columns[who] for b in boards), (b.energy[who] for b in boards)
        fields += (b.score[who] for b in boards), (b.symbol[who] for b in boards)
        return Player(*(jnp.asarray(np.fromiter(values, np.int32)) for values in fields))

    return GameState(
        ground=jnp.asarray(np.fromiter((mask(b.ground) for b in boards), np.uint32)),
        flies=jnp.asarray(np.fromiter((mask(b.flies) for b in boards), np.uint32)),
        queue=jnp.asarray(np.fromiter((len(b.queue) for b in boards), np.int32)),
        rate_steps=jnp.asarray(np.fromiter((b.rate_steps for b in boards), np.int32)),
        frog=player(0),
        toad=player(1),
        actor=Actor(boards[0].actor),
    )


def board_of(states: GameState, index: int) -> Board:
    """One of stacked states as a plain board."""
    players = [jax.tree.map(lambda values: int(values[index]), p) for p in (states.frog, states.toad)]
    length = int(states.queue[index])
    return Board(
        ground=cells(int(states.ground[index])),
        flies=cells(int(states.flies[index])),
        queue=[True] * (length - 1) + [False] * (length > 0),
        rate_steps=int(states.rate_steps[index]),
        columns=[p.column for p in players],
        energy=[p.energy for p in players],
        score=[p.score for p in players],
        symbol=[p.symbol for p in players],
        actor=int(states.actor),
    )


def draws_of(chances: list[Chance]) -> Draws:
    """The chances as stacked draws."""
    placed = np.array([mask(c.placed) for c in chances], np.uint32)
    left = np.array([mask([m < 0 for m in c.moves]) for c in chances], np.uint32)
    right = np.array([mask([m > 0 for m in c.moves]) for c in chances], np.uint32)
    helped = np.array([c.helped_leap for c in chances])
    obstacle = np.array([c.obstacle for c in chances], np.uint32)
    width = np.array([c.width for c in chances], np.int32)
    return Draws(
        fly_placed=jnp.asarray(placed),
        fly_left=jnp.asarray(left),
        fly_right=jnp.asarray(right),
        helped_leap=jnp.asarray(helped),
        obstacle_chance=tuple(jnp.asarray(obstacle.T)),
        obstacle_width=tuple(jnp.asarray(width.T)),
    )


def chance_of(draws: Draws, index: int) -> Chance:
    """One turn's draws, as the reference takes them."""
    left, right = cells(int(draws.fly_left[index])), cells(int(draws.fly_right[index]))
    moves = [r - le for le, r in zip(left, right, strict=True)]
    obstacle = [int(tile[index]) for tile in draws.obstacle_chance]
    width = [int(tile[index]) for tile in draws.obstacle_width]
    return Chance(cells(int(draws.fly_placed[index])), moves, bool(draws.helped_leap[index]), obstacle, width)


def random_board(random: np.random.Generator, actor: int) -> Board:
    """A board that play may never reach: edges, shared cells, no energy, dense rock, a filled queue."""
    columns = [int(c) for c in random.choice((0, 1, 15, 16, 25, 26, 27, 30, 31, *range(WIDTH)), 2)]
    if random.random() < 0.15:
        columns[1] = columns[0]
    rough, flies = random.choice((0.0, 0.1, 0.5, 1.0), p=(0.1, 0.3, 0.4, 0.2)), random.choice((0.0, 0.2, 0.5, 1.0))
    length = int(random.integers(0, 6))
    return Board(
        ground=[bool(v) for v in random.random(WIDTH) < rough],
        flies=[bool(v) for v in random.random(WIDTH) < flies],
        queue=[True] * (length - 1) + [False] * (length > 0),
        rate_steps=int(random.integers(0, 16)),
        columns=columns,
        energy=[int(e) for e in random.choice((-1, 0, 1, 2, 3, 10, 16, 17, 18, 19, 20), 2)],
        score=[int(s) for s in random.integers(0, 1000, 2)],
        symbol=[int(random.choice((own, 6, 7, 8, 9))) for own in (4, 5)],
        actor=actor,
    )


def random_chance(random: np.random.Generator) -> Chance:
    """A turn's chance in which rare things are common."""
    obstacle = random.integers(0, 65536, MAX_SCROLL) >> random.choice((0, 4))  # of small values most start one
    return Chance(
        placed=[bool(v) for v in random.random(WIDTH) < random.choice((0.01, 0.5))],
        moves=[int(v) for v in random.integers(-1, 2, WIDTH)],
        helped_leap=bool(random.random() < 0.5),
        obstacle=[int(v) for v in obstacle],
        width=[int(v) for v in random.integers(1, 5, MAX_SCROLL)],
    )
