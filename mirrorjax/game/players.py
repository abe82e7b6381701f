"""Players as functions of a game's state, and games that two of them play, with what is counted of either."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.minds import NOTHING, memoryless, round_of
from mirrorjax.game.observation import shown, view
from mirrorjax.game.rollout import RANDOM, Mix, Turn, chance_of_round, choose, in_turn, new_game
from mirrorjax.game.rule import EDGE_COLUMN, Situation, label
from mirrorjax.game.state import (
    FLY_ENERGY,
    MAX_ENERGY,
    WIDTH,
    Action,
    Draws,
    GameParams,
    GameState,
    Number,
    Symbol,
    bit,
)
from mirrorjax.randomness import Stream

UNIFORM: Mix = (0.25, 0.25, 0.25, 0.25)
# What the player whose turn it is does, of the state and of a random word for players that leave it to chance.
Policy = Callable[[GameState, Turn], Number]


def situation(state: GameState) -> Situation:
    """What the rule of the right answer looks at, in the seat of the player whose turn it is; the energy is true."""
    own, partner = state.player(state.actor), state.player(state.actor.partner)
    symbol, other = shown(own, state.ground), shown(partner, state.ground)
    return Situation(
        energy=own.energy,
        column=own.column,
        frog_distress=symbol == int(Symbol.DISTRESS),
        toad_distress=other == int(Symbol.DISTRESS),
        next_rough=bit(state.ground, jnp.minimum(own.column + 1, WIDTH - 1)),
        shows_frog=symbol != int(Symbol.DISTRESS),
        shows_toad=other != int(Symbol.DISTRESS),
    )


def mixed(mix: Mix) -> Policy:
    """Draws each act from a fixed mix."""
    return lambda state, bits: choose(mix, bits)


def expert(edge: bool = True, rescue: bool = True) -> Policy:
    """Follows the rule of the right answer; it may look away from one kind of help or from both."""

    def policy(state: GameState, bits: Turn) -> Number:
        seen = situation(state)
        return label(replace(seen, toad_distress=seen.toad_distress & rescue), edge=jnp.bool_(edge))

    return policy


def greedy(helps: bool = True) -> Policy:
    """Hops, eats flies in passing, helps at the last column or never, and never leaps."""

    def policy(state: GameState, bits: Turn) -> Number:
        own = state.player(state.actor)
        hungry = bit(state.flies, own.column) & (own.energy <= MAX_ENERGY - FLY_ENERGY)
        helping = (own.column == EDGE_COLUMN) & helps
        going = jnp.where(helping, jnp.int32(Action.HELP), jnp.int32(Action.HOP))
        return jnp.where((own.energy <= 0) | hungry, jnp.int32(Action.JUMP), going)

    return policy


SCRIPTED: dict[str, Policy] = {
    "hop": lambda state, bits: jnp.int32(Action.HOP),
    "uniform": mixed(UNIFORM),
    "random": mixed(RANDOM),
    "expert": expert(),
    "expert_no_help": expert(edge=False, rescue=False),
    "expert_edge_only": expert(rescue=False),
    "expert_rescue_only": expert(edge=False),
    "greedy": greedy(),
    "greedy_no_help": greedy(helps=False),
}


def looking(answer: Callable[[Int32[Array, "100"]], Float32[Array, "4"]]) -> Policy:
    """Does what it answers most of what is seen in its seat (see `observation.view`)."""

    def policy(state: GameState, bits: Turn) -> Number:
        return jnp.argmax(answer(view(state, state.actor))).astype(jnp.int32)

    return policy


def one_of(policies: tuple[Policy, ...], which: Number) -> Policy:
    """One of several by its number, which may differ from game to game of a batch."""

    def policy(state: GameState, bits: Turn) -> Number:
        return jnp.stack([each(state, bits) for each in policies])[which]

    return policy


@struct.dataclass
class Tally:
    """What is counted of one player over its turns: of one turn 0 or 1 each."""

    score: Number  # points that it made
    helps: Number
    gifts: Number  # helps that gave energy
    starved: Number  # had no energy
    stalled: Number  # stood at the last column
    partner_starved: Number  # of the other
    helps_starved: Number  # helps of a starved partner
    stalled_starved: Number  # stood there beside a starved partner
    helps_stalled: Number  # helps at the last column


def tally(before: GameState, action: Number, after: GameState) -> Tally:
    """What is counted of a turn, for the player whose turn it was."""
    who = before.actor
    own, partner, then = before.player(who), before.player(who.partner), after.player(who)
    helps, starved, stalled = action == Action.HELP, partner.energy <= 0, own.column == EDGE_COLUMN
    flags = {
        "helps": helps,
        "gifts": helps & (then.energy < own.energy),
        "starved": own.energy <= 0,
        "stalled": stalled,
        "partner_starved": starved,
        "helps_starved": helps & starved,
        "stalled_starved": stalled & starved,
        "helps_stalled": helps & stalled,
    }
    return Tally(score=then.score - own.score, **{name: flag.astype(jnp.int32) for name, flag in flags.items()})


Chance = list[tuple[Turn, Draws]]  # of a round (`rollout.chance_of_round`)
Watch = Callable[[GameState, Number, GameState], Any]  # what is kept of a turn: state, act, state afterwards
Round = Callable[[GameState, Chance], tuple[GameState, tuple[Tally, Tally]]]


def play_round(
    state: GameState,
    chance: Chance,
    policies: tuple[Policy, Policy],
    params: GameParams,
    watch: Watch = tally,
) -> tuple[GameState, tuple[Any, Any]]:
    """Frog's turn, then Toad's, of one game.

    Args:
        state: with Frog to act.
        chance: of both turns.
        policies: who plays Frog, and who Toad.
        params: the numbers of the game.
        watch: what is kept of each turn.

    Returns:
        The state afterwards, and what was kept of Frog's turn and of Toad's.
    """
    frog, toad = policies
    minds = memoryless(frog), memoryless(toad)
    state, _, kept = round_of(state, NOTHING, chance, minds, params, lambda _, *turn: watch(*turn))
    return state, kept


def play_games(
    streams: Stream, rounds: int, one_round: Round, params: GameParams, lead: tuple[int, ...] = ()
) -> tuple[Tally, Tally]:
    """Games side by side, each from its start; what is counted of Frog and of Toad in each [*lead, games].

    Args:
        streams: of each game [games]; with the turn's number they give every draw.
        rounds: static number.
        one_round: plays a round of all games: `play_round`, batched as its players need it. States are
            [*lead, games], chance is [games]: whoever plays a game meets the same draws.
        params: the numbers of the game.
        lead: how often each game is played, by different players.
    """

    def side_by_side(carried: tuple[GameState, tuple[Tally, Tally]], chance: Chance):
        state, counts = carried
        state, kept = one_round(state, chance)
        return (state, jax.tree.map(jnp.add, counts, kept)), None

    def chance(number: Turn) -> Chance:
        return jax.vmap(lambda stream: chance_of_round(stream, number, params))(streams)

    nothing = Tally(**{each.name: jnp.zeros_like(streams[0], jnp.int32) for each in fields(Tally)})
    start = jax.vmap(lambda stream: new_game(stream, params))(streams), (nothing, nothing)
    start = jax.tree.map(lambda x: jnp.broadcast_to(x, (*lead, *x.shape)), start)
    (_, counts), _ = in_turn(side_by_side, chance, start, 0, rounds)
    return counts
