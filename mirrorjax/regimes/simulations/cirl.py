"""Cooperative inverse reinforcement learning in the game, exact: Toad is after something, and Frog watches it.

Toad wants to get on or to be full of energy (`game.goals`), and acts by what its next turn pays, noisily (β).
Both get what Toad is after plus Frog's score. Frog knows all but the goal: its belief is exact, for it sees both
energies. Nothing is learnt: Frogs with and without belief are played side by side, in the same games. The one that
believes gives if that is worth more than greed by its belief; what either is worth with each goal it knows from games
before, for a Toad that acts by chance takes gifts otherwise than one that acts by reason.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.givers import giver
from mirrorjax.game.goals import GOALS, drawn, log_policies
from mirrorjax.game.players import SCRIPTED, Chance
from mirrorjax.game.rollout import chance_of_round, new_game
from mirrorjax.game.state import MAX_ENERGY, GameParams, GameState, Number
from mirrorjax.game.turn import turn
from mirrorjax.models.base import Params
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream, substream
from mirrorjax.regimes.base import Step
from mirrorjax.regimes.simulations.inverse import regret, told, untold, value_of_information
from mirrorjax.regimes.simulations.simulated import Outcome, Simulated, Simulation, stream_of

POLICIES = {"giver": giver(), "greedy": SCRIPTED["greedy"], "never": SCRIPTED["greedy_no_help"]}
BAYES = len(POLICIES)  # does as the giver or as the greedy one, by its belief
FROGS = (*POLICIES, "bayes")
KEPT: tuple[str, ...] = ("own", "progress", "energy")  # of a round: Frog's score, Toad's, and Toad's energy as a share
PRIOR = 0.5  # of each goal
CERTAIN = 0.95
LATE = 32  # rounds after which a goal is known
_BINS = 10  # of beliefs, for their calibration
_LEAST = 1e-3  # value of information a round below which a share of it says nothing
_GAME = GameParams()
_PLAYED, _PRACTISED = range(2)  # streams of a member

Games = Float32[Array, "frogs goals games"]
Scores = dict[str, Float32[Array, ""]]


@struct.dataclass
class Watched:
    """Games side by side: of each Frog with a Toad of each goal, [frogs, goals, games]."""

    game: GameState
    log_odds: Games  # of progress against energy, by all that Toad did
    sums: dict[str, Games]  # of KEPT over rounds
    certain: Int32[Array, "frogs goals games"]  # rounds until the truth was first believed by CERTAIN; 0: not yet
    gain: Float32[Array, " goals"]  # of giving over greed, a round, in the games before
    asked: Float32[Array, "2 frogs goals games"]  # rounds in which it matters whom one believes: all, and late ones
    gave: Float32[Array, "2 frogs goals games"]  # those of them in which Frog did as a giver does


@dataclass(frozen=True)
class Cirl(Simulated):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "cirl"
    settings: ClassVar[tuple[str, ...]] = ("rationality",)

    games: int = 96
    practice: int = 512  # rounds of the games before, by which policies are weighed

    def __str__(self) -> str:
        return f"{self.games} games of each Frog and goal"

    @property
    def network(self) -> Outcome:
        """What was counted."""
        each, of_goal = (len(FROGS), len(GOALS)), (len(GOALS), self.games)
        shapes = {**dict.fromkeys(KEPT, each), "log_odds": of_goal, "certain": of_goal, "asked": (2, 2), "gave": (2, 2)}
        return Outcome(str(self), tuple((name, shape, "float32") for name, shape in shapes.items()))

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members; the network of others is not looked at."""
        return cls()

    def init(self, values: MemberValues) -> Simulation:
        """All games at their start, and nothing known of Toad."""
        watched = self._started(values, _PLAYED, len(FROGS))
        return Simulation(replace(watched, gain=self._practised(values)), jnp.int32(0))

    def draw(self, values: MemberValues, step: Step) -> Chance:
        """The chance of a round of each game."""
        return self._chance(values, _PLAYED, step)

    def update(
        self, state: Simulation, values: MemberValues, step: Step, drawn: Chance, train: tuple
    ) -> tuple[Simulation, Literal[True]]:
        """One round of every game: whoever plays it meets the same draws."""
        now = _every_round(state.now, values, drawn, state.rounds + 1)
        return replace(state, now=now, rounds=state.rounds + 1), True

    def policy(self, state: Simulation, values: MemberValues, train: tuple) -> Params:
        """Means a round of each Frog and goal; and of the Frog that believes, what it came to believe and did."""
        rounds = jnp.maximum(state.rounds, 1).astype(jnp.float32)
        now, waited = state.now, jnp.where(state.now.certain == 0, state.rounds, state.now.certain)
        return {
            **{name: jnp.mean(total, axis=-1) / rounds for name, total in now.sums.items()},
            "log_odds": now.log_odds[BAYES],
            "certain": waited[BAYES].astype(jnp.float32),
            **{name: jnp.sum(getattr(now, name)[:, BAYES], axis=-1) for name in ("asked", "gave")},
        }

    def score(self, params: Params, values: MemberValues, held: tuple) -> Scores:
        """What each Frog is worth with each Toad, what it would be worth to know the goal, and beliefs."""
        matrix = common(params)
        named = {"common": matrix, **{name: params[name] for name in KEPT}}
        table = {
            f"cirl_{goal}_{frog}_{what}": worth[place, number]
            for number, goal in enumerate(GOALS)
            for place, frog in enumerate(FROGS)
            for what, worth in named.items()
        }
        believed = beliefs(params["log_odds"], params["certain"])
        return {**table, **_worth(params, matrix), **helps(params, matrix), **believed}

    def _started(self, values: MemberValues, which: int, frogs: int) -> Watched:
        shape = frogs, len(GOALS), self.games
        start = jax.vmap(lambda stream: new_game(stream, _GAME))(self._streams(values, which))
        nothing, counts = jnp.zeros(shape, jnp.float32), jnp.zeros((2, *shape), jnp.float32)
        game = jax.tree.map(lambda x: jnp.broadcast_to(x, shape), start)
        sums = dict.fromkeys(KEPT, nothing)
        return Watched(game, nothing, sums, jnp.zeros(shape, jnp.int32), jnp.zeros(len(GOALS)), counts, counts)

    def _practised(self, values: MemberValues) -> Float32[Array, " goals"]:
        """What giving gains over greed with a Toad of either goal, a round of other games; 0 without any."""
        if not self.practice:
            return jnp.zeros(len(GOALS))

        def one(number: Number, watched: Watched) -> Watched:
            chance = self._chance(values, _PRACTISED, number.astype(jnp.uint32))
            return _every_round(watched, values, chance, number)

        end = jax.lax.fori_loop(0, self.practice, one, self._started(values, _PRACTISED, 2))
        worth = common({name: jnp.mean(total, axis=-1) for name, total in end.sums.items()})
        return (worth[0] - worth[1]) / self.practice

    def _streams(self, values: MemberValues, which: int) -> Stream:
        numbers = jnp.arange(self.games, dtype=jnp.uint32)
        return jax.vmap(substream, in_axes=(None, 0))(substream(stream_of(values), jnp.uint32(which)), numbers)

    def _chance(self, values: MemberValues, which: int, step: Step) -> Chance:
        return jax.vmap(lambda stream: chance_of_round(stream, step, _GAME))(self._streams(values, which))


def _every_round(was: Watched, values: MemberValues, chance: Chance, rounds: Number) -> Watched:
    """Round number `rounds`, from 1, of every game."""

    def of_game(game: GameState, log_odds: jax.Array, chance: Chance, frog: Number, goal: Number) -> tuple:
        return _round(game, log_odds, chance, (frog, goal), (values, was.gain))

    of_games = jax.vmap(of_game, (0, 0, 0, None, None))
    of_goals = jax.vmap(of_games, (0, 0, None, None, 0))
    of_frogs = jax.vmap(of_goals, (0, 0, None, 0, None))
    frogs, goals, _ = was.log_odds.shape
    game, log_odds, kept, asked, gave = of_frogs(was.game, was.log_odds, chance, jnp.arange(frogs), jnp.arange(goals))
    late, sure = (rounds > LATE).astype(jnp.float32), _truth(log_odds) > CERTAIN
    return Watched(
        game,
        log_odds,
        jax.tree.map(jnp.add, was.sums, kept),
        jnp.where((was.certain == 0) & sure, rounds, was.certain),
        was.gain,
        was.asked + jnp.stack([asked, asked * late]),
        was.gave + jnp.stack([gave, gave * late]),
    )


def _round(
    game: GameState,
    log_odds: jax.Array,
    chance: Chance,
    who: tuple[Number, Number],
    known: tuple[MemberValues, jax.Array],
) -> tuple[GameState, jax.Array, dict[str, jax.Array], jax.Array, jax.Array]:
    """One game's: Frog acts by its number, Toad by its goal's, and the belief follows what Toad did."""
    (of_frog, draws_frog), (of_toad, draws_toad) = chance
    (frog, goal), (values, gain), before = who, known, (game.frog.score, game.toad.score)
    acts = jnp.stack([policy(game, of_frog) for policy in POLICIES.values()])
    gives = jnp.sum(jax.nn.sigmoid(jnp.stack([log_odds, -log_odds])) * gain) > 0
    chosen = acts[jnp.where(frog == BAYES, jnp.where(gives, 0, 1), frog)]
    asked = acts[0] != acts[1]
    game = turn(game, chosen, draws_frog, _GAME)
    policies = log_policies(game, values.rationality)
    act = drawn(policies[goal], of_toad)
    game = turn(game, act, draws_toad, _GAME)
    kept = {
        "own": (game.frog.score - before[0]).astype(jnp.float32),
        "progress": (game.toad.score - before[1]).astype(jnp.float32),
        "energy": jnp.maximum(game.toad.energy, 0).astype(jnp.float32) / MAX_ENERGY,
    }
    gave = asked & (chosen == acts[0])
    seen = log_odds + policies[0, act] - policies[1, act]
    return game, seen, kept, asked.astype(jnp.float32), gave.astype(jnp.float32)


def common(params: Params) -> Float32[Array, "frogs goals"]:
    """What both get a round: what Toad is after, and Frog's score."""
    after = jnp.stack([params[name][:, number] for number, name in enumerate(GOALS)], axis=1)
    return after + params["own"]


def prior() -> Float32[Array, " goals"]:
    """Of each goal."""
    return jnp.array([PRIOR, 1 - PRIOR], jnp.float32)


def _worth(params: Params, matrix: Float32[Array, "frogs goals"]) -> Scores:
    """Of knowing the goal, over the policies that look at no belief; and what the belief got of it."""
    fixed, each = matrix[:BAYES], prior()
    worth, lost = value_of_information(fixed, each), regret(matrix[BAYES], fixed, each)
    enough = worth > _LEAST
    return {
        "cirl_told": told(fixed, each),
        "cirl_untold": untold(fixed, each),
        "voi": worth,
        "voi_toad": value_of_information((matrix - params["own"])[:BAYES], each),
        "cirl_regret": lost,
        "voi_gained": jnp.where(enough, 1 - lost / jnp.where(enough, worth, 1.0), jnp.nan),
    }


def helps(params: Params, matrix: Float32[Array, "frogs goals"]) -> Scores:
    """Of the rounds in which a giver and a greedy Frog differ, those in which it did as the better one of this goal."""
    share = params["gave"] / jnp.where(params["asked"] > 0, params["asked"], jnp.nan)
    right = jnp.where(matrix[0] > matrix[1], share, 1 - share)
    return {"right_help": jnp.nanmean(right[0]), "right_help_late": jnp.nanmean(right[1])}


def _of_truth(log_odds: Float32[Array, "*frogs goals games"]) -> Float32[Array, "*frogs goals games"]:
    """Log-odds of the goal that Toad has: goals are the last axis but one."""
    sign = jnp.array([1.0, -1.0], jnp.float32)[:, None]
    return log_odds * jnp.broadcast_to(sign, log_odds.shape)


def _truth(log_odds: Float32[Array, "*frogs goals games"]) -> Float32[Array, "*frogs goals games"]:
    """Belief in the goal that Toad has."""
    return jax.nn.sigmoid(_of_truth(log_odds))


def beliefs(log_odds: Float32[Array, "2 games"], certain: Float32[Array, "2 games"]) -> Scores:
    """What is believed after so many acts, over Toads of either goal.

    Args:
        log_odds: of progress against energy, of games of either goal.
        certain: rounds until the truth was believed by CERTAIN; of those where it is not, the rounds that there were.

    Returns:
        The belief in the truth and its log-loss in nats; how often the truth is believed more, a tie being one half;
        how far beliefs are from how often they come true (expected calibration error, ten bins); how far the mean
        belief is from the prior, which is chance alone for an exact one; and the mean of `certain`.
    """
    of_truth, said = _of_truth(log_odds), jax.nn.sigmoid(log_odds)
    progress = jnp.broadcast_to(jnp.array([1.0, 0.0], jnp.float32)[:, None], said.shape)
    place = jnp.minimum((said * _BINS).astype(jnp.int32), _BINS - 1)
    gap = jnp.zeros(_BINS).at[place].add(said - progress)
    return {
        "belief_truth": jnp.mean(jax.nn.sigmoid(of_truth)),
        "belief_right": jnp.mean((1 + jnp.sign(of_truth)) / 2),
        "belief_log_loss": jnp.mean(jax.nn.softplus(-of_truth)),
        "belief_calibration": jnp.sum(jnp.abs(gap)) / said.size,
        "belief_drift": jnp.mean(said) - PRIOR,
        "rounds_to_certain": jnp.mean(certain),
    }
