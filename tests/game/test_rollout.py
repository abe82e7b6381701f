"""Games played side by side: in pieces or at once, many or few, always the same; and what long play must look like."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game import rules
from mirrorjax.game.observation import mask_cells
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, play_turn, rollout, scripted_action
from mirrorjax.game.state import LETTER, PLAY_SCROLL, Action, Actor, GameParams, GameState
from mirrorjax.game.terrain import camera_shift
from mirrorjax.game.turn import sample_draws, turn
from mirrorjax.randomness import substream
from tests.chance import Z_LIMIT, assert_share

PARAMS = GameParams()


def snapshot(state: GameState):
    """Every field of a state."""
    return state


def games(players: str, count: int, rounds: int):
    """A compiled function of (states, first round), which may be traced once, and the states to begin with."""
    streams = game_streams(jax.random.key(9), count)

    def play(states, first_round):
        def one(state, stream):
            return rollout(state, stream, first_round, rounds, PLAYERS[players], PARAMS, snapshot)

        return jax.vmap(one)(states, streams)

    states = jax.vmap(lambda stream: new_game(stream, PARAMS))(streams)
    chex.clear_trace_counter()  # it counts by the function's name
    return jax.jit(chex.assert_max_traces(play, n=1)), states


def same(a, b) -> bool:
    return all(jax.tree.leaves(jax.tree.map(lambda x, y: np.array_equal(x, y), a, b)))


def test_a_new_game():
    _, states = games("frog_hops", 1000, 1)
    assert (states.frog.column == 15).all() and (states.toad.column == 16).all()
    for player, letter in ((states.frog, 4), (states.toad, 5)):
        assert (player.energy == 20).all() and (player.score == 0).all() and (player.symbol == letter).all()
    assert not states.ground.any() and not states.queue.any() and not states.rate_steps.any()
    assert_share(np.asarray(jax.vmap(mask_cells)(states.flies)), 41 / 4096)  # one placement pass
    assert states.actor == Actor.FROG


@pytest.mark.parametrize("players", list(PLAYERS))
def test_in_pieces_as_at_once(players):
    """And the function of a piece is traced once for all pieces: chex would raise at a second trace."""
    at_once, states = games(players, 8, 60)
    end, seen = at_once(states, jnp.uint32(0))
    piece, states = games(players, 8, 20)
    parts = []
    for first in (0, 20, 40):
        states, part = piece(states, jnp.uint32(first))
        parts.append(part)
    assert same(end, states)
    assert same(seen, jax.tree.map(lambda *p: jnp.concatenate(p, axis=1), *parts))


def test_a_game_does_not_depend_on_how_many_are_played():
    few, states = games("frog_hops", 4, 50)
    _, seen_few = few(states, jnp.uint32(0))
    many, states = games("frog_hops", 64, 50)
    _, seen_many = many(states, jnp.uint32(0))
    assert same(seen_few, jax.tree.map(lambda a: a[:4], seen_many))
    assert len({tuple(row) for row in np.asarray(seen_many.toad.score).tolist()}) > 32  # and they are different games


def test_snapshots_are_taken_before_frogs_turn():
    play, states = games("frog_hops", 2, 3)
    _, seen = play(states, jnp.uint32(0))
    assert same(jax.tree.map(lambda a: a[:, 0], seen), states)
    assert (seen.frog.symbol == LETTER[Actor.FROG]).all()  # reset after Toad's turn
    assert seen.actor == Actor.FROG


def longest_scroll(players: str, count: int, rounds: int) -> tuple[int, set[int]]:
    """The most that the camera moved in any turn, with room for fifteen tiles, and all values of the columns' sum."""

    def one_turn(state: GameState, stream, number):
        action = scripted_action(state, stream, number, PLAYERS[players])
        draws = sample_draws(substream(substream(stream, number), jnp.uint32(0)), PARAMS, tiles=15)
        me, you = state.actor, state.actor.partner
        moved = rules.act(
            state.player(me), state.player(you), action, LETTER[me], draws.helped_leap, state.ground, state.flies
        )
        shift = jnp.where(action == Action.JUMP, 0, camera_shift(moved[0].column, moved[1].column))
        after = turn(state, action, draws, PARAMS)
        truncated = play_turn(state, stream, number, PLAYERS[players], PARAMS)
        agree = jnp.stack(
            [jnp.all(a == b) for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(truncated), strict=True)]
        )
        return after, (shift, after.frog.column + after.toad.column, agree.all())

    def one_game(state, stream):
        def one_round(state, number):
            state, frogs = one_turn(state, stream, 2 * number + 1)
            state, toads = one_turn(state, stream, 2 * number + 2)
            return state, (frogs, toads)

        return jax.lax.scan(one_round, state, jnp.arange(rounds, dtype=jnp.uint32))[1]

    streams = game_streams(jax.random.key(1), count)
    states = jax.vmap(lambda stream: new_game(stream, PARAMS))(streams)
    seen = jax.device_get(jax.jit(jax.vmap(one_game))(states, streams))
    assert all(agree.all() for _, _, agree in seen)  # three tiles give the same game as fifteen
    shifts, sums = (np.concatenate([part[i].ravel() for part in seen]) for i in (0, 1))
    return int(shifts.max()), set(np.unique(sums).tolist())


@pytest.mark.parametrize("players", list(PLAYERS))
def test_play_never_scrolls_more_than_three_tiles(players):
    """A million turns of each. The sum of the columns stays at 31 to 33, and a leap adds 5: three tiles."""
    longest, sums = longest_scroll(players, count=512, rounds=1000)
    assert longest == PLAY_SCROLL
    assert sums <= {31, 32, 33}


# Of the recorded games, ten of each kind after 600 turns, at Frog's turn: mean and its standard error.
RECORDED_FLIES = {"frog_hops": (6.145, 0.040), "both_random": (5.904, 0.036)}
RECORDED_ROUGH_SHARE = {"frog_hops": (0.175, 0.0105), "both_random": (0.1556, 0.0035)}


@pytest.mark.parametrize("players", list(PLAYERS))
def test_long_played_boards_look_as_recorded_ones(players):
    warm, states = games(players, count=128, rounds=1000)
    states, _ = warm(states, jnp.uint32(0))
    play, _ = games(players, count=128, rounds=400)
    seen = play(states, jnp.uint32(1000))[1]

    def cells(masks):
        return np.asarray(jax.vmap(jax.vmap(mask_cells))(masks))

    flies, rough = cells(seen.flies).sum(-1).mean(), cells(seen.ground).mean()
    for value, (expected, error) in ((flies, RECORDED_FLIES[players]), (rough, RECORDED_ROUGH_SHARE[players])):
        assert abs(value - expected) < Z_LIMIT * error
    assert (seen.rate_steps == 15).all()
    assert min(seen.frog.energy.min(), seen.toad.energy.min()) >= -1
    assert max(seen.frog.energy.max(), seen.toad.energy.max()) <= 20
