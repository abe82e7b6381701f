"""Turn-taking, exact: phases that pull at each other, acts that answer acts, and players who live by mutual gifts.

Nothing is learnt. In the game without flies a gift is the only source of energy (one gives 1, the other gets 2), so
that giver and receiver have to change places: the task that asks for turns.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int8, Int32

from mirrorjax.game.givers import blind, reciprocal
from mirrorjax.game.players import Policy, Tally, play_round
from mirrorjax.game.rollout import chance_of_round, new_game
from mirrorjax.game.state import GameParams, GameState
from mirrorjax.models.base import Params
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream, substream, uniform, word
from mirrorjax.regimes.base import Step
from mirrorjax.regimes.simulations.alternation import alternation, changes, heard, phase, phase_locking, shifted_locking
from mirrorjax.regimes.simulations.simulated import Outcome, Shapes, Simulated, Simulation, stream_of
from mirrorjax.regimes.simulations.turns import (
    answered,
    echo_exact,
    information_exact,
    locking_exact,
    slips_exact,
    turned,
)

WINDOW = 256  # rounds, the last ones, of which acts are kept
SETTLING = 64  # rounds before phases are looked at
FEWEST = 20  # events of either player, that phases are made of
_NO_FLIES = GameParams(fly_probability=0.0)
_START, _ACTS = range(2)  # streams of a member
_GIVERS: dict[str, Callable[[MemberValues], Policy]] = {
    "reciprocal": lambda values: reciprocal(values.gives_below),
    "blind": lambda values: blind(values.gives_share),
}

Scores = dict[str, Float32[Array, ""]]
Recent = Int8[Array, "window 2 pairs"]  # of the first player and of the second in each round; -1 where there was none


@struct.dataclass
class Phases:
    """Differences of two phases, pair by pair, and what was summed over rounds."""

    gap: Float32[Array, " pairs"]  # ψ, radians
    circle: Float32[Array, "2 pairs"]  # cos ψ, sin ψ
    moved: Float32[Array, " pairs"]  # radians


@struct.dataclass
class Couples:
    """Pairs of players, and what they did."""

    now: Any  # last acts, or games
    acts: Recent
    points: Recent
    total: Float32[Array, " pairs"]  # points of both


@dataclass(frozen=True)
class TurnTaking(Simulated):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "turn_taking"
    settings: ClassVar[tuple[str, ...]] = (
        *("turns_of", "coupling", "detuning", "phase_lag"),
        *("giving", "gives_below", "gives_share"),
    )

    turns_of: str = "givers"
    giving: str = "reciprocal"
    pairs: int = 64

    def __str__(self) -> str:
        how = f"{self.giving} " if self._plays else ""
        return f"{self.pairs} pairs of {how}{self.turns_of}"

    @property
    def _plays(self) -> bool:
        return self.turns_of == "givers"

    @property
    def network(self) -> Outcome:
        """What was counted."""
        recent = (WINDOW, 2, self.pairs)
        shapes: dict[str, Shapes] = {
            "oscillators": (("circle", (2,), "float32"), ("slips", (), "float32")),
            "chain": (("acts", recent, "int8"),),
            "givers": (
                *(("acts", recent, "int8"), ("points", recent, "int8")),
                *(("score", (), "float32"), ("energy", (), "float32")),
            ),
        }
        return Outcome(str(self), shapes[self.turns_of])

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members; the network of others is not looked at."""
        return cls(program.turns_of, program.giving if program.turns_of == "givers" else "reciprocal")

    def init(self, values: MemberValues) -> Simulation:
        """Phases and first acts are drawn; games are at their start."""
        words = word(_stream(values, _START), jnp.arange(self.pairs, dtype=jnp.uint32))
        nothing = jnp.zeros(self.pairs, jnp.float32)
        if self.turns_of == "oscillators":
            gap = 2 * jnp.pi * uniform(words)
            return Simulation(Phases(gap, jnp.zeros((2, self.pairs)), nothing), jnp.int32(0))
        start = (words >> 31).astype(jnp.int32)
        if self._plays:
            start = jax.vmap(lambda stream: new_game(stream, _NO_FLIES))(self._games(values))
        recent = jnp.full((WINDOW, 2, self.pairs), -1, jnp.int8)
        return Simulation(Couples(start, recent, recent, nothing), jnp.int32(0))

    def draw(self, values: MemberValues, step: Step) -> Any:
        """The chance of a round of each pair."""
        if self._plays:
            return jax.vmap(lambda stream: chance_of_round(stream, step, _NO_FLIES))(self._games(values))
        if self.turns_of == "chain":
            numbers = jnp.arange(2 * self.pairs, dtype=jnp.uint32).reshape(2, self.pairs)
            return word(substream(_stream(values, _ACTS), step), numbers)
        return ()

    def update(
        self, state: Simulation, values: MemberValues, step: Step, drawn: Any, train: tuple
    ) -> tuple[Simulation, Literal[True]]:
        """One round of every pair."""
        if self.turns_of == "oscillators":
            now = _turned(state, values)
        else:
            now = (self._played if self._plays else _answered)(state, values, drawn)
        return replace(state, now=now, rounds=state.rounds + 1), True

    def policy(self, state: Simulation, values: MemberValues, train: tuple) -> Params:
        """What was counted; acts of the last rounds with the oldest first."""
        now, rounds = state.now, jnp.maximum(state.rounds, 1).astype(jnp.float32)
        if self.turns_of == "oscillators":
            looked_at = jnp.maximum(rounds - SETTLING, 1)
            slips = jnp.mean(now.moved) / looked_at / (2 * jnp.pi)
            return {"circle": jnp.mean(now.circle, axis=1) / looked_at, "slips": slips}
        acts, points = (jnp.roll(each, -state.rounds, axis=0) for each in (now.acts, now.points))
        if not self._plays:
            return {"acts": acts}
        energy = jnp.maximum(jnp.stack([now.now.frog.energy, now.now.toad.energy]), 0)
        score = jnp.mean(now.total) / 2 / rounds
        return {"acts": acts, "points": points, "score": score, "energy": jnp.mean(energy.astype(jnp.float32))}

    def score(self, params: Params, values: MemberValues, held: tuple) -> Scores:
        """What came of it, beside what is known of it."""
        if self.turns_of == "oscillators":
            strength = values.coupling * jnp.cos(jnp.pi * values.phase_lag)
            return {
                "locking": jnp.hypot(*params["circle"]),
                "locking_exact": locking_exact(values.detuning, strength),
                "slips": jnp.abs(params["slips"]),
                "slips_exact": slips_exact(values.detuning, strength),
            }
        acts = params["acts"].astype(jnp.int32)
        if self.turns_of == "chain":
            return {**chain_scores(acts, values.coupling), **heard(acts[:, 0], acts[:, 1])}
        return {
            "pair_score": params["score"],
            "pair_energy": params["energy"],
            **pair_scores(acts, params["points"].astype(jnp.float32)),
        }

    def _games(self, values: MemberValues) -> Stream:
        numbers = jnp.arange(self.pairs, dtype=jnp.uint32)
        return jax.vmap(substream, in_axes=(None, 0))(_stream(values, _ACTS), numbers)

    def _played(self, state: Simulation, values: MemberValues, drawn: Any) -> Couples:
        policy = _GIVERS[self.giving](values)

        def one(game: GameState, chance: Any) -> tuple[GameState, tuple[Tally, Tally]]:
            return play_round(game, chance, (policy, policy), _NO_FLIES)

        games, kept = jax.vmap(one)(state.now.now, drawn)
        gifts, points = (jnp.stack([getattr(each, name) for each in kept]) for name in ("gifts", "score"))
        return _kept(state, games, gifts, points)


def pair_scores(acts: Int32[Array, "window 2 pairs"], points: Float32[Array, "window 2 pairs"]) -> Scores:
    """What pairs did in their last rounds: who lives, and whether gifts (1 in `acts`) alternate; -1: no round."""
    alive = jnp.any(points > 0, axis=(0, 1))
    there = jnp.maximum(jnp.sum((points >= 0).astype(jnp.float32)), 1.0)
    living = jnp.where(alive, acts, -1)
    return {
        "pair_score_last": jnp.sum(jnp.maximum(points, 0)) / there,
        "pair_alive": jnp.mean(alive.astype(jnp.float32)),
        "pair_gifts": jnp.sum((acts == 1).astype(jnp.float32)) / there,
        **_measures(living),
        **locked_gifts(living),
    }


def _turned(state: Simulation, values: MemberValues) -> Phases:
    now, strength = state.now, values.coupling * jnp.cos(jnp.pi * values.phase_lag)
    gap, circle = turned(now.gap, values.detuning, strength)
    settled = (state.rounds >= SETTLING).astype(jnp.float32)
    return Phases(gap, now.circle + circle * settled, now.moved + (gap - now.gap) * settled)


def _answered(state: Simulation, values: MemberValues, drawn: Any) -> Couples:
    first = answered(state.now.now, values.coupling, drawn[0])
    second = answered(first, values.coupling, drawn[1])
    acts = jnp.stack([first, second])
    return _kept(state, second, acts, jnp.zeros_like(acts))


def _kept(state: Simulation, now: Any, acts: Int32[Array, "2 pairs"], points: Int32[Array, "2 pairs"]) -> Couples:
    before, place = state.now, state.rounds % WINDOW
    did, made = (old.at[place].set(new.astype(jnp.int8)) for old, new in ((before.acts, acts), (before.points, points)))
    return Couples(now, did, made, before.total + jnp.sum(points, axis=0).astype(jnp.float32))


def _measures(acts: Int32[Array, "rounds 2 pairs"]) -> Scores:
    first, second = acts[:, 0], acts[:, 1]
    counted = jax.vmap(changes, (1, 1))(first, second)
    return {**alternation(type(counted)(*map(jnp.sum, counted))), **heard(first, second)}


def chain_scores(acts: Int32[Array, "rounds 2 pairs"], coupling: Float32[Array, ""]) -> Scores:
    """How often an act is the opposite of the one before, and how it goes with the one before that; both exact too."""
    sequence = acts.reshape(-1, acts.shape[2])

    def product(lag: int) -> Float32[Array, ""]:
        one, other = sequence[lag:], sequence[:-lag]
        there = (one >= 0) & (other >= 0)
        signs = (2 * one - 1) * (2 * other - 1)
        return jnp.sum(jnp.where(there, signs, 0)) / jnp.maximum(jnp.sum(there), 1)

    return {
        "flips": (1 - product(1)) / 2,
        "flips_exact": jax.nn.sigmoid(coupling),
        "echo": product(2),
        "echo_exact": echo_exact(coupling, 2),
        "act_mi_exact": information_exact(coupling),
    }


def locked_gifts(acts: Int32[Array, "rounds 2 pairs"]) -> Scores:
    """PLV of both players' gifts, a mean over pairs that have enough of them, and that of shifted ones."""

    def of_pair(pair: Int32[Array, "rounds 2"]) -> tuple[Float32[Array, ""], Float32[Array, ""]]:
        phases = phase(pair[:, 0]), phase(pair[:, 1])
        enough = jnp.min(jnp.sum(pair == 1, axis=0)) >= FEWEST
        found = phase_locking(*phases), jnp.nanmean(shifted_locking(*phases))
        return jnp.where(enough, found[0], jnp.nan), jnp.where(enough, found[1], jnp.nan)

    found, null = jax.vmap(of_pair, in_axes=2)(acts)
    return {"gift_locking": jnp.nanmean(found), "gift_locking_null": jnp.nanmean(null)}


def _stream(values: MemberValues, which: int) -> Stream:
    return substream(stream_of(values), jnp.uint32(which))
