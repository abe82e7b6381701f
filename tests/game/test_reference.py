"""The game's rules against a second, independent and slow writing of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.observation import observe
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, play_action, scripted_action
from mirrorjax.game.state import PLAY_SCROLL, Action, Actor, GameParams, GameState
from mirrorjax.game.turn import sample_draws
from tests.game import reference
from tests.game.cases import cells, chance_of, play_all, random_board, random_chance, states_of

BOARDS = 2000  # per actor and action


def assert_same(actual: GameState, expected: GameState, describe=lambda index: "") -> None:
    """Every field of every game is equal; otherwise names the field and the first game that differs."""
    assert actual.actor == expected.actor
    for (path, a), (_, e) in zip(
        jax.tree_util.tree_leaves_with_path(actual), jax.tree_util.tree_leaves_with_path(expected), strict=True
    ):
        assert a.dtype == e.dtype, path
        wrong = np.flatnonzero(np.asarray(a) != np.asarray(e))
        assert not wrong.size, f"{jax.tree_util.keystr(path)} of {wrong.size} games, first: {describe(wrong[0])}"


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("actor", list(Actor))
def test_turn_from_awkward_boards(actor, action):
    random = np.random.default_rng([actor, action])
    boards = [random_board(random, actor) for _ in range(BOARDS)]
    chances = [random_chance(random) for _ in range(BOARDS)]
    expected = [reference.play(b, action, c) for b, c in zip(boards, chances, strict=True)]
    after = play_all(boards, [action] * BOARDS, chances)
    assert_same(after, states_of(expected), lambda i: f"{boards[i]} {chances[i]} -> {expected[i]}")
    # The boards do reach what they are meant to: scrolls both ways, and as far as a board can scroll.
    if action == Action.HELP:
        shifts = [sum(b.columns) // 2 - 16 for b in boards]
        assert min(shifts) == -16 and max(shifts) == 15
        assert {len(e.queue) for e in expected} == set(range(6))


@pytest.mark.parametrize("who", list(Actor))
def test_observation(who):
    random = np.random.default_rng(5 + who)
    boards = [random_board(random, Actor.FROG) for _ in range(500)]
    seen = jax.jit(jax.vmap(observe, in_axes=(0, None)), static_argnums=1)(states_of(boards), who)
    assert np.asarray(seen).tolist() == [reference.observe(b, who) for b in boards]


@pytest.mark.parametrize("players", list(PLAYERS))
def test_games_from_their_start(players):
    """Some games of a rollout, played again by the reference with the same draws and acts."""
    games, turns, params = 3, 300, GameParams()
    streams = game_streams(jax.random.key(3), games)
    numbers = jnp.arange(1, turns + 1, dtype=jnp.uint32)

    def draws_of_game(stream):
        return jax.vmap(lambda n: sample_draws(stream, params, turn=n, tiles=PLAY_SCROLL))(numbers)

    draws = jax.device_get(jax.jit(jax.vmap(draws_of_game))(streams))
    states = jax.jit(jax.vmap(lambda stream: new_game(stream, params)))(streams)
    first_flies = np.asarray(states.flies)

    @jax.jit
    def advance(states, number):
        def one(state, stream):
            action = scripted_action(state.actor, stream, number, PLAYERS[players])
            return action, play_action(state, action, stream, number, params)

        return jax.vmap(one)(states, streams)

    boards = [
        reference.Board([False] * 32, cells(int(flies)), [], 0, [15, 16], [20, 20], [0, 0], [4, 5], 0)
        for flies in first_flies
    ]
    assert_same(states, states_of(boards))
    game_draws = [jax.tree.map(lambda a, g=game: a[g], draws) for game in range(games)]
    for number in range(1, turns + 1):
        actions, states = advance(states, jnp.uint32(number))
        boards = [
            reference.play(board, int(actions[game]), chance_of(game_draws[game], number - 1))
            for game, board in enumerate(boards)
        ]
        assert len(chance_of(game_draws[0], 0).obstacle) == PLAY_SCROLL
        if number % 20 == 0:
            assert_same(states, states_of(boards), lambda game, n=number: f"game {game} after turn {n}")
    assert len({tuple(board.ground) for board in boards}) > 1
