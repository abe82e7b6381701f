"""Players, and many games played side by side: scan over turns, vmap over games."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Int32, UInt32

from mirrorjax.game.state import PLAY_SCROLL, Actor, GameParams, GameState, initial_state
from mirrorjax.game.turn import PLACE_BITS, sample_draws, turn
from mirrorjax.randomness import Stream, bernoulli_mask, stream_from_key, substream, uniform, word

Mix = tuple[float, float, float, float]  # probability of each Action

ALWAYS_HOP: Mix = (1.0, 0.0, 0.0, 0.0)
RANDOM: Mix = (0.5, 0.25, 0.125, 0.125)  # the public script's random player


@struct.dataclass
class Players:
    """How each seat chooses: independent draws from a fixed mix of acts."""

    frog: Mix
    toad: Mix

    def mix(self, who: Actor) -> Mix:
        return self.frog if who == Actor.FROG else self.toad


PLAYERS = {
    "frog_hops": Players(frog=ALWAYS_HOP, toad=RANDOM),  # the published data: Frog's constant hop
    "both_random": Players(frog=RANDOM, toad=RANDOM),  # the paper's text
}

_DRAWS, _ACTION = 0, 1  # substreams of a turn


def choose(mix: Mix, stream: Stream) -> Int32[Array, ""]:
    """An action drawn from a mix of acts."""
    u = uniform(word(stream, jnp.uint32(0)))
    action, cumulative = jnp.int32(0), 0.0
    for probability in mix[:-1]:
        cumulative = cumulative + probability
        action = action + (u >= cumulative).astype(jnp.int32)
    return action


def new_game(stream: Stream, params: GameParams) -> GameState:
    """A game before its first turn."""
    return initial_state(bernoulli_mask(substream(stream, jnp.uint32(0)), 0, params.fly_probability, PLACE_BITS))


def scripted_action(state: GameState, stream: Stream, number: UInt32[Array, ""], players: Players) -> Int32[Array, ""]:
    """What the scripted player does in turn `number` (from 1) of the game that `stream` identifies."""
    return choose(players.mix(state.actor), substream(substream(stream, number), jnp.uint32(_ACTION)))


def play_action(
    state: GameState, action: Int32[Array, ""], stream: Stream, number: UInt32[Array, ""], params: GameParams
) -> GameState:
    """Turn `number` (from 1) of the game that `stream` identifies, with a given action."""
    draws = sample_draws(substream(substream(stream, number), jnp.uint32(_DRAWS)), params, tiles=PLAY_SCROLL)
    return turn(state, action, draws, params)


def play_turn(
    state: GameState, stream: Stream, number: UInt32[Array, ""], players: Players, params: GameParams
) -> GameState:
    """Turn `number` (from 1) of the game that `stream` identifies, by its scripted player."""
    return play_action(state, scripted_action(state, stream, number, players), stream, number, params)


def rollout(
    state: GameState,
    stream: Stream,
    first_round: UInt32[Array, ""],
    rounds: int,
    players: Players,
    params: GameParams,
    snapshot: Callable[[GameState], Any] = lambda state: None,
):
    """Plays one game for `rounds` rounds (Frog's turn, then Toad's) and records each round's start.

    Two turns an iteration, so that the compiled code knows whose turn it is.

    Args:
        state: a game with Frog to act, reached from its start (it may scroll at most PLAY_SCROLL tiles a turn).
        stream: identifies the game; with the turn's number it gives every draw.
        first_round: number of the first round played here, from 0; a game may be played in pieces.
        rounds: static length.
        players, params: who plays, and the numbers of the game.
        snapshot: what to record (any pytree) of the state at the start of Frog's turn.

    Returns:
        The state afterwards, and the snapshots stacked over rounds.
    """

    def one_round(state: GameState, number: UInt32[Array, ""]):
        seen = snapshot(state)
        state = play_turn(state, stream, 2 * number + 1, players, params)
        state = play_turn(state, stream, 2 * number + 2, players, params)
        return state, seen

    numbers = jnp.asarray(first_round, jnp.uint32) + jnp.arange(rounds, dtype=jnp.uint32)
    return jax.lax.scan(one_round, state, numbers)


def game_streams(key: jax.Array, games: int) -> Stream:
    """The streams of `games` independent games: two words of shape [games]."""
    first, second = stream_from_key(key)
    return jax.vmap(substream, in_axes=(None, 0))((first, second), jnp.arange(games, dtype=jnp.uint32))
