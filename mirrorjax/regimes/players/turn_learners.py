"""Turn-taking, learnt: two networks play with each other, hear each other's last act, and may have to give in turn.

Independent PPO of each seat. What is heard is four inputs, κ at the other's last act. A network that remembers (`gru`)
is learnt back through all rounds of an update. In the game without flies (`fly_probability` 0) gifts are the only
source of energy, so that a pair lives by mutual gifts alone. Measured is what Frog's network shows and what the pair
does in fresh games, with the gain κ that it learnt with and with others.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, Int8

from mirrorjax.errors import InputError
from mirrorjax.game.env import Reward
from mirrorjax.game.minds import Memories, Memory, Mind, Minds, begun, round_of
from mirrorjax.game.observation import OBSERVATION_SIZE, view
from mirrorjax.game.players import Chance, tally
from mirrorjax.game.rollout import Turn, chance_of_round, game_streams, new_game
from mirrorjax.game.rollout import in_turn as rounds_in_turn
from mirrorjax.game.state import LETTER, MAX_ENERGY, WIDTH, Action, Actor, GameState, Number, Symbol
from mirrorjax.models.base import Edit, Params, Recurrent, Shown, in_turn, is_recurrent, keep, padding
from mirrorjax.models.beside import Beside, joined, parted
from mirrorjax.models.encoding import encoded
from mirrorjax.population.members import MemberValues, init_key
from mirrorjax.randomness import substream, uniform
from mirrorjax.regimes.base import HeldOut, Step
from mirrorjax.regimes.descent import begin
from mirrorjax.regimes.players.actor_critic import Both
from mirrorjax.regimes.players.inputs import input_scale
from mirrorjax.regimes.players.ppo import Decisions, Told, improved, log_probs, sampled
from mirrorjax.regimes.players.reinforcement import Agent, Reinforcement, nothing_told
from mirrorjax.regimes.players.rollouts import Led, PlayedTurn, Rollout, frogs, gained, played_on, toads, unrolled
from mirrorjax.regimes.simulations.turn_taking import WINDOW, pair_scores

ACTS = len(Action)
PAIRS, ROUNDS = 64, 1024  # of fresh games; those of the last WINDOW rounds are looked at
GAINS = {"_deaf": 0.0, "_loud": 4.0}  # κ in them besides the own one, on the same weights, by the ending of columns
OF_OTHERS = (
    *("pair_score_last", "pair_gifts", "alternation", "alternation_null"),
    *("transfer", "transfer_null", "transfer_z"),
)
_SEED = 2**32 - 3  # of nobody's games

Seen = Any  # of games: `seen` [games, time, inputs], `fresh` [games, time], and `memory` before [games, units], by name


@struct.dataclass
class Pair(Agent):
    """One member: its learner and both networks are [2] in front, Frog's first."""

    memories: Memories = ((), ())  # of both [games]


@dataclass(frozen=True)
class TurnLearners(Reinforcement):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "turn_learners"
    settings: ClassVar[tuple[str, ...]] = (
        *("learning_rate", "coupling", "reward_sharing", "discount", "entropy_bonus", "anneal"),
        *("parallel_games", "horizon", "update_epochs", "minibatches"),
        *("obstacle_rate", "obstacle_width", "scroll", "fly_probability", "help_leap_probability"),
    )

    def __str__(self) -> str:
        return str(self.network)

    @property
    def rows(self) -> int:
        """Decisions of an update, of both."""
        return 2 * self.parallel_games * self.horizon

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members.

        Raises:
            InputError: there are more minibatches than games, which are learnt from whole.
        """
        made = super().of(replace(network, inputs=network.inputs + ACTS), program)
        made = replace(made, network=Beside(made.network))
        if (asked := made.passes_of.minibatches) > made.parallel_games:
            games = f"the {made.parallel_games} games, which are learnt from whole"
            raise InputError(f"regime.minibatches is {asked}; allowed: at most {games}")
        return made

    def init(self, values: MemberValues) -> Pair:
        """Two that have not played."""
        keys = [jax.random.fold_in(init_key(values), 2 + seat) for seat in Actor]
        both = jax.tree.map(lambda *seats: jnp.stack(seats), *(self._newborn(key, values) for key in keys))
        games = self._games(values)
        minds = self._minds(both["actor"], values, values.coupling)
        memories = jax.vmap(lambda stream: begun(minds, stream))(games.stream)
        return Pair(jax.vmap(begin)(both), games, nothing_told(), jnp.int32(0), memories=memories)

    def update(
        self, state: Pair, values: MemberValues, step: Step, drawn: tuple, train: tuple
    ) -> tuple[Pair, Bool[Array, ""]]:
        """They play on, and either learns from it."""
        minds = self._minds(state.params["actor"], values, values.coupling, self._in_training)
        games, memories, rollout = played_on(minds, self.table.params, state.games, state.memories, self.horizon)
        orders = jax.vmap(lambda seat: substream(self._order(values, step), seat))(jnp.arange(2, dtype=jnp.uint32))

        def of_seat(learner: Any, decisions: Decisions, order: Any) -> tuple[Any, Told]:
            evaluate, rate = partial(self._evaluate, values), self._rate(values, step)
            return improved(evaluate, learner, decisions, self.passes_of, order, rate, values.entropy_bonus)

        learner, told = jax.vmap(of_seat)(state.learner, self.decisions(state.params, values, rollout), orders)
        told = jax.tree.map(jnp.mean, told)
        return Pair(learner, games, told, state.updates + 1, memories=memories), jnp.isfinite(told.entropy)

    def decisions(self, params: Both, values: MemberValues, rollout: Rollout) -> Decisions:
        """All that was decided in either seat [2, games, time], and how much better than expected it was."""
        reward = Reward(sharing=values.reward_sharing)
        frog, toad = (jax.tree.map(lambda each, at=seat: each[at], params) for seat in Actor)
        last, now = (self._values(frog, values, seen) for seen in (rollout.last, rollout.now))
        seats = (
            self._decided(frog, values, rollout, Actor.FROG, lambda value: frogs(rollout, value, last, now, reward)),
            self._decided(toad, values, rollout, Actor.TOAD, lambda value: toads(rollout, value, reward)),
        )
        return jax.tree.map(lambda *each: jnp.stack(each), *seats)

    def policy(self, state: Pair, values: MemberValues, train: Any) -> Params:
        """Frog's network, on pictures as they are; and beside it Toad's, whose names begin with `toad/`."""
        frog, toad = (jax.tree.map(lambda each, at=seat: each[at], state.params["actor"]) for seat in Actor)
        return joined(self._as_measured(frog), self._as_measured(toad))

    def put(self, state: Pair, params: Params) -> Pair:
        """The weights in the place of those of both networks."""
        actor = jax.tree.map(lambda *each: jnp.stack(each), *map(self._as_trained, parted(params)))
        return replace(state, learner=replace(state.learner, params={**state.params, "actor": actor}))

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """Frog's network over a batch of pictures, each the first of its episode: nothing was heard before it."""
        inputs = encoded(pictures, self.encoding)
        heard = jnp.zeros((ACTS, *inputs.shape[1:]), jnp.float32)
        inputs = jnp.concatenate([inputs, heard])
        return self.network.run(params, inputs, in_turn(padding(values.width), edit))

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """What both do in fresh games (`met`), by κ; nulls, which are told of no rows, play none."""
        actors = jax.tree.map(lambda *each: jnp.stack(each), *parted(params))

        def measured() -> dict[str, Float32[Array, ""]]:
            gains = jnp.stack([values.coupling, *map(jnp.float32, GAINS.values())])
            found = jax.vmap(lambda gain: met(self._minds(actors, values, gain), self.table.params))(gains)
            told = {name: each[0] for name, each in found.items()}
            others = {f"{name}{end}": found[name][at] for at, end in enumerate(GAINS, 1) for name in OF_OTHERS}
            return {"excess_error": 1 - told["pair_score_last"], **told, **others}

        unknown = jax.tree.map(lambda each: jnp.full(each.shape, jnp.nan), jax.eval_shape(measured))
        return jax.lax.cond(held.pieces > 0, measured, lambda: unknown)

    @property
    def _scale(self) -> np.ndarray:
        return np.concatenate([input_scale(self.encoding), np.ones(ACTS, np.float32)])

    @property
    def _in_training(self) -> np.ndarray:
        """By what inputs are multiplied in training, of a network whose inputs can be scaled."""
        return self._scale if self._input_kernel else np.ones_like(self._scale)

    @property
    def _recurrent(self) -> Recurrent | None:
        """The network, if it remembers."""
        return network if is_recurrent(network := self._acting) else None

    def _minds(
        self, actors: Params, values: MemberValues, gain: Float32[Array, ""], scale: np.ndarray | float = 1.0
    ) -> Minds:
        """Both players, of their networks [2], who hear by so much."""
        frog, toad = (jax.tree.map(lambda each, at=seat: each[at], actors) for seat in Actor)
        return self._mind(frog, values, gain, scale), self._mind(toad, values, gain, scale)

    def _mind(self, actor: Params, values: MemberValues, gain: Float32[Array, ""], scale: np.ndarray | float) -> Mind:
        """One of them: it remembers what its network does, and the other's last act (-1: none yet)."""

        def acts(memory: Memory, state: GameState, bits: Turn) -> tuple[Number, Memory]:
            own, heard = memory
            inputs = self._inputs(heeded(memory, state)[None], gain)[:, 0] * scale
            edit = padding(values.width)
            if network := self._recurrent:
                own = network.remember(actor, own, network.drive(actor, inputs), edit)
                return sampled(network.read(actor, own), uniform(bits)), (own, heard)
            return sampled(self._acting.run(actor, inputs, edit).outputs, uniform(bits)), memory

        return Mind(
            start=lambda stream: (self._nothing, jnp.int32(-1)),
            acts=acts,
            watches=lambda memory, state, action: (memory[0], jnp.asarray(action, jnp.int32)),
            sees=heeded,
        )

    @property
    def _nothing(self) -> Any:
        return network.nothing() if (network := self._recurrent) else ()

    def _inputs(self, seen: Array, gain: Float32[Array, ""]) -> Float32[Array, "inputs batch"]:
        """What was seen and heard [batch, 105], encoded, without the other's energy."""
        numbers = seen.astype(jnp.float32).T
        pictures, heard = numbers[:OBSERVATION_SIZE], numbers[OBSERVATION_SIZE:-1]
        return jnp.concatenate([encoded(pictures, self.encoding), gain * heard])

    def _values(self, params: Both, values: MemberValues, seen: Array) -> Float32[Array, " batch"]:
        """Of the critic, which remembers nothing, and sees the other's energy: of what was seen and heard [batch, 105].

        Of one's own seat alone a gift looks like a loss: its energy is gone, and what the other has is not seen.
        """
        inputs, energy = self._inputs(seen, values.coupling), seen[:, -1].astype(jnp.float32)
        known = jnp.concatenate([inputs * self._scale[:, None], energy[None] / MAX_ENERGY])
        return self._critic.run(params["critic"], known).outputs[0]

    @property
    def _known(self) -> int:
        return self.network.inputs + 1

    def _evaluate(
        self, values: MemberValues, params: Both, seen: Seen
    ) -> tuple[Float32[Array, "4 decisions"], Float32[Array, " decisions"]]:
        """Logits and values of whole games, as they were played."""
        games, time, _ = seen["seen"].shape
        flat, actor, edit = seen["seen"].reshape(games * time, -1), params["actor"], padding(values.width)
        inputs = self._inputs(flat, values.coupling) * self._in_training[:, None]
        value = self._values(params, values, flat)
        if (network := self._recurrent) is None:
            return self._acting.run(actor, inputs, edit).outputs, value
        drive = network.drive(actor, inputs)
        of_games = jnp.moveaxis(drive, -1, 0).reshape(games, time, *drive.shape[:-1])

        def remembered(memory: Array, drive: Array) -> tuple[Array, Array]:
            memory = network.remember(actor, memory, drive, edit)
            return memory, memory

        through = jax.vmap(lambda memory, *at: unrolled(remembered, self._nothing, memory, *at))
        memory = through(seen["memory"], of_games, seen["fresh"])
        return network.read(actor, memory.reshape(games * time, -1).T), value

    def _decided(
        self, params: Both, values: MemberValues, rollout: Rollout, seat: Actor, led: Callable[[Array], Led]
    ) -> Decisions:
        """A seat's decisions [games, time]."""
        turns: PlayedTurn = (rollout.frog, rollout.toad)[seat]
        seen, action = jnp.swapaxes(turns.seen, 0, 1), turns.action.T
        assert rollout.fresh is not None
        given: Seen = {"seen": seen, "fresh": rollout.fresh.T, "memory": rollout.memories[seat][0]}
        logits, value = self._evaluate(values, params, given)
        then = value.reshape(action.shape).T
        found = led(then)
        log_prob = log_probs(logits, action.ravel()).reshape(action.shape)
        return Decisions(given, action, log_prob, then.T, gained(found, then, values.discount).T, found.weight.T)


def heeded(memory: Memory, state: GameState) -> Int8[Array, "105"]:
    """What is seen in the seat of who acts, and the other's last act as four numbers; all 0 before its first.

    The picture does not tell that act once more: the other is drawn as its letter, or as in distress. The other's
    energy, behind these, is for critics.
    """
    seen, other = view(state, state.actor), state.player(state.actor.partner).energy
    players = seen[WIDTH : 2 * WIDTH]
    tells = (players > LETTER[Actor.TOAD]) & (players < int(Symbol.DISTRESS))  # of the one who acts no act is drawn
    seen = seen.at[WIDTH : 2 * WIDTH].set(jnp.where(tells, LETTER[Actor.TOAD], players))
    heard = jax.nn.one_hot(memory[1], ACTS, dtype=jnp.int8)
    return jnp.concatenate([seen.astype(jnp.int8), heard, other.astype(jnp.int8)[None]])


def met(minds: Minds, params: Any, pairs: int = PAIRS, rounds: int = ROUNDS) -> dict[str, Float32[Array, ""]]:
    """What two do in fresh games, in which acts are drawn: see `turn_taking.pair_scores`."""
    streams = game_streams(jax.random.key(np.uint32(_SEED)), pairs)
    start = jax.vmap(lambda stream: (new_game(stream, params), begun(minds, stream)))(streams)

    def of_pair(game: tuple[GameState, Memories], chance: Chance) -> tuple[tuple[GameState, Memories], Array]:
        state, memories, kept = round_of(*game, chance, minds, params, lambda _, *turn: tally(*turn))
        return (state, memories), jnp.stack([jnp.stack([each.gifts, each.score]) for each in kept]).astype(jnp.int8)

    def chance(number: Turn) -> Chance:
        return jax.vmap(lambda stream: chance_of_round(stream, number, params))(streams)

    (end, _), kept = rounds_in_turn(jax.vmap(of_pair), chance, start, 0, rounds)
    gifts, points = (jnp.moveaxis(kept[..., what], 1, -1) for what in range(2))  # [rounds, 2, pairs]
    energy = jnp.maximum(jnp.stack([end.frog.energy, end.toad.energy]), 0)
    return {
        "pair_score": jnp.mean(points.astype(jnp.float32)),
        "pair_energy": jnp.mean(energy.astype(jnp.float32)),
        **pair_scores(gifts[-WINDOW:].astype(jnp.int32), points[-WINDOW:].astype(jnp.float32)),
    }
