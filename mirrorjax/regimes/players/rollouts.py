"""What a learner meets in the game between two updates, and what each of its decisions led to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int8, Int32, Shaped

from mirrorjax.game.env import Env, Gain, Reward, gain, paid, play_on
from mirrorjax.game.minds import NOTHING, Memories, Memory, Minds, memoryless, opened
from mirrorjax.game.observation import view
from mirrorjax.game.players import SCRIPTED, Policy
from mirrorjax.game.state import Actor, GameParams, GameState, Number
from mirrorjax.randomness import uniform
from mirrorjax.regimes.players.frozen import FROZEN, frozen
from mirrorjax.regimes.players.ppo import sampled
from mirrorjax.regimes.players.returns import advantages

TRACE = 0.95  # λ
SELF = "self"  # the partner that is the learner itself
Answers = Callable[[Array], Float32[Array, " acts"]]  # of what is seen in one's seat, a logit for each act


@struct.dataclass
class PlayedTurn:
    """A turn as whoever played it learns of it."""

    seen: Shaped[Array, " inputs"]
    action: Int32[Array, ""]
    gain: Gain


@struct.dataclass
class Rollout:
    """Rounds of some games, [time, games] of each decision."""

    frog: PlayedTurn
    toad: PlayedTurn
    truncated: Bool[Array, "time games"]
    last: Shaped[Array, "games inputs"]  # what Frog saw last of the episode that was cut off, where one was
    now: Shaped[Array, "games inputs"]  # what it sees now
    fresh: Bool[Array, "time games"] | None = None  # whether a round was its episode's first: memories began with it
    memories: Memories = NOTHING  # of both [games], before the first of the rounds


@struct.dataclass
class Led:
    """What decisions of a seat led to, [time, games]; see `returns.advantages`."""

    reward: Float32[Array, "time games"]
    next_value: Float32[Array, "time games"]
    carry: Float32[Array, "time games"]
    weight: Float32[Array, "time games"]  # 0 where that is not known


@dataclass(frozen=True)
class GameTable:
    """Where is played: the numbers of the game, who sits there as Toad, and whether the other's energy is seen."""

    params: GameParams
    partner: str  # a name in SCRIPTED, SELF or FROZEN
    sees_energy: bool = False
    member: str = ""  # that a frozen partner is

    def seen(self, state: GameState, who: Actor) -> Int8[Array, " inputs"]:
        """What is seen in a seat: the picture, and behind it the other's energy where it is seen."""
        numbers = view(state, who)
        if self.sees_energy:
            numbers = jnp.concatenate([numbers, state.player(who.partner).energy[None]])
        return numbers.astype(jnp.int8)

    def seen_by_actor(self, state: GameState) -> Int8[Array, " inputs"]:
        """The same, in the seat of the player whose turn it is."""
        return self.seen(state, state.actor)

    def policy(self, answers: Answers, act: Callable[[Array, Array], Number]) -> Policy:
        """Of answers the policy that does `act` of (logits, number in [0, 1))."""
        return lambda state, bits: act(answers(self.seen_by_actor(state)), uniform(bits))

    def players(self, own: Policy, other: Policy | None = None) -> tuple[Policy, Policy]:
        """Frog and Toad; `other` is who learns Toad's seat, if that is another than Frog."""
        if self.partner == FROZEN:
            return own, frozen(self.member)
        return own, (other or own) if self.partner == SELF else SCRIPTED[self.partner]


def played(
    answers: Answers, table: GameTable, games: Env, rounds: int, others: Answers | None = None
) -> tuple[Env, Rollout]:
    """Plays games [games] on, no longer than an episode; acts are drawn by their probability, Toad's of `others`."""
    frog, toad = table.players(*(table.policy(each, sampled) for each in (answers, others) if each))
    minds = memoryless(frog, table.seen_by_actor), memoryless(toad, table.seen_by_actor)
    games, _, rollout = played_on(minds, table.params, games, NOTHING, rounds)
    return games, rollout


def played_on(
    minds: Minds, params: GameParams, games: Env, memories: Memories, rounds: int
) -> tuple[Env, Memories, Rollout]:
    """Two who remember their episode play games [games] on, no longer than an episode.

    Args:
        minds: who plays Frog, and who Toad.
        params: the numbers of the game.
        games: where they are.
        memories: of both [games], from the rollout before; of the first, `minds.begun`.
        rounds: static number.
    """

    def watch(memory: Memory, before: GameState, action: Number, after: GameState) -> PlayedTurn:
        return PlayedTurn(minds[before.actor].sees(memory, before), action, gain(before, action, after))

    def of_game(env: Env, memories: Memories) -> tuple[Env, Memories, tuple]:
        fresh = env.round == 0
        env, memories, done = play_on(env, memories, minds, params, watch)
        return env, memories, (*done.kept, done.truncated, fresh, minds[0].sees(memories[0], done.last))

    def one(carried: tuple[Env, Memories, Array], _: None) -> tuple[tuple[Env, Memories, Array], tuple]:
        games, memories, last = carried
        games, memories, (frog, toad, truncated, fresh, behind) = jax.vmap(of_game)(games, memories)
        return (games, memories, jnp.where(truncated[:, None], behind, last)), (frog, toad, truncated, fresh)

    def now(games: Env, memories: Memories) -> Array:
        def of_game(env: Env, memories: Memories) -> Array:
            return minds[0].sees(opened(minds, memories, env.round == 0, env.stream)[0], env.state)

        return jax.vmap(of_game)(games, memories)

    start = games, memories, now(games, memories)
    (games, then, last), (frog, toad, truncated, fresh) = jax.lax.scan(one, start, None, rounds)
    return games, then, Rollout(frog, toad, truncated, last, now(games, then), fresh, memories)


def unrolled(
    answers: Callable[[Memory, Any], tuple[Any, Memory]], start: Memory, memory: Memory, seen: Any, fresh: Array
) -> Any:
    """What is answered at each of one game's decisions [time], as when it was played: gradients go back through time.

    Args:
        answers: of memory and of what is seen, an answer and the memory then.
        start: the memory at an episode's start.
        memory: before the first decision.
        seen: at each [time, ...].
        fresh: whether an episode began with it [time].
    """

    def one(memory: Memory, at: tuple[Any, Array]) -> tuple[Memory, Any]:
        seen, fresh = at
        answer, memory = answers(jax.tree.map(lambda new, old: jnp.where(fresh, new, old), start, memory), seen)
        return memory, answer

    return jax.lax.scan(one, memory, (seen, fresh))[1]


def frogs(rollout: Rollout, value: Array, last: Array, now: Array, reward: Reward) -> Led:
    """What Frog's decisions led to; values are of those [time, games], and of `last` and `now` of the rollout [games].

    An episode that was cut off is worth what would have come, by what was seen last of it.
    """
    return Led(
        reward=_paid(reward, rollout.frog.gain, rollout.toad.gain, Actor.FROG),
        next_value=next_values(value, rollout.truncated, last, now),
        carry=1.0 - rollout.truncated.astype(jnp.float32),
        weight=jnp.ones_like(value),
    )


def gained(led: Led, value: Float32[Array, "time games"], discount: Float32[Array, ""]) -> Float32[Array, "time games"]:
    """By how much decisions were better than expected, of rewards times 1 − γ; 0 where that is not known."""
    scaled = led.reward * (1 - discount)
    return advantages(scaled, value, led.next_value, led.carry, discount, TRACE) * led.weight


def next_values(
    value: Float32[Array, "time games"], truncated: Bool[Array, "time games"], last: Array, now: Array
) -> Float32[Array, "time games"]:
    """Of what each decision led to: what was seen next, or last of an episode that was cut off; never the next game."""
    return jnp.where(truncated, last[None], jnp.concatenate([value[1:], now[None]]))


def toads(rollout: Rollout, value: Array, reward: Reward) -> Led:
    """The same of Toad's, whose reward waits for Frog's next turn: of the last before a cut, or the end, it is unknown.

    These are left out, and the ones before them go on with their value: a cut at one's own decision.
    """
    unknown = rollout.truncated.at[-1].set(True)
    then = jax.tree.map(lambda gains: jnp.roll(gains, -1, axis=0), rollout.frog.gain)
    known = 1.0 - unknown.astype(jnp.float32)
    return Led(
        reward=_paid(reward, rollout.toad.gain, then, Actor.TOAD),
        next_value=jnp.roll(value, -1, axis=0),
        carry=jnp.roll(known, -1, axis=0),
        weight=known,
    )


def _paid(reward: Reward, own: Gain, then: Gain, seat: Actor) -> Float32[Array, "time games"]:
    return jax.vmap(jax.vmap(lambda own, then: paid(reward, own, then, seat)))(own, then)
