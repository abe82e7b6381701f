"""The chance of a turn: every draw has the probability that the rules give it, and none depends on another.

Limits are those of `tests.chance`: for each of some forty numbers |z| < 4.5 or p > 1e-5.
"""

from collections.abc import Callable
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import ArrayLike

from mirrorjax.game.rollout import ALWAYS_HOP, PLAYERS, RANDOM, Players, game_streams, scripted_action
from mirrorjax.game.state import MAX_SCROLL, PLAY_SCROLL, WIDTH, Action, Actor, Draws, GameParams
from mirrorjax.game.turn import sample_draws
from mirrorjax.randomness import stream_from_key
from tests.chance import Z_LIMIT, assert_counts, assert_share, assert_uncorrelated, z_score

GAMES, TURNS = 64, 2048
PARAMS = GameParams()


STREAMS = game_streams(jax.random.key(21), GAMES)


def of_turns(draw: Callable):
    """What `draw` makes of every stream and turn, [games, turns]."""
    numbers = jnp.arange(TURNS, dtype=jnp.uint32)
    return jax.jit(jax.vmap(jax.vmap(draw, in_axes=(None, 0)), in_axes=(0, None)))(STREAMS, numbers)


def sampled(tiles: int, params: GameParams = PARAMS) -> SimpleNamespace:
    """[games, turns] draws, the tiles of a turn stacked on a last axis."""
    draws = jax.device_get(of_turns(lambda stream, turn: sample_draws(stream, params, turn=turn, tiles=tiles)))
    assert isinstance(draws, Draws)
    stacked = {name: np.stack(getattr(draws, name), axis=-1) for name in ("obstacle_chance", "obstacle_width")}
    return SimpleNamespace(**{**vars(draws), **stacked})


@pytest.fixture(scope="module")
def draws() -> SimpleNamespace:
    """[games, turns] draws with room for any scroll."""
    return sampled(MAX_SCROLL)


def bits(masks: ArrayLike) -> np.ndarray:
    """[..., 32] bits of masks."""
    return ((np.asarray(masks)[..., None] >> np.arange(WIDTH, dtype=np.uint32)) & 1).astype(bool)


def test_shapes_and_types(draws):
    assert draws.fly_placed.shape == (GAMES, TURNS) and draws.fly_placed.dtype == np.uint32
    assert draws.helped_leap.dtype == bool
    assert draws.obstacle_chance.shape == draws.obstacle_width.shape == (GAMES, TURNS, MAX_SCROLL)
    assert (draws.obstacle_chance.dtype, draws.obstacle_width.dtype) == (np.uint32, np.int32)


def test_fly_placement(draws):
    placed = bits(draws.fly_placed)
    assert_share(placed, 41 / 4096)  # .01 in units of 1/4096
    assert abs(41 / 4096 - 0.01) < 1e-5
    assert max(abs(z_score(n, placed[..., 0].size, 41 / 4096)) for n in placed.sum((0, 1))) < Z_LIMIT


def test_fly_moves(draws):
    left, right = bits(draws.fly_left), bits(draws.fly_right)
    assert not (left & right).any()
    moves = left.sum(), right.sum(), left.size - left.sum() - right.sum()
    assert_counts(np.array(moves), np.full(3, 1 / 3))
    turns = left[..., 0].size
    for direction in (left, right):
        assert max(abs(z_score(n, turns, 1 / 3)) for n in direction.sum((0, 1))) < Z_LIMIT


def test_helped_leap(draws):
    assert_share(draws.helped_leap, 0.25)


def test_obstacles(draws):
    assert draws.obstacle_chance.max() < 65536
    assert_counts(np.bincount((draws.obstacle_chance >> 9).ravel(), minlength=128), np.full(128, 1 / 128))
    for tile in range(MAX_SCROLL):
        widths = draws.obstacle_width[..., tile].ravel()
        assert_counts(np.bincount(widths, minlength=5)[1:], np.full(4, 1 / 4))
        assert_share(draws.obstacle_chance[..., tile] / 65536 < 0.075, np.ceil(0.075 * 65536) / 65536)


def numbers(draws: SimpleNamespace) -> np.ndarray:
    """Every draw of a turn as a number, [games, turns, draws]."""
    bit_fields = [bits(mask).astype(float) for mask in (draws.fly_placed, draws.fly_left, draws.fly_right)]
    rest = [draws.helped_leap[..., None], draws.obstacle_chance, draws.obstacle_width]
    return np.concatenate([*bit_fields, *(np.asarray(r, float) for r in rest)], axis=-1)


def test_draws_of_a_turn_are_independent(draws):
    """All pairs of draws of one turn, but left and right of a cell: a fly that goes left does not go right."""
    drawn = numbers(draws).reshape(GAMES * TURNS, -1)
    left, right = slice(WIDTH, 2 * WIDTH), slice(2 * WIDTH, 3 * WIDTH)
    assert_uncorrelated(np.delete(drawn, right, axis=1))
    assert_uncorrelated(np.delete(drawn, left, axis=1))


def test_turns_and_games_are_independent(draws):
    drawn = numbers(draws)[..., ::5]  # a fifth of the draws keeps the number of pairs small
    turns = np.concatenate([drawn[:, 1:], drawn[:, :-1]], axis=-1)
    assert_uncorrelated(turns.reshape(-1, turns.shape[-1]))
    games = np.concatenate([drawn[1:], drawn[:-1]], axis=-1)
    assert_uncorrelated(games.reshape(-1, games.shape[-1]))


def test_fewer_tiles_are_the_same_draws(draws):
    few = sampled(PLAY_SCROLL)
    for name in ("fly_placed", "fly_left", "fly_right", "helped_leap"):
        assert np.array_equal(getattr(few, name), getattr(draws, name)), name
    for name in ("obstacle_chance", "obstacle_width"):
        assert np.array_equal(getattr(few, name), getattr(draws, name)[..., :PLAY_SCROLL]), name


def test_parameters_are_used():
    draws = sampled(2, GameParams(obstacle_width_max=7, help_leap_probability=0.9, fly_probability=0.3))
    assert_share(draws.helped_leap, 0.9)
    assert_share(bits(draws.fly_placed), round(0.3 * 4096) / 4096)
    # A seventh of 2^16 values is no whole number: the shares are 9363/65536 and 9362/65536.
    assert_counts(np.bincount(draws.obstacle_width.ravel(), minlength=8)[1:], np.full(7, 1 / 7))


def test_acts_depend_on_no_draw_and_on_no_act_before(draws):
    acts = np.asarray(of_turns(lambda stream, turn: scripted_action(Actor.TOAD, stream, turn, PLAYERS["frog_hops"])))
    drawn = np.concatenate([acts[:, 1:, None], acts[:, :-1, None], numbers(draws)[:, 1:, ::3]], axis=-1).astype(float)
    assert_uncorrelated(drawn.reshape(-1, drawn.shape[-1]))


def test_a_key_will_do_as_a_stream():
    key = jax.random.key(4)
    from_key, from_stream = sample_draws(key, PARAMS), sample_draws(stream_from_key(key), PARAMS)
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool((a == b).all()), from_key, from_stream)))


@pytest.mark.parametrize("mix", [RANDOM, ALWAYS_HOP, (0.1, 0.2, 0.3, 0.4), (0.0, 0.0, 0.0, 1.0)])
def test_action_mix(mix):
    players = Players(frog=mix, toad=ALWAYS_HOP)
    actions = of_turns(lambda stream, turn: scripted_action(Actor.FROG, stream, turn, players))
    counts = np.bincount(np.asarray(actions).ravel(), minlength=len(Action))
    possible = np.array(mix) > 0
    assert counts[~possible].sum() == 0
    if possible.sum() > 1:
        assert_counts(counts[possible], np.array(mix)[possible])
