"""Cooperative inverse reinforcement learning, learnt: Frog is paid by what Toad is after, and may not know it.

The game, Toad and what both get are those of `cirl.py`: Toad wants to get on or to have energy, with equal chance an
episode, and acts by what its next turn brings of that, noisily (β). Frog learns as in `reinforcement`. One further
input is all that it knows of the goal: the exact belief, its memory of the episode; one half always; or the truth.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32

from mirrorjax.game.env import Env
from mirrorjax.game.goals import GOALS, drawn, log_policies
from mirrorjax.game.minds import Memories, Memory, Mind, begun, round_of
from mirrorjax.game.players import Chance
from mirrorjax.game.rollout import Turn, chance_of_round, game_streams, new_game
from mirrorjax.game.rollout import in_turn as rounds_in_turn
from mirrorjax.game.state import MAX_ENERGY, GameState, Number
from mirrorjax.models.base import Edit, Params, Shown, in_turn, keep, padding
from mirrorjax.models.encoding import encoded
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream, uniform, word
from mirrorjax.regimes.base import HeldOut, Step
from mirrorjax.regimes.players.actor_critic import UNKNOWN_ENERGY
from mirrorjax.regimes.players.inputs import input_scale
from mirrorjax.regimes.players.ppo import improved, sampled
from mirrorjax.regimes.players.reinforcement import Agent, Reinforcement
from mirrorjax.regimes.players.rollouts import Answers, Led, Rollout, played_on
from mirrorjax.regimes.simulations.cirl import KEPT, LATE, POLICIES, PRIOR, common, helps, prior
from mirrorjax.regimes.simulations.inverse import regret, told, untold, value_of_information

GAMES, ROUNDS = 48, 512  # of each Frog and goal, fresh ones
LEARNER = len(POLICIES)  # number of the Frog that draws its acts; the one behind it does its best ones
_SEED = 2**32 - 4  # of nobody's games
_GOAL = 46  # word of an episode's stream that Toad's goal is drawn by; turns use none of it
_SURE = 30.0  # log-odds of one who was told

Scores = dict[str, Float32[Array, ""]]


@struct.dataclass
class Watcher(Agent):
    """One member, and what both players know of the games that they are in."""

    memories: Memories = ((), ())  # Frog's log-odds of progress against energy [games], and Toad's goal


@dataclass(frozen=True)
class CirlLearner(Reinforcement):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "cirl_learner"
    settings: ClassVar[tuple[str, ...]] = (
        *("learning_rate", "rationality", "knows", "partner_energy", "discount", "entropy_bonus", "anneal"),
        *("parallel_games", "horizon", "update_epochs", "minibatches"),
        *("obstacle_rate", "obstacle_width", "scroll", "fly_probability", "help_leap_probability"),
    )

    knows: str = "belief"

    def __str__(self) -> str:
        return f"{self.network} that knows of the goal: {self.knows}"

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members.

        Raises:
            InputError: there are more minibatches than decisions.
        """
        return replace(super().of(replace(network, inputs=network.inputs + 1), program), knows=program.knows)

    def init(self, values: MemberValues) -> Watcher:
        """A member that has not played."""
        born = super().init(values)
        minds = self._frog(values, lambda seen: jnp.zeros(4)), self._toad(values)
        memories = jax.vmap(lambda stream: begun(minds, stream))(born.games.stream)
        return Watcher(born.learner, born.games, born.told, born.updates, memories=memories)

    def update(
        self, state: Watcher, values: MemberValues, step: Step, drawn: tuple, train: tuple
    ) -> tuple[Watcher, Bool[Array, ""]]:
        """Plays on, and learns from it."""
        games, memories, rollout = self._played(state, values)
        evaluate, decisions = partial(self._evaluate, values), self.decisions(state.params, values, rollout)
        order, rates = self._order(values, step), (self._rate(values, step), values.entropy_bonus)
        learner, told = improved(evaluate, state.learner, decisions, self.passes_of, order, *rates)
        return Watcher(learner, games, told, state.updates + 1, memories=memories), jnp.isfinite(told.entropy)

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """The network over a batch of pictures, which tell nothing of the goal, nor of Toad's energy."""
        inputs = encoded(pictures, self.encoding)
        unknown = [jnp.full_like(inputs[:1], PRIOR)]
        if self.table.sees_energy:
            unknown.insert(0, jnp.full_like(inputs[:1], UNKNOWN_ENERGY))
        return self.network.run(params, jnp.concatenate([inputs, *unknown]), in_turn(padding(values.width), edit))

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> Scores:
        """What it is worth beside scripted Frogs, by what Toad is after; nulls, told of no rows, play none."""

        def answers(seen: Array) -> Float32[Array, "4"]:
            return self._run(params, values, self._as_told(seen[None, :]))[:, 0]

        def measured() -> Scores:
            return worth(*self._watched(values, answers))

        unknown = jax.tree.map(lambda each: jnp.full(each.shape, jnp.nan), jax.eval_shape(measured))
        return jax.lax.cond(held.pieces > 0, measured, lambda: unknown)

    @property
    def _scale(self) -> np.ndarray:
        return np.append(input_scale(self.encoding, int(self.table.sees_energy)), np.float32(1))

    def _played(self, state: Watcher, values: MemberValues) -> tuple[Env, Memories, Rollout]:
        actor = state.params["actor"]
        minds = self._frog(values, lambda seen: self._logits(actor, values, seen)), self._toad(values)
        return played_on(minds, self.table.params, state.games, state.memories, self.horizon)

    def _led(self, values: MemberValues, rollout: Rollout, value: Array, last: Array, now: Array) -> Led:
        """Frog's decisions are paid by what both get in the round: its points, and what Toad is after."""
        made = (rollout.frog.gain.score + rollout.toad.gain.score).astype(jnp.float32)
        energy = jnp.maximum(rollout.toad.gain.energy[..., 1], 0).astype(jnp.float32) / MAX_ENERGY
        after = jnp.where(rollout.toad.seen == GOALS.index("progress"), made[..., 1], energy)
        return replace(super()._led(values, rollout, value, last, now), reward=made[..., 0] + after)

    def _frog(self, values: MemberValues, answers: Answers) -> Mind:
        """Who learns: its memory are log-odds, its acts are drawn."""

        def watches(log_odds: Memory, state: GameState, action: Number) -> Memory:
            if self.knows != "belief":
                return log_odds
            return log_odds + _evidence(state, values, action)

        return Mind(
            start=lambda stream: self._at_start(goal_of(stream)),
            acts=lambda memory, state, bits: (sampled(answers(self._seen(memory, state)), uniform(bits)), memory),
            watches=watches,
            sees=self._seen,
        )

    def _toad(self, values: MemberValues) -> Mind:
        """Who is after something, which is its memory."""

        def acts(goal: Memory, state: GameState, bits: Turn) -> tuple[Number, Memory]:
            act = drawn(log_policies(state, values.rationality)[goal], bits)
            return jax.lax.optimization_barrier(act), goal  # else it is worked out anew for each field of the state

        return Mind(start=goal_of, acts=acts, sees=lambda goal, state: goal)

    def _at_start(self, goal: Number) -> Float32[Array, ""]:
        """Log-odds of progress at an episode's start."""
        sure = jnp.where(goal == GOALS.index("progress"), jnp.float32(_SURE), -jnp.float32(_SURE))
        return sure if self.knows == "told" else jnp.zeros_like(sure)

    def _seen(self, log_odds: Memory, state: GameState) -> Float32[Array, " inputs"]:
        """The picture, Toad's energy where it is seen, and the belief that Toad wants to get on."""
        return jnp.append(self.table.seen_by_actor(state).astype(jnp.float32), jax.nn.sigmoid(log_odds))

    def _watched(self, values: MemberValues, answers: Answers) -> tuple[Scores, Array, Array]:
        """Games of each Frog and goal, from their start: KEPT, a mean a round [frogs, goals].

        Beside it, of all rounds and of late ones, those in which a giver and a greedy Frog differ [2, frogs, goals],
        and those of them in which it did as the giver.
        """
        params, streams = self.table.params, game_streams(jax.random.key(np.uint32(_SEED)), GAMES)
        learner, toad = self._frog(values, answers), self._toad(values)
        frogs, goals = jnp.arange(LEARNER + 2), jnp.arange(len(GOALS))

        def of_game(frog: Number, goal: Number, game: tuple, chance: Chance) -> tuple[tuple, dict[str, Array]]:
            def acts(memory: Memory, state: GameState, bits: Turn) -> tuple[Number, Memory]:
                logits = answers(self._seen(memory, state))
                own = sampled(logits, uniform(bits)), jnp.argmax(logits).astype(jnp.int32)
                return jnp.stack([*(policy(state, bits) for policy in POLICIES.values()), *own])[frog], memory

            minds = replace(learner, acts=acts), toad
            before, known = game
            state, memories, (asked, _) = round_of(before, known, chance, minds, params, _asked)
            return (state, memories), _kept(before, state) | asked

        def one_round(carried: tuple, at: tuple[Array, Chance]) -> tuple[tuple, None]:
            games, sums = carried
            number, chance = at
            each = jax.vmap(of_game, (None, None, 0, 0))
            each = jax.vmap(jax.vmap(each, (None, 0, 0, None)), (0, None, 0, None))
            games, kept = each(frogs, goals, games, chance)
            late = (number >= LATE).astype(jnp.float32)
            kept |= {f"{name}_late": kept[name] * late for name in ("asked", "gave")}
            return (games, jax.tree.map(lambda total, new: total + jnp.mean(new, axis=-1), sums, kept)), None

        def chance(number: Turn) -> tuple[Array, Chance]:
            return number, jax.vmap(lambda stream: chance_of_round(stream, number, params))(streams)

        shape = len(frogs), len(goals), GAMES
        state = jax.vmap(lambda stream: new_game(stream, params))(streams)
        goal = jnp.broadcast_to(goals[:, None], shape)
        start = jax.tree.map(lambda x: jnp.broadcast_to(x, shape), state), (self._at_start(goal), goal)
        names = (*KEPT, "asked", "gave", "asked_late", "gave_late")
        sums = dict.fromkeys(names, jnp.zeros(shape[:2], jnp.float32))
        (_, sums), _ = rounds_in_turn(one_round, chance, (start, sums), 0, ROUNDS)
        asked, gave = (jnp.stack([sums[name], sums[f"{name}_late"]]) for name in ("asked", "gave"))
        return {name: sums[name] / ROUNDS for name in KEPT}, asked, gave


def _evidence(state: GameState, values: MemberValues, action: Number) -> Float32[Array, ""]:
    """By how much an act of Toad's speaks for progress rather than energy, in log-odds."""
    policies = log_policies(state, values.rationality)
    return jax.lax.optimization_barrier(policies[0, action] - policies[1, action])


def goal_of(stream: Stream) -> Number:
    """What Toad is after in an episode, a number among GOALS."""
    return (word(stream, jnp.uint32(_GOAL)) >> 31).astype(jnp.int32)


def worth(means: Scores, asked: Float32[Array, "2 frogs goals"], gave: Float32[Array, "2 frogs goals"]) -> Scores:
    """What a learner is worth, of means a round [frogs, goals]: acts drawn, and its best ones (`_greedy`).

    Returns:
        `cirl_GOAL_HELPER_…`, as of the exact simulation; what it would be worth to be told the goal, over scripted
        Frogs; the learner's regret, which is below 0 where it plays better than they do; and `excess_error`, of one
        that never helps 1.
    """
    matrix, frogs = common(means), (*POLICIES, "learner")
    fixed, each = matrix[:LEARNER], prior()
    kept = {"common": matrix, **means}
    table = {
        f"cirl_{goal}_{frog}_{what}": value[place, number]
        for number, goal in enumerate(GOALS)
        for place, frog in enumerate(frogs)
        for what, value in kept.items()
    }
    full, lost = told(fixed, each), {}
    for ending, place in (("", LEARNER), ("_greedy", LEARNER + 1)):
        found = helps({"asked": asked[:, place], "gave": gave[:, place]}, matrix)
        lost |= {f"cirl_regret{ending}": regret(matrix[place], fixed, each)}
        lost |= {f"{name}{ending}": value for name, value in found.items()}
    never = full - matrix[list(POLICIES).index("never")] @ each
    return {
        **table,
        "cirl_told": full,
        "cirl_untold": untold(fixed, each),
        "voi": value_of_information(fixed, each),
        **lost,
        "excess_error": lost["cirl_regret"] / jnp.maximum(never, 1e-6),
    }


def _asked(_: Memory, state: GameState, action: Number, after: GameState) -> dict[str, Array]:
    """Whether a giver and a greedy Frog would differ, and whether it is done as the giver does, where they do."""
    giver, greedy = (POLICIES[name](state, jnp.uint32(0)) for name in ("giver", "greedy"))
    asked = giver != greedy
    return {"asked": asked.astype(jnp.float32), "gave": (asked & (action == giver)).astype(jnp.float32)}


def _kept(before: GameState, after: GameState) -> dict[str, Array]:
    """KEPT of a round."""
    return {
        "own": (after.frog.score - before.frog.score).astype(jnp.float32),
        "progress": (after.toad.score - before.toad.score).astype(jnp.float32),
        "energy": jnp.maximum(after.toad.energy, 0).astype(jnp.float32) / MAX_ENERGY,
    }
