"""The game to learn in: rounds as steps, rewards of either seat, and episodes that are cut off, one after the other.

Pure functions of one game; `vmap` batches them. `play` is a round of two policies, for learners that play one seat or
both; `Environment` is one player's, as reset and step, for a learner of one's own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.minds import NOTHING, Kept, Memories, Minds, memoryless, opened, round_of
from mirrorjax.game.observation import view
from mirrorjax.game.players import SCRIPTED, Policy, Watch, tally
from mirrorjax.game.rollout import Turn, action_word, chance_of_round, new_game
from mirrorjax.game.state import MAX_ENERGY, Actor, GameParams, GameState, Number
from mirrorjax.game.turn import sample_draws, turn
from mirrorjax.randomness import Stream, substream

EPISODE = 512  # rounds: what not helping costs shows after a hundred or more
_NEXT = 1  # of an episode's substreams, that of the one after it

View = Int32[Array, "100"]


@struct.dataclass
class Env:
    """A game, somewhere in an episode."""

    state: GameState
    stream: Stream  # of the episode: with a turn's number it gives every draw
    round: Turn  # of the episode, from 0: what is played next


@struct.dataclass
class Gain:
    """What a turn left both players with, Frog's first."""

    score: Int32[Array, "2"]  # points made in the turn
    energy: Int32[Array, "2"]  # afterwards


@struct.dataclass
class Reward:
    """What a decision is paid by, see `paid`; by default one's own points."""

    sharing: float | Float32[Array, ""] = 0.0  # D: 1 is one reward for both
    score: float | Float32[Array, ""] = 1.0  # weight of points
    drive: float | Float32[Array, ""] = 0.0  # weight of hunger
    empathy: float | Float32[Array, ""] = 0.0  # w: of the other's hunger, beside one's own


@struct.dataclass
class PlayedRound:
    """A round that was played."""

    kept: tuple[Any, Any]  # of Frog's turn and of Toad's
    truncated: Bool[Array, ""]  # whether it was the episode's last
    last: GameState  # behind it, before another game begins: what the rest of a cut episode is valued by


def begin(stream: Stream, params: GameParams) -> Env:
    """The first episode of a stream."""
    return Env(new_game(stream, params), stream, jnp.uint32(0))


def staggered(streams: Stream, params: GameParams, episode: int = EPISODE) -> Env:
    """Games [games] whose first episodes are cut off one after the other, not all at once."""
    games = len(streams[0])
    envs = jax.vmap(lambda stream: begin(stream, params))(streams)
    return replace(envs, round=jnp.arange(games, dtype=jnp.uint32) * jnp.uint32(episode) // jnp.uint32(games))


def play(
    env: Env, policies: tuple[Policy, Policy], params: GameParams, watch: Watch = tally, episode: int = EPISODE
) -> tuple[Env, PlayedRound]:
    """Frog's turn, then Toad's; behind the last round of an episode another game begins.

    Args:
        env: with Frog to act.
        policies: who plays Frog, and who Toad.
        params: the numbers of the game.
        watch: what is kept of each turn.
        episode: rounds. It is cut off, never over: nobody loses, so that what would come is worth as much as ever.
    """
    minds = memoryless(policies[0]), memoryless(policies[1])
    env, _, done = play_on(env, NOTHING, minds, params, lambda _, *turn: watch(*turn), episode)
    return env, done


def play_on(
    env: Env, memories: Memories, minds: Minds, params: GameParams, keep: Kept, episode: int = EPISODE
) -> tuple[Env, Memories, PlayedRound]:
    """The same of two who remember their episode; behind its last round memories are still of it (`minds.opened`)."""
    chance = jax.lax.optimization_barrier(chance_of_round(env.stream, env.round, params))  # drawn once, not by field
    memories = opened(minds, memories, env.round == 0, env.stream)
    state, memories, kept = round_of(env.state, memories, chance, minds, params, keep)
    done = PlayedRound(kept, env.round + 1 >= episode, state)
    return _next(env, state, begin, params, episode), memories, done


def gain(before: GameState, action: Number, after: GameState) -> Gain:
    """What a turn left both with."""
    both, then = ((each.frog, each.toad) for each in (before, after))
    made = [new.score - old.score for old, new in zip(both, then, strict=True)]
    return Gain(jnp.stack(made), jnp.stack([each.energy for each in then]))


def drive(energy: Number) -> Float32[Array, ""]:
    """Hunger: what is lacking, squared; 1 without energy (after Yoshida & Man 2024, arXiv 2412.12103)."""
    lacking = (MAX_ENERGY - jnp.minimum(energy, MAX_ENERGY)).astype(jnp.float32) / MAX_ENERGY
    return lacking**2


def paid(reward: Reward, own: Gain, then: Gain, seat: Actor) -> Float32[Array, ""]:
    """What a seat's decision is paid: for its own turn and the other's turn behind it, up to its next decision.

    Points: (1 − D/2)·own + (D/2)·the other's. Hunger is a level, −[drive(own) + w·drive(the other's)] behind both
    turns: where nobody dies its falls telescope, and say the same up to a constant.
    """
    made, left = (own.score + then.score).astype(jnp.float32), then.energy
    points = (1 - reward.sharing / 2) * made[seat] + reward.sharing / 2 * made[seat.partner]
    hunger = drive(left[seat]) + reward.empathy * drive(left[seat.partner])
    return jnp.asarray(reward.score * points - reward.drive * hunger, jnp.float32)


@struct.dataclass
class Stepped:
    """What a step gave."""

    view: View  # at the next decision
    reward: Float32[Array, ""]
    truncated: Bool[Array, ""]  # whether an episode was cut off, and `view` is another game's
    last_view: View  # the same as `view`, but of the episode that was cut off
    gain: Gain  # points of both in the step, and their true energies behind it


@dataclass(frozen=True)
class Environment:
    """One player's game beside a scripted partner, as reset and step; all of it can be compiled and batched.

    A step is the player's own turn and the partner's behind it. Where the player is Toad, Frog opens each episode.

    Attributes:
        partner: a name in `players.SCRIPTED`, or a policy.
        seat: the player's.
        params: the numbers of the game.
        reward: what is paid.
        episode: steps, after which another game begins by itself.
    """

    partner: str | Policy = "random"
    seat: Actor = Actor.FROG
    params: GameParams = field(default_factory=GameParams)
    reward: Reward = field(default_factory=Reward)
    episode: int = EPISODE

    def reset(self, stream: Stream) -> tuple[Env, View]:
        """The first episode of a stream (`randomness.stream_from_key`, `rollout.game_streams`), and what is seen."""
        env = self._begin(stream, self.params)
        return env, view(env.state, self.seat)

    def step(self, env: Env, action: Number) -> tuple[Env, Stepped]:
        """Does an act, an `Action`; the partner answers."""
        own_turn = 2 * env.round + 1 + self.seat
        before, gains = env.state, []
        for policy, at in ((lambda state, bits: jnp.int32(action), own_turn), (self._answers, own_turn + 1)):
            after, gained = self._turn(before, policy, env.stream, at)
            gains.append(gained)
            before = after
        then = _next(env, before, self._begin, self.params, self.episode)
        both = Gain(gains[0].score + gains[1].score, gains[1].energy)
        return then, Stepped(
            view=view(then.state, self.seat),
            reward=paid(self.reward, gains[0], gains[1], self.seat),
            truncated=env.round + 1 >= self.episode,
            last_view=view(before, self.seat),
            gain=both,
        )

    def _begin(self, stream: Stream, params: GameParams) -> Env:
        env = begin(stream, params)
        if self.seat == Actor.FROG:
            return env
        state, _ = self._turn(env.state, self._answers, stream, jnp.uint32(1))
        return replace(env, state=state)

    def _turn(self, state: GameState, policy: Policy, stream: Stream, at: Turn) -> tuple[GameState, Gain]:
        draws = sample_draws(stream, self.params, turn=at, tiles=self.params.play_scroll)
        action = policy(state, action_word(stream, at))
        after = turn(state, action, jax.lax.optimization_barrier(draws), self.params)
        return after, gain(state, action, after)

    @property
    def _answers(self) -> Policy:
        return SCRIPTED[self.partner] if isinstance(self.partner, str) else self.partner


def _next(env: Env, state: GameState, begun: Callable[..., Env], params: GameParams, episode: int) -> Env:
    """Behind a round: the same game goes on, or another one begins, in a stream that follows from this one's."""
    cut = env.round + 1 >= episode
    going, other = Env(state, env.stream, env.round + 1), begun(substream(env.stream, jnp.uint32(_NEXT)), params)
    return jax.tree.map(lambda new, old: jnp.where(cut, new, old), other, going)
