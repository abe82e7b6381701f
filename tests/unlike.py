"""A network and a regime unlike those of the package, as somebody might write them: a residual stream, no gradient."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from flax import struct

from mirrorjax.dataset.knobs import paper_target
from mirrorjax.measurement.probe import pictures_of
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, in_turn, keep, padding
from mirrorjax.models.mlp import glorot_rows, parameter_key
from mirrorjax.population.members import MemberValues, init_key
from mirrorjax.regimes.base import PAPER_EPOCHS, Clock, HeldOut, Use, World
from mirrorjax.regimes.descent import batch_numbers, batch_weights


@dataclass(frozen=True)
class Residual:
    """A stream that the input is written into, one layer of rates that reads it and writes into it, and a read-out."""

    settings: ClassVar[tuple[str, ...]] = ("width",)

    width: int = 8
    inputs: int = 100
    outputs: int = 4

    @property
    def sites(self) -> tuple[Site, ...]:
        return Site("written", self.width, "signed"), Site("rates", self.width), Site("stream", self.width, "signed")

    @property
    def homogeneous(self) -> bool:
        return False

    def init(self, key: jax.Array, width: jax.Array) -> Params:
        own = jnp.arange(self.width) < width
        one, many = jnp.ones(self.inputs, bool), jnp.ones(self.outputs, bool)
        shapes = {"write": (own, one), "read": (own, own), "add": (own, own), "answer": (many, own)}
        params: Params = {}
        for number, (name, (rows, columns)) in enumerate(shapes.items(), 1):
            limit = 1 / jnp.sqrt(columns.sum().astype(jnp.float32))
            kernel = glorot_rows(parameter_key(key, number), len(rows), len(columns), limit)
            params[name] = jnp.where(rows[:, None] & columns[None, :], kernel, 0.0)
        return params

    def run(self, params: Params, inputs: jax.Array, edit: Edit = keep) -> Shown:
        written, rates, stream = self.sites
        units = {written.name: edit(written, params["write"] @ inputs)}
        units[rates.name] = edit(rates, jax.nn.relu(params["read"] @ units[written.name]))
        units[stream.name] = edit(stream, units[written.name] + params["add"] @ units[rates.name])
        return Shown(outputs=params["answer"] @ units[stream.name], units=units)

    def decayed(self, params: Params) -> list[jax.Array]:
        return [params["read"], params["add"]]

    def norms(self, params: Params) -> dict[str, jax.Array]:
        names = {"layer_1": "write", "layer_2": "read", "layer_3": "add", "output": "answer"}
        return {name: jnp.linalg.norm(params[kernel]) for name, kernel in names.items()}


@struct.dataclass
class Taught:
    """A network's parameters, and how often it was taught."""

    params: Params
    lessons: jax.Array


@dataclass(frozen=True)
class DeltaRule:
    """Only the read-out learns, by Widrow and Hoff's rule: no gradient, no moments, no dropout, a score of its own."""

    initialises_as: ClassVar[str] = "delta_rule"
    settings: ClassVar[tuple[str, ...]] = ("learning_rate", "batch_size")
    needs: ClassVar[tuple[str, ...]] = ("rows",)
    reads_out: ClassVar[bool] = False
    clock: ClassVar[Clock] = PAPER_EPOCHS

    network: Network
    batch: int

    @property
    def sites(self) -> tuple[Site, ...]:
        return self.network.sites

    @classmethod
    def of(cls, network: Network, program: Any) -> Self:
        return cls(network, program.batch)

    def only(self, use: Use) -> Self:
        return self if use == "update" else replace(self, batch=0)

    def world(self, data: World) -> World:
        return data

    def init(self, values: MemberValues) -> Taught:
        return Taught(self.network.init(init_key(values), values.width), jnp.int32(0))

    def draw(self, values: MemberValues, step: jax.Array) -> jax.Array:
        return batch_numbers(values, step, self.batch)

    def update(
        self, state: Taught, values: MemberValues, step: jax.Array, drawn: jax.Array, train: jax.Array
    ) -> tuple[Taught, jax.Array]:
        rows, weights = train[drawn], batch_weights(values, self.batch)
        shown = self.show(state.params, values, pictures_of(rows))
        error = (self.targets(rows) - self.answer(shown.outputs)) * weights[None, :]
        answer = state.params["answer"] + values.learning_rate * error @ shown.units["stream"].T
        return Taught(state.params | {"answer": answer}, state.lessons + 1), jnp.isfinite(answer).all()

    def steps(self, state: Taught) -> jax.Array:
        return state.lessons

    def policy(self, state: Taught, values: MemberValues, train: Any) -> Params:
        return state.params

    def put(self, state: Taught, params: Params) -> Taught:
        return replace(state, params=params)

    def show(self, params: Params, values: MemberValues, pictures: jax.Array, edit: Edit = keep) -> Shown:
        return self.network.run(params, pictures, in_turn(padding(values.width), edit))

    def answer(self, outputs: jax.Array) -> jax.Array:
        return jax.nn.softmax(outputs, axis=0)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, jax.Array]:
        rows = held.rows[0].reshape(-1, 2)
        chosen = self.answer(self.show(params, values, pictures_of(rows)).outputs)
        surprise = -jnp.sum(jnp.log(chosen) * self.targets(rows), axis=0)
        return {"surprise": jnp.sum(surprise * held.weight.ravel()) / jnp.maximum(held.weight.sum(), 1.0)}

    @staticmethod
    def targets(rows: jax.Array) -> jax.Array:
        return jax.vmap(paper_target, out_axes=-1)(rows)
