"""What regimes have in common in which nothing is trained: a simulation goes on, and its outcome is the score.

A member is one setting with one seed; an update is one round. What is kept as its weights is what was counted.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32

from mirrorjax.models.base import Edit, Params, Shown, Site, keep
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream
from mirrorjax.regimes.base import Clock, Step, Use, Usual, World

ROUNDS = Clock("round", lambda member, step: float(step), lambda member, rounds: round(rounds))
Shapes = tuple[tuple[str, tuple[int, ...], str], ...]  # name, shape, type


@struct.dataclass
class Simulation:
    """One member: whatever is simulated, and how many rounds."""

    now: Any
    rounds: Int32[Array, ""]


@dataclass(frozen=True)
class Outcome:
    """In the place of a network: what was counted, by name; it has no units and does not act."""

    settings: ClassVar[tuple[str, ...]] = ()
    what: str = "simulation"
    shapes: Shapes = ()
    inputs: int = 0
    outputs: int = 0
    homogeneous: bool = False

    def __str__(self) -> str:
        return self.what

    @property
    def sites(self) -> tuple[Site, ...]:
        """There are none."""
        return ()

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Nothing has been counted."""
        return {name: jnp.zeros(shape, dtype) for name, shape, dtype in self.shapes}

    def run(self, params: Params, inputs: Float32[Array, "0 ..."], edit: Edit = keep) -> Shown:
        """Nothing is shown, and nothing answers."""
        return Shown(inputs[:0], {})

    def decayed(self, params: Params) -> list[jax.Array]:
        """Nothing does."""
        return []

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """It has none."""
        return {}


class Simulated(Usual):
    """The part of the contract that is the same for all of them; a regime adds what happens and what is counted."""

    needs: ClassVar[tuple[str, ...]] = ()
    reads_out: ClassVar[bool] = True
    clock: ClassVar[Clock] = ROUNDS

    @property
    def sites(self) -> tuple[Site, ...]:
        """There are none."""
        return ()

    def only(self, use: Use) -> Self:
        """All of it."""
        return self

    def world(self, data: World) -> World:
        """Nothing: it makes what it needs."""
        return World(train=(), held=())

    def draw(self, values: MemberValues, step: Step) -> Any:
        """Nothing ahead of time."""
        return ()

    def steps(self, state: Simulation) -> Int32[Array, ""]:
        """The rounds that there were."""
        return state.rounds

    def put(self, state: Simulation, params: Params) -> Simulation:
        """There is no way back from what was counted to what went on."""
        raise NotImplementedError("what was counted of a simulation is no simulation")

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """Nothing, whatever pictures show."""
        return Outcome().run(params, pictures[:0], edit)

    def answer(self, outputs: Float32[Array, "0 batch"]) -> Float32[Array, "0 batch"]:
        """Nobody answers pictures."""
        return outputs


def stream_of(values: MemberValues) -> Stream:
    """The stream of a member's simulation."""
    return values.init[0], values.init[1]
