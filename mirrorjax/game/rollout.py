"""Players, and many games played side by side: scan over turns, vmap over games."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, UInt32

from mirrorjax.game.state import Actor, Draws, GameParams, GameState, Number, initial_state
from mirrorjax.game.turn import ACTION_WORD, PLACE_BITS, TURN_WORDS, sample_draws, turn
from mirrorjax.randomness import Stream, bernoulli_mask, stream_from_key, substream, uniform, word

Mix = tuple[float, float, float, float]  # probability of each Action
Turn = UInt32[Array, ""]  # a turn's number, from 1; of rounds from 0

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

ROUNDS_AT_ONCE = 8  # whose chance is drawn together, before they are played


def choose(mix: Mix, bits: Turn) -> Number:
    """An action from a mix of acts, by a random word."""
    u = uniform(bits)
    action, cumulative = jnp.int32(0), 0.0
    for probability in mix[:-1]:
        cumulative += probability
        if cumulative < 1:
            action = action + (u >= cumulative).astype(jnp.int32)
    return action


def new_game(stream: Stream, params: GameParams) -> GameState:
    """A game before its first turn."""
    return initial_state(bernoulli_mask(stream, 0, params.fly_probability, PLACE_BITS))  # in the words of turn 0


def scripted_action(who: Actor, stream: Stream, number: Turn, players: Players) -> Number:
    """What the scripted player does in turn `number` (from 1) of the game that `stream` identifies."""
    return choose(players.mix(who), action_word(stream, number))


def action_word(stream: Stream, number: Turn) -> Turn:
    """The word by which a player that leaves it to chance chooses in turn `number`."""
    return word(stream, number * jnp.uint32(TURN_WORDS) + jnp.uint32(ACTION_WORD))


def play_action(state: GameState, action: Number, stream: Stream, number: Turn, params: GameParams) -> GameState:
    """Turn `number` (from 1) of the game that `stream` identifies, with a given action."""
    return turn(state, action, sample_draws(stream, params, turn=number, tiles=params.play_scroll), params)


def rollout(
    state: GameState,
    stream: Stream,
    first_round: Turn,
    rounds: int,
    players: Players,
    params: GameParams,
    snapshot: Callable[[GameState], Any] = lambda state: None,
):
    """Plays one game for `rounds` rounds (Frog's turn, then Toad's) and records each round's start.

    Two turns an iteration, so that the compiled code knows whose turn it is.

    Args:
        state: a game with Frog to act, reached from its start (a turn scrolls at most `params.play_scroll` tiles).
        stream: identifies the game; with the turn's number it gives every draw.
        first_round: number of the first round played here, from 0; a game may be played in pieces.
        rounds: static length.
        players, params: who plays, and the numbers of the game.
        snapshot: what to record (any pytree) of the state at the start of Frog's turn.

    Returns:
        The state afterwards, and the snapshots stacked over rounds.
    """

    def chance(number: Turn) -> list[tuple[Number, Draws]]:
        turns = zip(Actor, chance_of_round(stream, number, params), strict=True)
        return [(choose(players.mix(who), bits), draws) for who, (bits, draws) in turns]

    def one_round(state: GameState, turns: list[tuple[Number, Draws]]):
        seen = snapshot(state)
        for action, draws in turns:
            state = turn(state, action, draws, params)
        return state, seen

    return in_turn(one_round, chance, state, first_round, rounds)


def chance_of_round(stream: Stream, number: Turn, params: GameParams) -> list[tuple[Turn, Draws]]:
    """A round's chance, by its number: of Frog's turn and of Toad's a random word to choose by, and the draws."""

    def of_turn(at: Turn) -> tuple[Turn, Draws]:
        return action_word(stream, at), sample_draws(stream, params, turn=at, tiles=params.play_scroll)

    return [of_turn(2 * number + 1 + who) for who in Actor]


def in_turn(one_round: Callable, chance: Callable[[Turn], Any], state: Any, first_round: Turn | int, rounds: int):
    """Rounds one after the other: `one_round` of (state, a round's `chance`) gives the next state and what is kept.

    The chance of a few rounds is drawn before they are played: in one loop body the compiler would draw it again for
    every field of the state.
    """

    def some_rounds(state: Any, numbers: UInt32[Array, " rounds"]):
        return jax.lax.scan(one_round, state, jax.vmap(chance)(numbers))

    numbers = jnp.asarray(first_round, jnp.uint32) + jnp.arange(rounds, dtype=jnp.uint32)
    state, seen = jax.lax.scan(some_rounds, state, numbers.reshape(-1, math.gcd(rounds, ROUNDS_AT_ONCE)))
    return state, jax.tree.map(lambda x: x.reshape(rounds, *x.shape[2:]), seen)


@partial(jax.jit, static_argnums=1)
def game_streams(key: jax.Array, games: int) -> Stream:
    """The streams of `games` independent games: two words of shape [games]."""
    return jax.vmap(substream, in_axes=(None, 0))(stream_from_key(key), jnp.arange(games, dtype=jnp.uint32))
