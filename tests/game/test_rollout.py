"""Games played side by side: in pieces or at once, many or few, always the same; and what long play must look like."""

from functools import cache

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game import rules
from mirrorjax.game.observation import mask_cells
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, rollout, scripted_action
from mirrorjax.game.state import LETTER, PLAY_SCROLL, Action, Actor, GameParams, GameState
from mirrorjax.game.terrain import camera_shift
from mirrorjax.game.turn import sample_draws, turn
from tests.chance import Z_LIMIT, assert_share

PARAMS = GameParams()


def snapshot(state: GameState):
    """Every field of a state."""
    return state


@cache
def games(players: str, count: int, rounds: int):
    """A compiled function of (states, first round), which may be traced once, and the states to begin with.

    Call it before asking for another: chex counts traces by the function's name, from the last clearing.
    """
    streams = game_streams(jax.random.key(9), count)

    def play(states, first_round):
        def one(state, stream):
            return rollout(state, stream, first_round, rounds, PLAYERS[players], PARAMS, snapshot)

        return jax.vmap(one)(states, streams)

    states = jax.jit(jax.vmap(lambda stream: new_game(stream, PARAMS)))(streams)
    chex.clear_trace_counter()
    return jax.jit(chex.assert_max_traces(play, n=1)), states


def same(a, b) -> bool:
    return all(jax.tree.leaves(jax.tree.map(lambda x, y: np.array_equal(x, y), a, b)))


def test_a_new_game():
    _, states = games("frog_hops", 1000, 1)
    assert (states.frog.column == 15).all() and (states.toad.column == 16).all()
    for player, letter in ((states.frog, 4), (states.toad, 5)):
        assert (player.energy == 20).all() and (player.score == 0).all() and (player.symbol == letter).all()
    assert not states.ground.any() and not states.queue.any() and not states.rate_steps.any()
    assert_share(np.asarray(jax.jit(jax.vmap(mask_cells))(states.flies)), 41 / 4096)  # one placement pass
    assert states.actor == Actor.FROG


@pytest.mark.slow
def test_in_pieces_or_at_once_and_however_many_are_played():
    """Eight games at once, and the same eight of 64 in three pieces.

    The function of a piece is traced once for all pieces: chex would raise at a second trace.
    """
    at_once, states = games("both_random", 8, 60)
    end, seen = at_once(states, jnp.uint32(0))
    piece, states = games("both_random", 64, 20)
    parts = []
    for first in (0, 20, 40):
        states, part = piece(states, jnp.uint32(first))
        parts.append(part)
    together = jax.tree.map(lambda *p: np.concatenate(p, axis=1), *parts)
    assert same(end, jax.tree.map(lambda a: a[:8], states))
    assert same(seen, jax.tree.map(lambda a: a[:8], together))
    assert len({tuple(row) for row in together.toad.score.tolist()}) > 32  # and they are different games


def test_snapshots_are_taken_before_frogs_turn():
    play, states = games("both_random", 8, 60)
    _, seen = play(states, jnp.uint32(0))
    assert same(jax.tree.map(lambda a: a[:, 0], seen), states)
    assert (seen.frog.symbol == LETTER[Actor.FROG]).all()  # reset after Toad's turn
    assert seen.actor == Actor.FROG


def scrolls(players: str, count: int, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """By how much the camera moved in every turn of games from their start, and the sum of the columns after it."""

    def one_turn(state: GameState, stream, number):
        action = scripted_action(state.actor, stream, number, PLAYERS[players])
        draws = sample_draws(stream, PARAMS, turn=number, tiles=PLAY_SCROLL)
        me, you = state.actor, state.actor.partner
        moved = rules.act(
            state.player(me), state.player(you), action, LETTER[me], draws.helped_leap, state.ground, state.flies
        )
        shift = jnp.where(action == Action.JUMP, 0, camera_shift(moved[0].column, moved[1].column))
        after = turn(state, action, draws, PARAMS)
        return after, (shift, after.frog.column + after.toad.column)

    def one_game(state, stream):
        def one_round(state, number):
            state, frogs = one_turn(state, stream, 2 * number + 1)
            state, toads = one_turn(state, stream, 2 * number + 2)
            return state, (frogs, toads)

        return jax.lax.scan(one_round, state, jnp.arange(rounds, dtype=jnp.uint32))[1]

    streams = game_streams(jax.random.key(1), count)
    states = jax.jit(jax.vmap(lambda stream: new_game(stream, PARAMS)))(streams)
    frogs, toads = jax.device_get(jax.jit(jax.vmap(one_game))(states, streams))
    return np.stack([frogs[0], toads[0]]), np.stack([frogs[1], toads[1]])


@pytest.mark.parametrize("players", list(PLAYERS))
def test_play_never_scrolls_more_than_three_tiles(players):
    """Two million turns of each. The sum of the columns stays at 31 to 33, and a leap adds 5: three tiles."""
    shifts, sums = scrolls(players, count=1024, rounds=1000)
    assert shifts.size == 2_048_000
    assert shifts.max() == PLAY_SCROLL
    assert set(np.unique(sums)) <= {31, 32, 33}


# Of the recorded games, ten of each kind after 600 turns, at Frog's turn: mean and its standard error.
RECORDED_FLIES = {"frog_hops": (6.145, 0.040), "both_random": (5.904, 0.036)}
RECORDED_ROUGH_SHARE = {"frog_hops": (0.175, 0.0105), "both_random": (0.1556, 0.0035)}


@pytest.mark.parametrize("players", list(PLAYERS))
@pytest.mark.slow
def test_long_played_boards_look_as_recorded_ones(players):
    play, states = games(players, count=256, rounds=400)
    for first in (0, 400, 800):
        states, seen = play(states, jnp.uint32(first))  # the last 400 rounds are looked at

    def cells(masks):
        return np.asarray(jax.jit(jax.vmap(jax.vmap(mask_cells)))(masks))

    flies, rough = cells(seen.flies).sum(-1).mean(), cells(seen.ground).mean()
    for value, (expected, error) in ((flies, RECORDED_FLIES[players]), (rough, RECORDED_ROUGH_SHARE[players])):
        assert abs(value - expected) < Z_LIMIT * error
    assert (seen.rate_steps == 15).all()
    assert min(seen.frog.energy.min(), seen.toad.energy.min()) >= -1
    assert max(seen.frog.energy.max(), seen.toad.energy.max()) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("dependency", [0.0, 0.3])
def test_a_camera_that_follows_frog_more(dependency):
    """At D = 0 Frog is always at the centre; in between no turn scrolls more tiles than are drawn for it."""
    params = GameParams(scroll=dependency)
    streams = game_streams(jax.random.key(3), 64)
    states = jax.jit(jax.vmap(lambda stream: new_game(stream, params)))(streams)

    def moved(state: GameState):
        return state.frog.column, state.toad.column

    _, (frog, toad) = jax.jit(
        jax.vmap(lambda state, stream: rollout(state, stream, jnp.uint32(0), 256, PLAYERS["frog_hops"], params, moved))
    )(states, streams)
    frog, toad = np.asarray(frog)[:, 1:], np.asarray(toad)[:, 1:]
    inside = (toad > 0) & (toad < 31) & (frog > 0) & (frog < 31)
    anchor = np.floor((1 - dependency / 2) * frog + dependency / 2 * toad)
    assert (anchor[inside] == 16).mean() > 0.99  # but after a turn that did not scroll
    if dependency == 0:
        assert (frog[inside] == 16).mean() > 0.99
    assert params.play_scroll == 5


def test_at_the_papers_dependency_the_camera_keeps_to_the_midpoint():
    frog, toad = (jnp.asarray(each.ravel(), jnp.int32) for each in np.meshgrid(np.arange(40), np.arange(40)))
    exact = np.asarray(camera_shift(frog, toad))
    assert np.array_equal(exact, np.asarray(camera_shift(frog, toad, 1.0)))
    assert np.array_equal(exact, np.floor((np.asarray(frog) + np.asarray(toad)) / 2) - 16)
    nearly = np.asarray(camera_shift(frog, toad, 1 - 1e-6))
    assert np.abs(nearly - exact).max() <= 1
