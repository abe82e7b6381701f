"""Assemblies, and no gradient: a brain meets itself, another and an object, each in distress and calm.

The regime in which nothing is optimised and nobody acts: `empathy.py` says what a brain lives through and what is read
of it, `brain.py` how neurons fire and synapses grow. Its time is episodes lived, one of a person and a feeling each.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.models.base import Edit, Params, Shown, Site, keep
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream
from mirrorjax.regimes.base import Clock, Step, Use, Usual, World
from mirrorjax.regimes.brains.brain import Fired, as_mask, balanced, strength
from mirrorjax.regimes.brains.empathy import (
    EPISODES,
    JOINS,
    at_rest,
    born,
    completion,
    growth,
    lived_as,
    measures,
    read,
    stimuli,
)

MOMENTS = 10  # of an episode
FIRING = 1.6  # √n times this many neurons may fire in an area
EPISODE = Clock("episode", lambda member, step: step / MOMENTS, lambda member, episodes: round(episodes * MOMENTS))


@struct.dataclass
class Brain:
    """One member: how often each synapse has grown, by fibre; what fires, by area; and the moments it has lived."""

    fibres: dict[str, Array]
    areas: dict[str, Fired]
    moment: Int32[Array, ""]


@struct.dataclass
class Balanced(Brain):
    """One whose synapses are scaled back after each episode, by fibre."""

    scales: dict[str, Float32[Array, " n"]]


@dataclass(frozen=True)
class Area(Site):
    """An area of a brain, all of whose neurons are a member's own: brains have no width."""

    def own(self, width: Int32[Array, ""] | int) -> Bool[Array, " units"]:
        """All."""
        return jnp.ones(self.size, bool)


@dataclass(frozen=True)
class Mix:
    """The area in which persons and feelings meet, as it is read: what fires there in each of EPISODES."""

    settings: ClassVar[tuple[str, ...]] = ("neurons",)

    neurons: int = 1000  # n
    inputs: ClassVar[int] = 0
    outputs: ClassVar[int] = 0
    homogeneous: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"{self.neurons:,} neurons an area"

    @property
    def sites(self) -> tuple[Site, ...]:
        """MIX alone."""
        return (Area("mix", self.neurons, kind="spikes"),)

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Nothing fires, and nothing is completed."""
        return {"mix": jnp.zeros((len(EPISODES), self.neurons), jnp.uint8), "completion": jnp.float32(0)}

    def run(self, params: Params, inputs: Float32[Array, "0 ..."], edit: Edit = keep) -> Shown:
        """What fires in each of EPISODES, whatever is shown."""
        units = edit(self.sites[0], params["mix"].T.astype(jnp.float32))
        return Shown(jnp.zeros((0, len(EPISODES))), {"mix": units})

    def decayed(self, params: Params) -> list[jax.Array]:
        """Nothing does."""
        return []

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """It has none."""
        return {}


@dataclass(frozen=True)
class AmongPersons(Usual):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "assembly"
    settings: ClassVar[tuple[str, ...]] = ("dose", "veil_neurons", "neurons", "homeostasis", "areas")
    needs: ClassVar[tuple[str, ...]] = ()
    reads_out: ClassVar[bool] = True
    clock: ClassVar[Clock] = EPISODE

    neurons: int = 1000  # of an area; 1.6 √n of them may fire
    homeostasis: str = "none"  # or `episode`
    areas: str = "shared"  # of persons, or `apart`

    def __str__(self) -> str:
        return str(self.network)

    @property
    def network(self) -> Mix:
        """What is read of it."""
        return Mix(self.neurons)

    @property
    def sites(self) -> tuple[Site, ...]:
        """MIX alone."""
        return self.network.sites

    @property
    def firing(self) -> int:
        """k, the neurons of an area that may fire."""
        return round(FIRING * self.neurons**0.5)

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members; the network of others is not looked at."""
        return cls(program.neurons, program.homeostasis, program.areas)

    def only(self, use: Use) -> Self:
        """All of it."""
        return self

    def world(self, data: World) -> World:
        """Nothing: what it is shown is its own."""
        return World(train=(), held=())

    def init(self, values: MemberValues) -> Brain:
        """A brain that has learnt nothing, all areas silent."""
        fibres = born(stream_of(values), self.neurons, self.areas)
        own = by_name(fibres), at_rest(self.firing, self.areas), jnp.int32(0)
        if self.homeostasis == "none":
            return Brain(*own)
        return Balanced(*own, {name: jnp.ones(self.neurons) for name in own[0]})

    def draw(self, values: MemberValues, step: Step) -> tuple:
        """Nothing ahead of time."""
        return ()

    def update(self, state: Brain, values: MemberValues, step: Step, drawn: tuple, train: tuple) -> tuple[Brain, bool]:
        """One moment; a brain is always well."""
        return self.lived(state, values, step, partial(stimuli, veil=values.veil_neurons, k=self.firing)), True

    def lived(self, state: Brain, values: MemberValues, step: Step, shown: Callable[..., dict[str, Fired]]) -> Brain:
        """A brain after one moment; `shown` gives the stimuli of a place in WHO and one in FEELINGS."""
        beta, moment = growth(values.dose, MOMENTS), step.astype(jnp.int32)
        scales = by_fibre(state.scales) if isinstance(state, Balanced) else None
        before = by_fibre(state.fibres), state.areas, moment
        fibres, areas = lived_as(shown, *before, beta, stream_of(values), MOMENTS, scales)
        after = replace(state, fibres=by_name(fibres), areas=areas, moment=state.moment + 1)
        if scales is None:
            return after
        ends = moment % MOMENTS == MOMENTS - 1
        return replace(after, scales=by_name(jax.lax.cond(ends, lambda: balanced(fibres, beta), lambda: scales)))

    def read(self, state: Brain, beta: Float32[Array, ""]) -> dict:
        """Synapses as they are read, by fibre: how often they grew, or strengths where these are scaled."""
        fibres = by_fibre(state.fibres)
        if not isinstance(state, Balanced):
            return fibres
        scales = by_fibre(state.scales)
        return {fibre: strength(synapses, beta) * scales[fibre][None, :] for fibre, synapses in fibres.items()}

    @property
    def reading(self) -> int:
        """Bytes of a member's strengths, as numbers, while it is read."""
        return 0 if self.homeostasis == "none" else 4 * len(JOINS[self.areas]) * self.neurons**2

    def steps(self, state: Brain) -> Int32[Array, ""]:
        """The moments that it has lived."""
        return state.moment

    def policy(self, state: Brain, values: MemberValues, train: tuple) -> Params:
        """What fires in MIX in each of EPISODES, read without growth, and the share of it that a part brings back."""
        stream, beta = stream_of(values), growth(values.dose, MOMENTS)
        fibres = self.read(state, beta)
        mix = read(fibres, values.veil_neurons, beta, stream, self.firing)
        own = jax.tree.map(lambda leaf: leaf[0], mix)  # one's own distress
        masks = jax.vmap(lambda which: as_mask(which, self.neurons))(mix).astype(jnp.uint8)
        return {"mix": masks, "completion": completion(fibres, own, beta, stream)}

    def put(self, state: Brain, params: Params) -> Brain:
        """There is no way back from what fires to the synapses."""
        raise NotImplementedError("what an assembly's brain was read to fire gives no brain")

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """What fires in each of EPISODES, whatever pictures show."""
        return self.network.run(params, pictures[:0], edit)

    def score(self, params: Params, values: MemberValues, held: tuple) -> dict[str, Float32[Array, ""]]:
        """What it has made of self, other and object (`empathy.measures`), and `completion`."""
        return {**measures(params["mix"].astype(jnp.float32), self.firing), "completion": params["completion"]}

    def answer(self, outputs: Float32[Array, "0 batch"]) -> Float32[Array, "0 batch"]:
        """Nobody acts."""
        return outputs


def stream_of(values: MemberValues) -> Stream:
    """Of a member's graph and draws."""
    return values.init[0], values.init[1]


def by_name(fibres: dict) -> dict[str, Array]:
    """Fibres as states are saved: by text."""
    return {f"{source} to {area}": synapses for (source, area), synapses in fibres.items()}


def by_fibre(named: dict[str, Array]) -> dict:
    """The inverse of `by_name`."""
    return {tuple(name.split(" to ")): synapses for name, synapses in named.items()}
