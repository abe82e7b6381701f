"""Reinforcement learning: agents learn by playing, one policy gradient each, with no right answers.

Independent PPO (`ppo.py`) of a network that acts and a critic of its own, in the game as an environment
(`game/env.py`). Time is million turns played, those of both players. Rows of the dataset are what its networks are
measured on; nothing is learnt of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.errors import InputError
from mirrorjax.game.env import Env, Reward, staggered
from mirrorjax.game.state import Actor, GameParams
from mirrorjax.models.base import Params
from mirrorjax.models.beside import Beside, joined, parted
from mirrorjax.population.members import Member, MemberValues, init_key
from mirrorjax.randomness import Stream, substream
from mirrorjax.regimes.base import Clock, HeldOut, Step, Use, World
from mirrorjax.regimes.descent import Learner, begin
from mirrorjax.regimes.players.actor_critic import ActorCritic, Both
from mirrorjax.regimes.players.evaluation import evaluated
from mirrorjax.regimes.players.ppo import Decisions, Passes, Told, improved, log_probs
from mirrorjax.regimes.players.rollouts import SELF, GameTable, Led, PlayedTurn, Rollout, frogs, gained, played, toads

MILLION = 1_000_000
_OTHER_KEY = 2  # of a member's keys
_SHUFFLES = 1 << 24  # of its stream's substreams, behind those of games


def _turns(member: Member) -> int:
    return 2 * member.parallel_games * member.horizon


TURNS = Clock(
    "million turns",
    lambda member, step: step * _turns(member) / MILLION,
    lambda member, millions: round(millions * MILLION / _turns(member)),
)


@struct.dataclass
class Agent:
    """One member: actor and critic, the games that it is in, and what its last update said."""

    learner: Learner  # of parameters by `actor` and `critic`
    games: Env  # [games]
    told: Told
    updates: Int32[Array, ""]
    other: Learner | tuple[()] = ()  # who learns Toad's seat, where that is another

    @property
    def params(self) -> Both:
        """Of both."""
        return self.learner.params


@dataclass(frozen=True)
class Reinforcement(ActorCritic):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "reinforcement"
    settings: ClassVar[tuple[str, ...]] = (
        *("learning_rate", "partner", "partner_member", "reward", "reward_sharing", "weight_empathy", "score_weight"),
        *("partner_energy", "policies", "discount", "entropy_bonus", "anneal"),
        *("parallel_games", "horizon", "update_epochs", "minibatches"),
        *("obstacle_rate", "obstacle_width", "scroll", "fly_probability", "help_leap_probability"),
    )
    needs: ClassVar[tuple[str, ...]] = ("rows",)
    reads_out: ClassVar[bool] = False
    clock: ClassVar[Clock] = TURNS

    reward: str = "score"
    parallel_games: int = 64
    horizon: int = 64
    passes_of: Passes = field(default_factory=Passes)

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.network} beside {self.table.partner}", self.table.member)))

    @property
    def rows(self) -> int:
        """Decisions of an update, by which memory is planned."""
        return self.parallel_games * self.horizon * (2 if self.table.partner == SELF else 1)

    @property
    def apart(self) -> bool:
        """Whether another actor and critic learn Toad's seat."""
        return isinstance(self.network, Beside)

    @property
    def row_passes(self) -> int:
        """How often one of them is taken, for what it takes of time; the critic is some five networks of 2×17."""
        return 6 * self.rows * self.passes_of.epochs

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members.

        Raises:
            InputError: there are more minibatches than decisions.
        """
        sees = program.partner_energy == "seen"
        if sees:
            network = replace(network, inputs=network.inputs + 1)
        if apart := program.policies == "apart" and program.partner == SELF:
            network = Beside(network)
        game = GameParams(
            obstacle_rate_max=program.obstacle_rate,
            obstacle_width_max=program.obstacle_width,
            help_leap_probability=program.help_leap_probability,
            fly_probability=program.fly_probability,
            scroll=program.scroll,
        )
        passes = Passes(program.update_epochs, program.minibatches)
        table, own = (
            GameTable(game, program.partner, sees, program.partner_member),
            (program.parallel_games, program.horizon),
        )
        made = cls(network, program.encoding, table, program.reward, *own, passes)
        if passes.minibatches > (rows := made.rows // (2 if apart else 1)):
            decisions = f"the {rows} decisions of an update"
            raise InputError(f"regime.minibatches is {passes.minibatches}; allowed: at most {decisions}")
        return made

    def only(self, use: Use) -> Self:
        """Without how it is learnt for scores; without where, too, where only pictures are shown."""
        if use == "update":
            return self
        table = GameTable(GameParams(), "random", self.table.sees_energy) if use == "show" else self.table
        return replace(self, table=table, reward="score", parallel_games=64, horizon=64, passes_of=Passes())

    def begins_as(self) -> Self:
        """With as many games, and flies in them or none."""
        seen, flies = self.only("show"), self.table.params.fly_probability
        table = replace(seen.table, params=GameParams(fly_probability=flies))
        return replace(seen, table=table, parallel_games=self.parallel_games)

    def world(self, data: World) -> World:
        """Nothing to learn from: that is the game."""
        return World(train=(), held=data.held)

    def init(self, values: MemberValues) -> Agent:
        """A member that has not played."""
        key = init_key(values)
        own, other = begin(self._newborn(key, values)), ()
        if self.apart:
            other = begin(self._newborn(jax.random.fold_in(key, _OTHER_KEY), values))
        return Agent(own, self._games(values), nothing_told(), jnp.int32(0), other)

    def _games(self, values: MemberValues) -> Env:
        """Those that a member begins with [games]."""
        numbers = jnp.arange(self.parallel_games, dtype=jnp.uint32)
        streams = jax.vmap(lambda number: substream(stream_of_games(values), number))(numbers)
        return staggered(streams, self.table.params)

    def _order(self, values: MemberValues, step: Step) -> Stream:
        """By which an update's decisions are shuffled."""
        return substream(stream_of_games(values), jnp.uint32(_SHUFFLES) + step)

    def draw(self, values: MemberValues, step: Step) -> tuple:
        """Nothing ahead of time."""
        return ()

    def update(
        self, state: Agent, values: MemberValues, step: Step, drawn: tuple, train: tuple
    ) -> tuple[Agent, Bool[Array, ""]]:
        """Plays on, and learns from it."""
        learners = [each for each in (state.learner, state.other) if isinstance(each, Learner)]
        both: list[Both] = [each.params for each in learners]
        players = [partial(self._logits, each["actor"], values) for each in both]
        games, rollout = played(players[0], self.table, state.games, self.horizon, *players[1:])
        order = self._order(values, step)
        evaluate, rates = partial(self._evaluate, values), (self._rate(values, step), values.entropy_bonus)
        seats = (Actor.FROG, Actor.TOAD) if self.apart else (None,)
        made = []
        for number, (learner, seat) in enumerate(zip(learners, seats, strict=True)):
            decisions = self.decisions(learner.params, values, rollout, seat)
            own = substream(order, jnp.uint32(_SHUFFLES)) if number else order
            made.append(improved(evaluate, learner, decisions, self.passes_of, own, *rates))
        (learner, told), *others = made
        other = others[0][0] if others else ()
        return Agent(learner, games, told, state.updates + 1, other), jnp.isfinite(told.entropy)

    def decisions(self, params: Both, values: MemberValues, rollout: Rollout, seat: Actor | None = None) -> Decisions:
        """All that was decided by who learns, in a seat or in all of its own, and how much better than expected."""

        def valued(seen: Array) -> Float32[Array, "..."]:
            return self._evaluate(values, params, seen.reshape(-1, seen.shape[-1]))[1].reshape(seen.shape[:-1])

        def of_seat(turns: PlayedTurn, led: Callable[[Array], Led]) -> Decisions:
            seen, action = turns.seen.reshape(-1, turns.seen.shape[-1]), turns.action.ravel()
            logits, value = self._evaluate(values, params, seen)
            then = value.reshape(turns.action.shape)
            found = led(then)
            better = gained(found, then, values.discount).ravel()
            return Decisions(seen, action, log_probs(logits, action), value, better, found.weight.ravel())

        if seat == Actor.TOAD:
            return of_seat(rollout.toad, lambda value: toads(rollout, value, self._reward(values)))
        last, now = valued(rollout.last), valued(rollout.now)
        frog = of_seat(rollout.frog, lambda value: self._led(values, rollout, value, last, now))
        if self.table.partner != SELF or seat == Actor.FROG:
            return frog
        toad = of_seat(rollout.toad, lambda value: toads(rollout, value, self._reward(values)))
        return jax.tree.map(lambda *seats: jnp.concatenate(seats), frog, toad)

    def steps(self, state: Agent) -> Int32[Array, ""]:
        """The updates that it has had."""
        return state.updates

    def told(self, state: Agent) -> dict[str, Float32[Array, ""]]:
        """What its last update said: `entropy` of the policy, `kl` from the one that had played."""
        return {"entropy": state.told.entropy, "kl": state.told.kl}

    def policy(self, state: Agent, values: MemberValues, train: Any) -> Params:
        """The network that acts, on pictures as they are; beside it the other that plays Toad, where there is one."""
        own = self._as_measured(state.params["actor"])
        other: Both = state.other.params if isinstance(state.other, Learner) else None
        return joined(own, self._as_measured(other["actor"])) if other else own

    def put(self, state: Agent, params: Params) -> Agent:
        """The weights in the place of those of the network that acts, and of the other where there is one."""

        def given(learner: Learner, params: Params) -> Learner:
            return replace(learner, params={**learner.params, "actor": self._as_trained(params)})

        own, second = parted(params)
        other = given(state.other, second) if isinstance(state.other, Learner) else ()
        return replace(state, learner=given(state.learner, own), other=other)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """What it does in its own game (`evaluation.evaluated`); nulls, which are told of no rows, play none."""

        def answers(params: Params, seen: Array) -> Float32[Array, "4"]:
            return self._run(params, values, self._as_told(seen[None, :]))[:, 0]

        own, *others = (partial(answers, each) for each in parted(params) if each)
        measured = partial(evaluated, own, self.table, values.reward_sharing, *others)
        unknown = jax.tree.map(lambda each: jnp.full(each.shape, jnp.nan), jax.eval_shape(measured))
        return jax.lax.cond(held.pieces > 0, measured, lambda: unknown)

    def _rate(self, values: MemberValues, step: Step) -> Float32[Array, ""]:
        """The learning rate of an update."""
        turns = step.astype(jnp.float32) * (2 * self.parallel_games * self.horizon / MILLION)
        left = jnp.maximum(0.0, 1 - turns / jnp.maximum(values.anneal, 1e-9))
        return values.learning_rate * jnp.where(values.anneal > 0, left, 1.0)

    def _reward(self, values: MemberValues) -> Reward:
        if self.reward == "score":
            return Reward(sharing=values.reward_sharing)
        return Reward(values.reward_sharing, values.score_weight, 1.0, values.weight_empathy)

    def _led(self, values: MemberValues, rollout: Rollout, value: Array, last: Array, now: Array) -> Led:
        """What Frog's decisions led to."""
        return frogs(rollout, value, last, now, self._reward(values))


def nothing_told() -> Told:
    """What one says that has had no update."""
    return Told(jnp.float32(jnp.nan), jnp.float32(jnp.nan))


def stream_of_games(values: MemberValues) -> Stream:
    """Of its games, and of the order in which they are learnt from."""
    return values.order[0], values.order[1]
